"""Puts together what collectors cut into parts, and dates what has no year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from explain_log.lines.envelopes import unwrap_text
from explain_log.lines.line import Line

_MOST_CHARACTERS = 1 << 16
_MOST_OPEN = 64


def completed(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines as their program printed them: parts joined, records with several lines cut, years added."""
    year = _Year()
    open_parts: dict[tuple[str | None, str], Line] = {}
    for line in lines:
        if line.piece is None and not open_parts:
            if line.time is not None:
                year.date(line)
            yield line
            continue
        for whole in _put_together(line, open_parts):
            year.date(whole)
            yield whole
    for line in open_parts.values():  # the log ends inside a line
        for whole in _whole_lines(line):
            year.date(whole)
            yield whole


def _put_together(line: Line, open_parts: dict[tuple[str | None, str], Line]) -> Iterator[Line]:
    """Adds a part to the line it belongs to, which is given when it is complete."""
    if line.piece is None:
        yield line
        return
    stream, content, last = line.piece
    key = (line.process, stream)
    begun = open_parts.pop(key, None)
    if begun is not None and begun.piece is not None:
        joined = (begun.piece[1] + content)[:_MOST_CHARACTERS]
        begun.given = (begun.given + content)[: 2 * _MOST_CHARACTERS]
        begun.piece = (stream, joined, last)
        begun.span += line.span
    elif last and "\n" not in content:
        yield line
        return
    else:
        begun = line
    if last or "\n" in content:
        yield from _whole_lines(begun)
    else:
        if len(open_parts) >= _MOST_OPEN:
            yield from _whole_lines(open_parts.pop(next(iter(open_parts))))
        open_parts[key] = begun


def _whole_lines(line: Line) -> Iterator[Line]:
    """Each of the lines that a complete record holds, its own envelopes taken off."""
    content = line.piece[1] if line.piece is not None else line.text
    for text in content.split("\n"):
        yield part_of(line, text)


def part_of(line: Line, text: str, envelope: tuple[str, ...] | None = None) -> Line:
    """A line that stands within another one: the same collector's envelopes, its own text."""
    part = Line(line.number, text)
    part.given = line.given
    part.span = line.span
    part.time, part.stamped, part.level, part.process = line.time, line.stamped, line.level, line.process
    part.envelope = line.envelope if envelope is None else envelope
    unwrap_text(part)
    part.piece = None
    return part


class _Year:
    """Adds the year to dates of lines that lack it, by the last whole date that the log told."""

    def __init__(self) -> None:
        self._year: int | None = None
        self._month = 0

    def date(self, line: Line) -> None:
        """Makes a line's time ISO 8601, or None where the year is not known."""
        time = line.time
        if time is None:
            return
        if time[0] != "-":
            if time[:4].isdecimal() and time[5:7].isdecimal():
                self._year, self._month = int(time[:4]), int(time[5:7])
            return
        if self._year is None or not time[2:4].isdecimal():
            line.time = None
            return
        ahead = int(time[2:4]) - self._month
        year = self._year + (ahead < -6) - (ahead > 6)
        line.time = f"{year:04}{time[1:]}"
