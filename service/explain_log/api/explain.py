"""From a posted log to a kept report: by what is stored already, else by a worker, then in a model's words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from explain_log.api.metrics import Metrics
from explain_log.api.narrator import Narrated, Narrator
from explain_log.api.options import ServiceOptions
from explain_log.api.problems import Problem
from explain_log.api.queues import BoundedQueue
from explain_log.api.spool import RawLog
from explain_log.api.workers import Workers
from explain_log.cache.key import code_version
from explain_log.errors import ModelUnavailable
from explain_log.knowledge import load as load_knowledge
from explain_log.narration.prompts import prompts_version
from explain_log.store import Content, ContentGoneError, NotKeptError, Reports

NOTICE = "Explain-Log-Notice"
"""Header that says, percent-encoded, why the rules wrote what a model was to write."""

_NO_ID = b'"id":null'
_MOST_QUEUED_FACTOR = 3.0

OnEvent = Callable[[str, Any], None]


@dataclass(frozen=True)
class Wanted:
    """How a log is to be explained, and for whom. llm: whether a model is to write."""

    language: str
    name: str = "-"
    llm: bool = True
    model: str | None = None
    question: str | None = None
    owner: str = ""


@dataclass(eq=False)
class Explained:
    """A report. id: None where none is kept.  timing: name → seconds, for Server-Timing."""

    content: Content
    id: str | None
    notice: str = ""
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The report with its id."""
        return with_id(self.content.report, self.id)


def with_id(report: bytes, report_id: str | None) -> bytes:
    """A report's JSON with its id in it."""
    return report if report_id is None else report.replace(_NO_ID, b'"id":"%b"' % report_id.encode(), 1)


