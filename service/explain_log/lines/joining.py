"""Puts together what collectors cut into parts, and dates what has no year."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from explain_log.lines.envelopes import unwrap_text, unwrapped
from explain_log.lines.line import Line
from explain_log.lines.spread import whole_records

_MOST_CHARACTERS = 1 << 16
_MOST_WAITING = 128


def completed(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines as their program printed them: parts joined, records with several lines cut, years added.

    They keep the order of their numbers: behind a part that goes on, lines wait for what is missing.
    """
    year = _Year()
    parts = _Parts()
    for line in whole_records(lines):
        if line.piece is None and not parts.waiting:
            if line.time is not None:
                year.date(line)
            yield line
            continue
        parts.take(line)
        for whole in parts.ready():
            year.date(whole)
            yield whole
    for whole in parts.ready(at_end=True):  # the log ends inside a line
        year.date(whole)
        yield whole


class _Parts:
    """Puts parts together; what follows an open one waits, so that no line overtakes an earlier one."""

    def __init__(self) -> None:
        self.waiting: deque[Line] = deque()
        self._open: dict[str, Line] = {}
        self._ends: dict[int, int] = {}  # of what has parts, by its id: the line of the input behind its last one

    def take(self, line: Line) -> None:
        """Adds a part to the line that it belongs to, or a line to those that wait."""
        if line.piece is None:
            self.waiting.append(line)
            return
        writer, content, last = line.piece
        last = last or "\n" in content
        begun = self._open.get(writer)
        if begun is None or begun.piece is None:
            self.waiting.append(line)
            if not last:
                self._open[writer] = line
                self._ends[id(line)] = line.number + line.span
            return
        begun.piece = (writer, (begun.piece[1] + content)[:_MOST_CHARACTERS], last)
        begun.given = (begun.given + content)[: 2 * _MOST_CHARACTERS]
        # Parts that carriage returns cut share a line's number: counted are lines of the input, not parts.
        end = line.number + line.span
        begun.span += min(line.span, end - self._ends[id(begun)])
        self._ends[id(begun)] = end
        if last:
            del self._open[writer]

    def ready(self, *, at_end: bool = False) -> Iterator[Line]:
        """The lines that nothing earlier is missing for; an open one is given up where too many wait for it."""
        while self.waiting:
            line = self.waiting[0]
            if line.piece is not None and not (line.piece[2] or "\n" in line.piece[1]):
                if not at_end and len(self.waiting) <= _MOST_WAITING:
                    return
                self._open = {writer: other for writer, other in self._open.items() if other is not line}
            self.waiting.popleft()
            joined = self._ends.pop(id(line), None) is not None
            if joined or (line.piece is not None and "\n" in line.piece[1]):
                yield from _whole_lines(line)
            else:
                yield line


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


def whole_of(first: Line, last: Line, raw: str) -> Line:
    """The line that the input's lines from the first to the last one are; with the first one's time if it lacks one."""
    whole = unwrapped(first.number, raw)
    whole.span = last.number + last.span - first.number
    if whole.time is None or whole.time[0] == "-":
        whole.time = first.time
    return whole


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
