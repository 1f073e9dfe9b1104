"""Room 1: bytes in, lines out. Knows encodings, compression and envelopes, nothing of statements."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.errors import InputError
from explain_log.lines.envelopes import unwrapped
from explain_log.lines.joining import completed
from explain_log.lines.line import Line
from explain_log.lines.mending import mended
from explain_log.lines.source import Origin, decoded_blocks, parse_origin
from explain_log.lines.splitting import Lines

__all__ = [
    "Line",
    "Origin",
    "completed",
    "lines_of",
    "lines_of_text",
    "mended",
    "parse_origin",
    "read_lines",
    "unwrapped",
]


def read_lines(origins: list[Origin]) -> Iterator[Line]:
    """Every line of the inputs, one after the other, numbered through; sets the origins' counts.

    Of a part, `FILE:120-180`, the lines keep the numbers that they have in the whole file.
    Raises InputError where an input cannot be opened, is no text or lacks the lines that are wanted.
    """
    return completed(_unwrapped(origins))


def _unwrapped(origins: list[Origin]) -> Iterator[Line]:
    offset = 0
    for origin in origins:
        yield from lines_of(origin, offset)
        offset = origin.last_line


def lines_of(origin: Origin, offset: int, texts: Iterator[str] | None = None) -> Iterator[Line]:
    """The lines of one input behind so many of others, as they stand; sets its counts.

    texts: its text, where that was opened already. Raises InputError as read_lines does.
    """
    cutter = Lines(offset + 1)
    first, last = offset + (origin.first or 1), offset + origin.last if origin.last else None
    origin.first_line, origin.last_line = first, offset
    for number, text in cutter.cut(decoded_blocks(origin) if texts is None else texts):
        if last is not None and number > last:
            break
        origin.last_line = number
        if number >= first:
            yield unwrapped(number, text)
    if origin.first is not None and origin.last_line < first:
        raise InputError("input.no_line", name=origin.shown, line=origin.first, lines=origin.last_line - offset)


def lines_of_text(text: str) -> Iterator[Line]:
    """The lines of a text that is already decoded, numbered from 1."""
    return completed(unwrapped(number, part) for number, part in Lines().cut(iter((text,))))