class Explainer:
    """Explains logs. models: the queue before the Ollama server."""

    def __init__(
        self, options: ServiceOptions, reports: Reports, workers: Workers, narrator: Narrator, metrics: Metrics
    ) -> None:
        self._options = options
        self._reports = reports
        self._workers = workers
        self._narrator = narrator
        self._metrics = metrics
        self._versions = f"{code_version()} {load_knowledge().version} {prompts_version()}"
        self.models = BoundedQueue("the model", options.model_slots, options.models_waiting, 60.0)

    def request_key(self, digest: str, wanted: Wanted) -> str:
        """What a report by the rules depends on."""
        parts = json.dumps([digest, wanted.name, wanted.language, wanted.question, self._versions])
        return blake2b(parts.encode("utf-8", "replace"), digest_size=16).hexdigest()

    def asks_model(self, wanted: Wanted) -> bool:
        """Whether a model is to write at all."""
        return wanted.llm and self._options.llm

    async def explain(self, log: RawLog, wanted: Wanted, on_event: OnEvent, *, is_new: bool = False) -> Explained:
        """The report, kept and with an id where reports are kept. Raises Problem.

        is_new: `stored` found nothing.

        on_event is called with ("progress", {...}), ("report", JSON), ("statement", …), ("rejected", …).
        """
        explained = await self.by_rules(log, wanted, on_event, is_new=is_new)
        on_event("report", explained.body)
        return await self.written(explained, wanted, on_event)

    async def written(self, explained: Explained, wanted: Wanted, on_event: OnEvent) -> Explained:
        """A report in a model's words, where one is to write and none did. Raises Problem."""
        explanation = json.loads(explained.content.report)["explanation"] if self.asks_model(wanted) else None
        if explanation is None or explanation["origin"] == "model":
            return explained
        try:
            return await self.by_model(explained, wanted, on_event)
        except NotKeptError:
            raise Problem(404, "the report was deleted while the model wrote") from None
        except ContentGoneError:
            raise Problem(503, "the report was dropped meanwhile: try again", retry_after=1) from None

    def is_at_hand(self, log: RawLog, wanted: Wanted) -> bool:
        """Whether the rules' report is in memory."""
        return self._options.store and self._reports.remembers(self.request_key(log.digest, wanted))

    async def stored(self, log: RawLog, wanted: Wanted) -> Explained | None:
        """The same request's report where it is kept already and no model is to write; with a new id."""
        return None if self.asks_model(wanted) else await self.found(log, wanted)

    async def found(self, log: RawLog, wanted: Wanted) -> Explained | None:
        """The rules' report where the same request was answered before; with a new id."""
        if not self._options.store:
            return None
        found = await self._reports.find(self.request_key(log.digest, wanted))
        self._metrics.cache.labels("report", "hit" if found else "miss").inc()
        try:
            return None if found is None else Explained(found[1], await self._reports.point(found[0], wanted.owner))
        except NotKeptError:  # dropped just now
            return None

    async def by_rules(
        self, log: RawLog, wanted: Wanted, on_event: OnEvent, *, bounded: bool = True, is_new: bool = False
    ) -> Explained:
        """The rules' report with a new id."""
        found = None if is_new else await self.found(log, wanted)
        if found is not None:
            return found
        key = self.request_key(log.digest, wanted)
        began = time.monotonic()
        content, timing = await self.parsed(log, wanted, key, on_event, bounded=bounded)
        report_id = await self._reports.keep_and_point(content, wanted.owner) if self._options.store else None
        timing["work"] = time.monotonic() - began - timing["queue"]
        return Explained(content, report_id, timing=timing)

    async def parsed(
        self, log: RawLog, wanted: Wanted, key: str, on_event: OnEvent, *, bounded: bool
    ) -> tuple[Content, dict[str, float]]:
        """The rules' report by a worker, and how long it took."""
        header = {"task": "explain", "language": wanted.language, "name": wanted.name, "question": wanted.question}

        def on_position(position: int) -> None:
            on_event("progress", {"stage": "reading_queue" if position else "reading", "position": position})

        if log.path:
            header["path"] = log.path
        with self._metrics.parse_seconds.time():
            answer, blobs = await self._workers.do(
                header, [] if log.path else [log.data()], on_position=on_position, bounded=bounded
            )
        other = blobs.pop() if answer["has_other"] else None
        pieces = list(zip(answer["firsts"], blobs[1:], strict=True))
        log_key = blake2b(log.digest.encode() + self._versions.encode(), digest_size=16).hexdigest()
        content = Content(blobs[0], wanted.language, log_key, key, other, pieces, answer["last_line"])
        return content, {"queue": answer["waited_seconds"]}

    async def other_of(self, content: Content) -> bytes:
        """The report in the other language, by the rules: made when it is first asked for."""
        if content.other is None:
            source = json.loads(content.report)["source"]
            header = {"task": "other", "language": content.language, "name": source["name"], "bytes": source["bytes"]}
            pieces = [data for _, data in await self._reports.lines(content.log_key, 1, content.last_line)]
            other = (await self._workers.do(header, pieces))[1][0]
            await self._reports.set_other(content.key, content, other)
            return other
        return content.other

    async def by_model(
        self, explained: Explained, wanted: Wanted, on_event: OnEvent, *, bounded: bool = True
    ) -> Explained:
        """The same report in a model's words; as it was, with a notice, where none can be had."""
        old, notices = explained.content, list[str]()
        if not json.loads(old.report)["source"]["recognised_lines"]:
            return explained
        said = self._said_key(old, wanted)
        narrated = await self.narrated(old, wanted, on_event, notices, bounded=bounded, said=said)
        if narrated is not None and narrated.report is not None:
            key = said + narrated.digest if said and narrated.digest else None
            content = Content(narrated.report, old.language, old.log_key, key, old.other, [], old.last_line)
            if explained.id is not None:
                await self._turn(explained.id, content)
            explained = Explained(content, explained.id, timing=explained.timing)
        elif narrated is not None:
            explained = await self._said_before(explained, said + narrated.digest, on_event)
        explained.notice = "; ".join(notices)
        if explained.notice and explained.id is not None:
            await self._reports.note(explained.id, explained.notice)
        return explained

    def _said_key(self, content: Content, wanted: Wanted) -> str:
        """Of what models said of this report: with a model's digest it is a request key. "" where that is not kept."""
        if not (self._options.store and self._options.cache and content.request_key):
            return ""
        return f"{content.request_key.partition('.')[0]}.{content.language}.{'q' if wanted.question else ''}."

    async def _turn(self, report_id: str, content: Content) -> None:
        """Makes an id point to what a model has just said."""
        try:
            await self._reports.turn(report_id, await self._reports.keep(content))
        except ContentGoneError:  # the same was written twice at once, and the other one is kept under the key
            content.request_key = None
            await self._reports.turn(report_id, await self._reports.keep(content))

    async def _said_before(self, explained: Explained, key: str, on_event: OnEvent) -> Explained:
        """The report in the words that the same model found for the same log. Raises ContentGoneError."""
        found = await self._reports.find(key)
        if found is None:
            raise ContentGoneError
        for section in json.loads(found[1].report)["explanation"]["sections"]:
            for statement in section["statements"]:
                on_event("statement", {"section": section["id"], "statement": statement})
        if explained.id is not None:
            await self._reports.turn(explained.id, found[0])
        return Explained(found[1], explained.id, timing=explained.timing)

    async def narrated(
        self, content: Content, wanted: Wanted, on_event: OnEvent, notices: list[str], *, bounded: bool = True,
        answer_only: bool = False, said: str = "",
    ) -> Narrated | None:  # fmt: skip
        """The report in a model's words; None where the rules' stays, with the reason in notices.

        said: the key under which such words may be kept already.
        Raises Problem 503 where too many wait for the model.
        """

        def on_position(position: int) -> None:
            seconds = self.models.promised_seconds(position)
            told = {"stage": "model_queue" if position else "model", "position": position, "promised_seconds": seconds}
            on_event("progress", told)

        def on_narration(kind: str, payload: Any) -> None:
            if kind == "problem":
                notices.append(payload)
            elif kind == "sentence":
                self._metrics.statements.labels("accepted", payload[1]["origin"]).inc()
                on_event("statement", {"section": payload[0], "statement": payload[1]})
            elif kind == "rejected":
                self._metrics.statements.labels("refused", payload["reason"].partition(":")[0]).inc()
                on_event("rejected", payload)
            elif kind in ("loading", "waiting"):
                on_event("progress", {"stage": f"model_{kind}", "position": 0, "model": payload})

        async with self.models.place(on_position, bounded=bounded):
            options = replace(self.model_options(wanted), language=content.language)
            known = await self._reports.endings(content.log_key, said) if said else ()
            try:
                with self._metrics.model_seconds.time():
                    narrated = await self._narrator.narrate(
                        content.report, options, on_narration, answer_only=answer_only, known=known
                    )
            except ModelUnavailable as error:
                notices.append(str(error))
                self._metrics.models.labels("unavailable").inc()
                return None
        self._metrics.models.labels("answered").inc()
        self._metrics.cache.labels("explanation", "miss" if narrated.report else "hit").inc()
        return narrated

    def model_options(self, wanted: Wanted) -> Any:
        """What to ask of which model."""
        asked = self._options.model
        return replace(asked, model=wanted.model or asked.model, question=wanted.question, language=wanted.language)


def notice_header(notice: str) -> dict[str, str]:
    """The notice as a header, or none."""
    return {NOTICE: quote(notice[:1000], safe=" :/.,;()-")} if notice else {}


def language_of(asked: str | None, accepted: str) -> str:
    """ "zh" or "en": what was asked for, else the first of Accept-Language that is one of them."""
    if asked in ("zh", "en"):
        return str(asked)
    for part in accepted.lower().split(","):
        tag = part.partition(";")[0].strip()
        if tag.startswith(("zh", "en")):
            return tag[:2]
    return "en"
