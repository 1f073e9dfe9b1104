"""A conversation in which somewhere a log was pasted: finds it, explains it, answers what is asked after it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from explain_log.api.answering import answered
from explain_log.api.explain import Explained, OnEvent, Wanted, language_of
from explain_log.api.schemas import Question
from explain_log.api.service import Service
from explain_log.api.spool import RawLog
from explain_log.narration.verifier.answers import language_of as language_of_text
from explain_log.render import glossary
from explain_log.render.words import Words

SURE_LINES = 3
"""So many known lines make a message a log; fewer do where no other has more."""

_EDGE_LINES = 6
_QUESTION = re.compile(r"[?？]")
_MOST_TERMS = 3


@dataclass(frozen=True)
class Message:
    """Who said what."""

    role: str
    text: str


@dataclass(frozen=True)
class ChatAnswer:
    """The answer, in Markdown. report_id: of the log that it is about, where reports are kept."""

    text: str
    report_id: str | None


@dataclass(eq=False)
class _Found:
    """A message with a log. place: among the user's."""

    place: int
    explained: Explained
    wanted: Wanted
    lines: int


class Chat:
    """messages: the whole conversation. accepted: the Accept-Language header. owner: whose reports are made."""

    def __init__(self, service: Service, messages: list[Message], accepted: str, owner: str, *, llm: bool) -> None:
        self.messages = messages
        self._service = service
        self._said = [message.text for message in messages if message.role == "user" and message.text.strip()]
        self._owner = owner
        self._llm = llm
        self._accepted = accepted
        self._written: list[str] = []

    async def answer(self, emit: OnEvent) -> ChatAnswer:
        """The answer; emit is called with ("text", piece) as it comes about. Raises Problem."""
        self._emit = emit
        found = await self._find_log()
        if found is None:
            self._without_log()
            return ChatAnswer("".join(self._written), None)
        if found.place == len(self._said) - 1:
            await self._explain(found)
        else:
            await self._answer(found)
        return ChatAnswer("".join(self._written), found.explained.id)

    async def _find_log(self) -> _Found | None:
        best: _Found | None = None
        for place in range(len(self._said) - 1, -1, -1):
            found = await self._read(place)
            if found is not None and (best is None or best.lines < SURE_LINES <= found.lines):
                best = found
            if best is not None and best.lines >= SURE_LINES:
                break
        if best is not None and best.explained.id is None and self._service.options.store:
            key = await self._service.reports.keep(best.explained.content)
            best.explained.id = await self._service.reports.point(key, self._owner)
        return best

    async def _read(self, place: int) -> _Found | None:
        """A message as a log; None where no line of it is known."""
        text = self._said[place]
        language = self._language(place)
        wanted = Wanted(language, name="-", llm=False, owner=self._owner)
        log = RawLog(self._service.options.folder, self._service.options.most_bytes)
        explainer = self._service.explainer
        try:
            log.add(text.encode("utf-8", "replace"))
            log.end()
            explained = await explainer.stored(log, wanted)
            if explained is None:
                key = explainer.request_key(log.digest, wanted)
                content, _ = await explainer.parsed(log, wanted, key, lambda *_: None, bounded=True)
                explained = Explained(content, None)
        finally:
            log.close()
        lines = int(json.loads(explained.content.report)["source"]["recognised_lines"])
        return _Found(place, explained, wanted, lines) if lines else None

    def _language(self, place: int) -> str:
        """Of what was asked last; where that is only a log, of the client."""
        for text in self._said[:place:-1]:
            return language_of_text(text)
        prose = " ".join(line for line in _edges(self._said[place]) if _QUESTION.search(line))
        return language_of_text(prose) if prose else language_of(None, self._accepted)

    async def _explain(self, found: _Found) -> None:
        question = await self._question_beside(found)
        explained, section = found.explained, ""
        shown: set[tuple[str, str]] = set()
        headings: dict[str, str] = {}

        def say(section_id: str, heading: str, text: str) -> None:
            nonlocal section
            if (section_id, text) in shown:
                return
            shown.add((section_id, text))
            if section_id != section:
                self._write(("\n" if section else "") + f"### {heading}\n\n")
                section = section_id
            self._write(f"- {text}\n")

        def on_event(kind: str, payload: Any) -> None:
            if kind == "statement":
                name = payload["section"]
                say(name, headings.get(name, name), payload["statement"]["text"])

        report = json.loads(explained.content.report)
        headings |= {one["id"]: one["heading"] for one in (report["explanation"] or {"sections": []})["sections"]}
        if question:
            await self._tell(explained, question)
            return
        wanted = Wanted(found.wanted.language, llm=self._llm, owner=self._owner)
        explained = await self._service.explainer.written(explained, wanted, on_event)
        report = json.loads(explained.content.report)
        for one in (report["explanation"] or {"sections": []})["sections"]:
            for statement in one["statements"]:
                say(one["id"], one["heading"], statement["text"])
        if not shown:
            self._without_log()

    async def _question_beside(self, found: _Found) -> str:
        """What was asked in the same message as the log: lines at its edges that are no log and ask something."""
        edges = [line for line in _edges(self._said[found.place]) if _QUESTION.search(line)]
        if not edges:
            return ""
        header = {"task": "lines", "language": "en", "numbers": list(range(len(edges))), "texts": edges}
        lines = (await self._service.workers.do(header))[0]["lines"]
        return " ".join(line["text"].strip() for line in lines if line["statement"] is None)[:2000]

    async def _answer(self, found: _Found) -> None:
        await self._tell(found.explained, self._said[-1][:2000])

    async def _tell(self, explained: Explained, question: str) -> None:
        told: list[str] = []

        def on_event(kind: str, payload: Any) -> None:
            if kind == "statement" and payload["statement"]["text"] not in told:
                told.append(payload["statement"]["text"])
                self._write(("\n\n" if len(told) > 1 else "") + told[-1])

        asked = Question(question=question, llm=self._llm)
        answer = await answered(self._service, explained.content, asked, explained.content.language, on_event)
        for statement in answer.statements:
            on_event("statement", {"statement": {"text": statement.text}})

    def _without_log(self) -> None:
        """Nothing was pasted yet: terms that are asked about are told all the same."""
        last = self._said[-1] if self._said else ""
        language = language_of_text(last) if last else language_of(None, self._accepted)
        folded = last.casefold()
        named = [
            entry["id"] for entry in glossary.all_terms(language)
            if any(len(name) > 2 and name.casefold() in folded for name in (entry["id"], entry["name"]))
        ]  # fmt: skip
        for term_id in named[:_MOST_TERMS]:
            entry = glossary.term(term_id, language)
            if entry is not None:
                self._write(f"**{entry['name']}**: {entry['short']}\n\n{entry['text']}\n\n")
        if not named:
            self._write(Words(language)("openai.no_log"))

    def _write(self, text: str) -> None:
        self._written.append(text)
        self._emit("text", text)


def _edges(text: str) -> list[str]:
    """The first and last lines of a message, each once, without what is empty or marks a block of code."""
    lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("```")]
    return lines if len(lines) <= 2 * _EDGE_LINES else [*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]]
