"""`explain-log chat FILE`: questions about a log, one after the other, from a person or from a pipe."""

from __future__ import annotations

import sys
from threading import Event, Thread
from typing import Any

from explain_log.cli import ANSWERED, streams
from explain_log.cli.asking import model_options
from explain_log.cli.explain import read
from explain_log.cli.progress import Waiting
from explain_log.cli.settings import Settings
from explain_log.errors import InputError
from explain_log.lines import parse_origin
from explain_log.narration.conversation import Conversation
from explain_log.narration.explanation import Sentence
from explain_log.render.colours import paint
from explain_log.render.grid import Block
from explain_log.render.page import headline, sentence_part
from explain_log.render.text import headline_lines, part_lines
from explain_log.render.words import Words
from explain_log.report import Report

_LEAVE = ("/quit", "/exit", "/q", "exit", "quit", "退出", "再见")
_PROMPT = "[bold cyan]›[/] "


def chat(files: list[str], settings: Settings) -> int:
    """Answers questions until there are no more. Raises InputError, also where the log comes from standard input."""
    if "-" in files:
        raise InputError("chat.standard_input")
    if sys.stdin is None:
        raise InputError("chat.nobody")
    report = read([parse_origin(file) for file in files], settings)
    talk = _Talk(report, settings)
    talk.greet()
    while (question := talk.next_question()) is not None:
        try:
            talk.answer(question)
        except KeyboardInterrupt:
            if not talk.is_person:
                raise
            streams.say(talk.words("chat.stopped"))
    return ANSWERED


class _Talk:
    """A conversation as a terminal or a pipe sees it."""

    def __init__(self, report: Report, settings: Settings) -> None:
        self.words = Words(settings.language)
        self.is_person = streams.is_terminal(sys.stdin) and streams.is_terminal(sys.stderr)
        self._report = report
        self._settings = settings
        self._colour = streams.shows_colour(settings.text("color"))
        self._number = 0
        options = None if settings.flag("no_llm") else model_options(settings)
        self._conversation = Conversation(report, options)
        self._waiting = Waiting(settings.language)

    def greet(self) -> None:
        """What the log is about, and how to ask; only to a person."""
        if self.is_person:
            self._write(headline_lines(headline(self._report, self.words), streams.width()))
            streams.tell(self.words("chat.greeting") + "\n")

    def next_question(self) -> str | None:
        """The next line with something in it; None at the end."""
        while True:
            line = self._line()
            if line is None or line.casefold() in _LEAVE:
                return None
            if line.startswith("/") or line in ("?", "？"):
                streams.tell(self.words("chat.greeting") + "\n")
            elif line:
                return line

    def _line(self) -> str | None:
        if not self.is_person:
            line = sys.stdin.readline()
            return line.strip() if line else None
        from rich.console import Console

        try:
            return Console(stderr=True).input(_PROMPT).strip()
        except EOFError:
            streams.tell("\n")
            return None

    def answer(self, question: str) -> None:
        """Writes the answer, its sentences as they pass."""
        self._number = 0
        self._waiting = Waiting(self._settings.language)
        ticking = _Ticking(self._waiting)
        try:
            self._conversation.ask(question, lambda kind, payload: self._on_event(kind, payload, ticking))
        finally:
            ticking.stop()
        streams.write("\n")

    def _on_event(self, kind: str, payload: Any, ticking: _Ticking) -> None:
        self._waiting.hear(kind, payload)
        if kind in ("chosen", "problem"):
            ticking.stop()
            streams.say(str(payload))
        elif kind in ("loading", "waiting"):
            ticking.start()
        elif kind == "sentence":
            ticking.stop()
            self._number += 1
            sentence: Sentence = payload[1]
            part = sentence_part(sentence, self._report, self.words)
            self._write(part_lines(part, self._number, streams.width()))

    def _write(self, lines: list[Block]) -> None:
        streams.write(paint(lines, colour=self._colour))


class _Ticking:
    """Shows the seconds of a wait from a thread of its own: the conversation has the loop to itself."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begins to tick, unless it does."""
        if self._thread is not None:
            return
        self._stop.clear()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            self._waiting.show()

    def stop(self) -> None:
        """Ends, and takes the line away."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
        self._waiting.line.wipe()
