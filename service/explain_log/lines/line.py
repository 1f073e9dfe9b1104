"""The one thing this room gives on: a line of the log without its envelopes."""

from __future__ import annotations

_PRINTED = frozenset(("slog", "go-log", "gin", "slog-json", "llama-json", "llama.cpp"))
"""Envelopes that the programs themselves print."""


class Line:
    """One line, or one part of a line that bare carriage returns overwrite.

    number: 1-based in the input as given, over all files.  span: how many lines of the input it takes up.
    text: what the program printed, envelopes taken off; for slog the message alone.
    time: ISO 8601 as far as the log gives it, or None.  level: trace, debug, info, warn, error or None.
    source: `server.go:594` where the program says so.  attrs: slog's attributes, unparsed.
    process: who printed it where an envelope tells, such as "ollama[1234]", a container or a pod.
    envelope: what was taken off, outermost first, such as ("journald", "slog").
    raw: the whole line as the program printed it, without colours and without what collectors put around it.
    given: the line as given, without colours.
    stamped: whether the time is a collector's and not the program's own.
    piece: what an envelope holds that may be less or more than one line, until it is put together: who wrote it
        (the process and its stream), the text, and whether the line ends there.
    """

    __slots__ = (
        "attrs", "envelope", "given", "level", "number", "piece", "process", "raw", "source", "span", "stamped",
        "text", "time",
    )  # fmt: skip

    def __init__(self, number: int, raw: str) -> None:
        self.number = number
        self.raw = raw
        self.given = raw
        self.text = raw
        self.time: str | None = None
        self.stamped = False
        self.level: str | None = None
        self.source: str | None = None
        self.process: str | None = None
        self.attrs = ""
        self.envelope: tuple[str, ...] = ()
        self.piece: tuple[str, str, bool] | None = None
        self.span = 1

    @property
    def begins_as_printed(self) -> bool:
        """Whether the innermost envelope is the program's own, so that nothing else stands before the text."""
        return bool(self.envelope) and self.envelope[-1] in _PRINTED

    def __repr__(self) -> str:
        return f"Line({self.number}, {self.text[:60]!r}, envelope={self.envelope})"
