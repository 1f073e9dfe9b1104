"""Room 1: bytes in, lines out. Knows encodings, compression and envelopes, nothing of statements."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.lines.envelopes import unwrap
from explain_log.lines.line import Line
from explain_log.lines.source import Origin, decoded_blocks, parse_origin
from explain_log.lines.splitting import Lines

__all__ = ["Line", "Origin", "lines_of_text", "parse_origin", "read_lines", "unwrap"]


def read_lines(origins: list[Origin]) -> Iterator[Line]:
    """Every line of the inputs, one after the other, numbered through; sets the origins' counts.

    Raises InputError where an input cannot be opened or is no text.
    """
    offset = 0
    for origin in origins:
        cutter = Lines(offset + 1)
        for number, text in cutter.cut(decoded_blocks(origin)):
            own = number - offset
            if origin.first is not None and own < origin.first:
                continue
            if origin.last is not None and own > origin.last:
                break
            line = Line(number, text)
            unwrap(line)
            yield line
        origin.first_line = offset + (origin.first or 1)
        offset += cutter.count
        origin.last_line = offset


def lines_of_text(text: str) -> Iterator[Line]:
    """The lines of a text that is already decoded, numbered from 1."""
    for number, part in Lines().cut(iter((text,))):
        line = Line(number, part)
        unwrap(line)
        yield line
