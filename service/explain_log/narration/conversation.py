"""Questions one after the other about one log: each answer grounded as an explanation is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace

from explain_log.answers import Asked, answered_by_rules
from explain_log.briefing import ANSWER, estimate_tokens
from explain_log.errors import ModelOutputError, ModelUnavailable
from explain_log.narration.display import OnEvent
from explain_log.narration.explain import chosen_model, write_tasks
from explain_log.narration.explanation import Section, Sentence
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import Message
from explain_log.narration.task import PROMPT_TOKENS, answer_section, answer_task, shortened
from explain_log.report import Report

HISTORY_TOKENS = 500
"""What earlier questions and answers may add to a prompt."""
_MOST_QUESTION_TOKENS = 60


@dataclass(eq=False)
class Conversation:
    """Questions about a report. options: of the model; None is the rules alone, as it is once a server fails."""

    report: Report
    options: ModelOptions | None
    _said: list[tuple[str, list[Sentence]]] = field(default_factory=list)
    _before: Asked | None = None

    def ask(self, question: str, on_event: OnEvent) -> Section:
        """The answer. on_event is called as by `narrate`; why no model answered is a "problem"."""
        asked = Asked.of(question, self.report, self._before)
        section = self._of_model(question, asked, on_event) if self.options else None
        if section is None:
            section = answer_section(self.report.language)
            section.statements += answered_by_rules(question, self.report, asked)
            for sentence in section.statements:
                on_event("sentence", (ANSWER, sentence))
        self._said.append((question, section.statements))
        if asked.names_something:
            self._before = asked
        return section

    def _of_model(self, question: str, asked: Asked, on_event: OnEvent) -> Section | None:
        try:
            return asyncio.run(self._narrated(question, asked, on_event))
        except ModelUnavailable as error:
            on_event("problem", str(error))
            if not isinstance(error, ModelOutputError):
                self.options = None
            return None

    async def _narrated(self, question: str, asked: Asked, on_event: OnEvent) -> Section | None:
        assert self.options is not None
        task = answer_task(self.report, question, self.report.language, asked)
        task.messages[1:1] = self.history()
        options = replace(self.options, question=question)
        async with chosen_model(options, on_event) as model:
            self.options = replace(self.options, model=model.name)
            room = PROMPT_TOKENS + HISTORY_TOKENS
            explanation = await write_tasks(self.report, [task], model, options, on_event, room)
        return explanation.sections[0] if explanation.sections else None

    def history(self) -> list[Message]:
        """The latest questions and answers that fit, in order. What was answered is what passed, never more."""
        left = HISTORY_TOKENS
        kept: list[list[Message]] = []
        for question, sentences in reversed(self._said):
            asked = {"role": "user", "content": shortened(question, _MOST_QUESTION_TOKENS)}
            left -= estimate_tokens(asked["content"])
            answer = _beginning(sentences, left)
            if answer is None:
                break
            left -= estimate_tokens(answer)
            kept.insert(0, [asked, {"role": "assistant", "content": answer}])
        return [message for pair in kept for message in pair]


def _beginning(sentences: list[Sentence], tokens: int) -> str | None:
    """An answer as the model gave it, as many of its statements as fit; None where not one does."""
    statements = [{"text": s.text, "cites": s.cites} for s in sentences if s.cites]
    while True:
        text = json.dumps({"statements": statements}, ensure_ascii=False)
        if estimate_tokens(text) <= tokens:
            return text
        if len(statements) <= 1:
            return None
        statements.pop()
