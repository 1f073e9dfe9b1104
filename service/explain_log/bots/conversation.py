"""What is said in a chat, whatever the platform: a log is explained, what follows is answered about it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

from explain_log.bots.card import Card, Told, answer_card, plain_card, report_card, with_note
from explain_log.bots.memory import Memory
from explain_log.bots.pasted import Pasted, language_of, language_of_locale, taken_apart
from explain_log.bots.service import AWAY, Event, ExplainService, ServiceError, report_of
from explain_log.bots.surface import CannotSay, FileTooLarge, Incoming, TooFast
from explain_log.bots.telling import Telling
from explain_log.render.words import Words
from explain_log.report import Report

_LOG = logging.getLogger(__name__)
_BUSY = (429, 503)
_TRIES = 4
_LONGEST_RETRY_SECONDS = 60.0
_MEBIBYTE = 1 << 20
_STATUS_KEYS = {
    401: "bot.service_key", 403: "bot.service_key", 404: "bot.report_gone", 413: "bot.too_large", 415: "bot.not_text",
    422: "bot.not_text", 429: "bot.busy", 503: "bot.busy", AWAY: "bot.service_away",
}  # fmt: skip


class Conversation:
    """Answers messages. language: where nothing tells the asker's.  most_bytes: of an attachment."""

    def __init__(
        self, service: ExplainService, memory: Memory, *, language: str = "en", most_bytes: int = 64 * _MEBIBYTE
    ) -> None:
        self._service = service
        self._memory = memory
        self._language = language
        self._most_bytes = most_bytes

    async def hear(self, incoming: Incoming) -> None:
        """Answers one message to its end. Raises nothing: what goes wrong is said in the chat."""
        with contextlib.suppress(TooFast, CannotSay):
            await incoming.surface.acknowledge()
        known = self._memory.report_of(incoming.threads)
        pasted = taken_apart(incoming.text)
        language = self.language_of(incoming, pasted, known[1] if known else None)
        telling = Telling(incoming.surface)
        picture: bytes | None = None
        try:
            if incoming.files or _is_new_log(pasted, has_report=known is not None):
                card, picture = await self._explain(incoming, pasted, language, telling)
            elif known is not None and pasted.said:
                card = await self._answer(known[0], pasted.said, language, telling)
            else:
                words = Words(language)
                card = plain_card(language, words("bot.hello"), notes=(words("bot.how_to_send"),))
        except ServiceError as error:
            card = self._failed(language, _STATUS_KEYS.get(error.status, "bot.service_failed"), status=error.status)
        except FileTooLarge as error:
            card = self._failed(language, "bot.too_large", mib=error.most_bytes // _MEBIBYTE)
        except CannotSay:
            card = self._failed(language, "bot.no_file")
        except Exception as error:  # noqa: BLE001 - the asker is told; the log has no text of theirs
            _LOG.error("unexpected %s in a conversation", type(error).__name__)
            card = self._failed(language, "bot.internal")
        await telling.finish(card, picture)
        spoken_of = self._memory.report_of(incoming.threads)
        if spoken_of is not None:  # only now it is certain that the card is there and has a name
            self._memory.remember(incoming.surface.reply_keys(), spoken_of[0], language)

    def language_of(self, incoming: Incoming, pasted: Pasted, spoken: str | None) -> str:
        """The asker's: by what is said, else by the thread, else by the sender's settings."""
        return language_of(pasted.said) or spoken or language_of_locale(incoming.locale) or self._language

    def refusal(self, incoming: Incoming, key: str) -> Card:
        """A card that says why a message is not answered now."""
        return self._failed(self.language_of(incoming, Pasted("", "", 0), None), key)

    def _failed(self, language: str, key: str, **values: object) -> Card:
        told = {"mib": self._most_bytes // _MEBIBYTE, **values}
        words = Words(language)
        notes = (words("bot.how_to_send"),) if key == "bot.not_text" else ()
        return plain_card(language, words(key, **told), mood="error", notes=notes)

    async def _explain(
        self, incoming: Incoming, pasted: Pasted, language: str, telling: Telling
    ) -> tuple[Card, bytes | None]:
        words = Words(language)
        telling.show(plain_card(language, "", status=words("bot.reading")))
        log, name = await self._log_of(incoming, pasted, words("bot.pasted"))
        question = pasted.question[:2000]
        hearing = _Hearing(language, self._service, telling.show)
        begin = partial(self._service.explain, log, name, language, question)
        async for event in _patiently(begin, hearing.say, words):
            hearing.hear(event)
        report = hearing.report
        if report is None:
            raise ServiceError(AWAY)
        if not report.source.recognised_lines:
            return plain_card(language, words("bot.nothing_known"), notes=(words("bot.how_to_send"),)), None
        card, picture = hearing.card(), None
        if report.id:
            self._memory.remember(incoming.threads, report.id, language)
            picture = await self._service.picture(report.id, language)
        return (with_note(card, words("bot.by_rules")) if hearing.notice else card), picture

    async def _log_of(self, incoming: Incoming, pasted: Pasted, pasted_name: str) -> tuple[bytes, str]:
        """The attachments one after the other, else what was pasted. Raises FileTooLarge, CannotSay."""
        if not incoming.files:
            return pasted.log.encode("utf-8", "replace"), pasted_name
        if len(incoming.files) == 1:
            file = incoming.files[0]
            return await file.fetch(self._most_bytes), file.name
        parts, room = list[bytes](), self._most_bytes
        for file in incoming.files:
            part = await file.fetch(room)
            room -= len(part)
            parts.append(part if part.endswith(b"\n") else part + b"\n")
        return b"".join(parts), incoming.files[0].name

    async def _answer(self, report_id: str, said: str, language: str, telling: Telling) -> Card:
        words = Words(language)
        telling.show(answer_card(language, [], status=words("bot.thinking")))
        sentences: list[str] = []

        def waiting(status: str) -> None:
            telling.show(answer_card(language, sentences, status=status))

        async for event in _patiently(partial(self._service.ask, report_id, said[:2000]), waiting, words):
            if event.kind == "statement":
                sentences.append(event.data["statement"]["text"])
                waiting(words("bot.thinking"))
            elif event.kind == "progress":
                waiting(_status(event.data, Told(), words))
            elif event.kind == "done":
                sentences = [one["text"] for one in event.data.get("statements", [])] or sentences
        return answer_card(language, sentences or [words("bot.no_answer")], link=self._service.link(report_id))


async def _patiently(
    begin: Callable[[], AsyncIterator[Event]], say: Callable[[str], None], words: Words
) -> AsyncIterator[Event]:
    """The events; a service that is busy is asked again when it says so. Raises ServiceError."""
    for attempt in range(_TRIES):
        begun = False
        try:
            async for event in begin():
                begun = True
                yield event
        except ServiceError as error:
            seconds = error.retry_seconds
            last = begun or attempt == _TRIES - 1
            if last or error.status not in _BUSY or seconds is None or seconds > _LONGEST_RETRY_SECONDS:
                raise
            say(words("bot.busy_waiting", seconds=round(seconds)))
            await asyncio.sleep(seconds)
        else:
            return


class _Hearing:
    """What comes out of an explanation, as it comes."""

    def __init__(self, language: str, service: ExplainService, show: Callable[[Card], None]) -> None:
        self._words = Words(language)
        self._service = service
        self._show = show
        self._told = Told()
        self.report: Report | None = None
        self.notice = ""

    def hear(self, event: Event) -> None:
        """Notes an event, and shows what it changes."""
        if event.kind == "report":
            self.report = report_of(event.data)
            self.say("")
        elif event.kind == "statement":
            self._told.add(event.data["section"], event.data["statement"]["text"])
            self.say(self._words("bot.writing", count=self._told.count))
        elif event.kind == "progress":
            self.say(_status(event.data, self._told, self._words))
        elif event.kind == "done":
            self.notice = event.data.get("notice", "")
            if self.report is not None:
                self.report.id = event.data.get("id") or self.report.id

    def say(self, status: str) -> None:
        """Shows the card with what is being done."""
        if self.report is None:
            self._show(plain_card(self._words.language, "", status=status or self._words("bot.reading")))
        else:
            self._show(replace(self.card(), status=status))

    def card(self) -> Card:
        """The card as things stand."""
        assert self.report is not None
        return report_card(self.report, self._told, link=self._service.link(self.report.id))


def _status(progress: dict[str, object], told: Told, words: Words) -> str:
    stage, position = str(progress.get("stage", "")), progress.get("position") or 0
    if position:
        return words("bot.queue", position=position)
    if stage == "model_loading":
        return words("bot.model_loading")
    if stage.startswith("model"):
        return words("bot.writing", count=told.count) if told.count else words("bot.thinking")
    return words("bot.reading")


def _is_new_log(pasted: Pasted, *, has_report: bool) -> bool:
    """In a thread that has a report a line or two are quoted to ask about them; more is another log."""
    return pasted.is_log and not (has_report and pasted.log.count("\n") <= 2)
