"""Lets a local model write the explanation, shows its sentences as they pass, and does without where it must."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import Any

from explain_log.cli import streams
from explain_log.cli.pages import LivePage, show
from explain_log.cli.progress import StatusLine
from explain_log.cli.settings import Settings
from explain_log.errors import ModelUnavailable
from explain_log.narration.explanation import Explanation
from explain_log.render.words import Words
from explain_log.report import Report

_TICK_SECONDS = 0.2


def explain_with_model(report: Report, settings: Settings) -> None:
    """Shows the report with a model's sentences; without a usable model, with the rules' and a word why."""
    live = None
    if settings.text("format") == "text" and streams.is_terminal(sys.stdout):
        live = LivePage(report, settings)
    narration = _Narration(report, settings, live)
    try:
        report.explanation = asyncio.run(narration.run())
    except ModelUnavailable as error:
        streams.say(Words(settings.language)("notes.no_model", reason=" ".join(str(error).split())))
    finally:
        narration.status.wipe()
    for problem in narration.problems:
        streams.say(problem)
    if live is not None and live.begun:
        live.finish(report)
    else:
        show(report, settings)


class _Narration:
    """One conversation with the model, and what a person at the terminal sees of it."""

    def __init__(self, report: Report, settings: Settings, live: LivePage | None) -> None:
        self._report = report
        self._settings = settings
        self._live = live
        self._words = Words(settings.language)
        self._waiting = self._words("progress.connecting")
        self._writing = False
        self._passed = 0
        self.problems: list[str] = []
        self.status = StatusLine()

    async def run(self) -> Explanation:
        """The explanation in the model's words. Raises ModelUnavailable with the reason in one line."""
        from explain_log.narration.explain import ModelOptions, narrate

        settings = self._settings
        options = ModelOptions(
            model=settings.text("model") or None,
            host=settings.text("ollama_host") or os.environ.get("OLLAMA_HOST", ""),
            allow_remote=settings.flag("allow_remote"),
            question=settings.text("question") or None,
            language=settings.language,
        )
        ticking = asyncio.create_task(self._tick())
        try:
            return await narrate(self._report, options, self._on_event)
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._show_status()

    def _show_status(self) -> None:
        if not self.status.due():
            return
        seconds = int(self.status.seconds)
        if self._writing:
            self.status.show(self._words("progress.writing", count=self._passed, seconds=seconds))
        else:
            self.status.show(self._words("progress.waiting", text=self._waiting, seconds=seconds))

    def _on_event(self, kind: str, payload: Any) -> None:
        if kind == "loading":
            self._waiting = str(payload)
        elif kind == "problem":
            self.problems.append(str(payload))
        elif kind == "sentence":
            self._writing = True
            self._passed += 1
            if self._live is not None:
                self.status.wipe()
                self._live.sentence(*payload)
