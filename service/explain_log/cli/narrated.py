"""Lets a local model write the explanation, shows its sentences as they pass, and does without where it must."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from explain_log.cli import streams
from explain_log.cli.pages import LivePage, show
from explain_log.cli.progress import Waiting
from explain_log.cli.settings import Settings
from explain_log.errors import ModelUnavailable
from explain_log.narration.explanation import Explanation
from explain_log.render.words import Words
from explain_log.report import Report

_TICK_SECONDS = 0.2


def explain_with_model(report: Report, settings: Settings, others: Sequence[Report] = ()) -> None:
    """Shows the report with a model's sentences; without a usable model, with the rules' and a word why.

    others: the same report in further languages, for formats that show several.
    """
    live = None
    if settings.text("format") == "text" and streams.is_terminal(sys.stdout):
        live = LivePage(report, settings)
    narration = _Narration(report, settings, live)
    try:
        report.explanation = asyncio.run(narration.run())
    except ModelUnavailable as error:
        answer_by_rules(report, settings)
        streams.say(Words(settings.language)("notes.no_model", reason=" ".join(str(error).split())))
    finally:
        narration.waiting.line.wipe()
    for problem in narration.problems:
        streams.say(problem)
    if live is not None and live.begun:
        live.finish(report)
    else:
        show(report, settings, others)


def answer_by_rules(report: Report, settings: Settings) -> None:
    """Puts the rules' answer to the question, if there is one, before the explanation."""
    question = settings.text("question")
    if question and report.explanation is not None:
        from explain_log.narration.task import answer_of_rules

        report.explanation.sections.insert(0, answer_of_rules(report, question))


class _Narration:
    """One conversation with the model, and what a person at the terminal sees of it."""

    def __init__(self, report: Report, settings: Settings, live: LivePage | None) -> None:
        self._report = report
        self._settings = settings
        self._live = live
        self.waiting = Waiting(settings.language)
        self._passed = 0
        self.problems: list[str] = []

    async def run(self) -> Explanation:
        """The explanation in the model's words. Raises ModelUnavailable with the reason in one line."""
        from explain_log.cli.asking import keeper, model_options
        from explain_log.narration.explain import narrate

        ticking = asyncio.create_task(self._tick())
        try:
            return await narrate(self._report, model_options(self._settings), self._on_event, keeper(self._settings))
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.waiting.show(self._passed)

    def _on_event(self, kind: str, payload: Any) -> None:
        self.waiting.hear(kind, payload)
        if kind == "chosen":
            self.waiting.line.wipe()
            streams.say(str(payload))
        elif kind == "problem":
            self.problems.append(str(payload))
        elif kind == "sentence":
            self._passed += 1
            if self._live is not None:
                self.waiting.line.wipe()
                self._live.sentence(*payload)
