"""Which slog statements need only be counted: asked once for each `level=… source=… msg=…` that occurs."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.bulk.bounded import bounded
from explain_log.bulk.screen import Screen
from explain_log.facts import Assembler
from explain_log.facts.assemble import is_debugging
from explain_log.facts.runs import shows_a_server
from explain_log.knowledge import Knowledge
from explain_log.lines import unwrapped
from explain_log.statements import Recogniser

MOST_VERDICTS = 20_000


@dataclass(frozen=True)
class Plain:
    """What is to be known of lines that begin alike. event: its statement's id if it is one. debug: see Settled.

    suspect: see Screen.
    """

    source: str
    message: str
    event: str | None
    active: bool
    debug: bool
    suspect: bool


class Verdicts:
    """Remembers the verdicts of one process."""

    def __init__(self, knowledge: Knowledge, screen: Screen) -> None:
        self._screen = screen
        self._recogniser = Recogniser(knowledge)
        self._assembler = Assembler(knowledge)  # only asked, never fed
        self._known: dict[bytes, Plain | None] = {}

    def of(self, head: bytes) -> Plain | None:
        """The verdict on lines with this head; None where each must be looked at."""
        if head in self._known:
            return self._known[head]
        verdict = self._judge(head.decode("utf-8", "replace"), suspect=self._screen.is_suspect(head))
        bounded(self._known, MOST_VERDICTS)[head] = verdict
        return verdict

    def _judge(self, head: str, *, suspect: bool) -> Plain | None:
        # The attributes say nothing about which statement a line is, unless the message is empty.
        line = unwrapped(1, f"time=2025-02-11T11:34:37.966+08:00 {head}")
        if (
            line.envelope != ("slog",)
            or not line.text
            or line.source is None
            or "time=20" in head
            or "[GIN] 20" in head
        ):
            return None
        statement = self._recogniser.recognise(line)
        if statement is None or not self._assembler.is_plain(statement):
            return None
        event = statement.id if self._assembler.is_event(statement) else None
        return Plain(line.source, line.text, event, shows_a_server(statement), is_debugging(statement), suspect)
