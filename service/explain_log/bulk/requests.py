"""Counts the request lines of a piece of a log."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from operator import itemgetter, mul

from explain_log.bulk.patterns import SECOND_LINE, gin_time, text_at
from explain_log.bulk.screen import Screen
from explain_log.facts.models import RequestMarks
from explain_log.facts.requests import ANSWERS, SLOW_SECONDS, add_marked, kinds_of
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge.forms import convert

MOST_ENDINGS = 50_000
_SCALES = {b"s": 1.0, b"ms": 1e-3, b"\xc2\xb5s": 1e-6, b"ns": 1e-9}
_ANSWERED = re.compile(
    rb"\[GIN\] [^|\n]{21} \| 2[0-9]{2} \| [^\n\"]*+\"(?:"
    + b"|".join(re.escape(path.encode()) for path in ANSWERS)
    + rb")"
)

Row = tuple[bytes, bytes, bytes, bytes]
"""(status, number, unit, `client | METHOD "path"`)."""


_STATUS, _NUMBER, _UNIT, _KIND = itemgetter(0), itemgetter(1), itemgetter(2), itemgetter(0, 3)


class Requests:
    """Remembers the endings of request lines, `127.0.0.1 | POST "/api/chat"`, that were looked at."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._paths: dict[bytes, str] = {}

    def take(self, rows: list[Row], piece: bytes, stretch: Stretch, settled: Settled) -> bool:
        """Counts the requests into the stretch; False where a line of them must be looked at."""
        counts = Counter(map(_KIND, rows))
        for _, ending in counts:
            if ending not in self._paths and not self._look(ending, piece, stretch):
                return False
        seconds = _seconds(rows)
        if seconds is None:
            return False
        stretch.seconds = array("d", seconds)
        longest = max(stretch.seconds)
        remarkable = [place for place, status in enumerate(map(_STATUS, rows)) if status >= b"4"]
        if longest > SLOW_SECONDS:
            slow = [place for place, took in enumerate(seconds) if took > SLOW_SECONDS]
            remarkable = sorted({*remarkable, *slow})
        if not self._mark(rows, remarkable, stretch, settled):
            return False
        for (status, ending), count in counts.items():
            key = (status.decode("ascii"), self._paths[ending])
            stretch.statuses[key] = stretch.statuses.get(key, 0) + count
        stretch.slowest = _line_of(piece, rows[stretch.seconds.index(longest)], stretch)
        self._place(piece, stretch)
        return True

    def _look(self, ending: bytes, piece: bytes, stretch: Stretch) -> bool:
        """Remembers an ending; False where it holds a secret."""
        values = self._screen.values(b"[GIN] | " + ending)
        if values is None or any(mark in ending for mark in SECOND_LINE):
            return False
        if values:
            number = stretch.first + piece.count(b"\n", 0, piece.find(ending + b"\n"))
            stretch.values += [(number, kind, value) for kind, value in values]
        if len(self._paths) >= MOST_ENDINGS:
            self._paths.clear()
        path = ending[ending.index(b'"') + 1 : -1].decode("ascii")
        self._paths[ending] = path.partition("?")[0]
        return True

    def _mark(self, rows: list[Row], places: list[int], stretch: Stretch, settled: Settled) -> bool:
        """Counts errors and slow requests; False where their lines are still wanted."""
        for place in places:
            status, _, _, ending = rows[place]
            word, path, seconds = status.decode("ascii"), self._paths[ending], stretch.seconds[place]
            for kind in kinds_of(word, path, seconds):
                if kind not in settled.marks:
                    return False
                add_marked(stretch.marks.setdefault(kind, RequestMarks()), word, path, seconds)
        return True

    @staticmethod
    def _place(piece: bytes, stretch: Stretch) -> None:
        """The first and the last request's line, and the last one that a model answered."""
        begin, end = piece.find(b"[GIN]"), piece.rfind(b"[GIN]")
        number = stretch.first + piece.count(b"\n", 0, begin)
        stretch.requests = (number, stretch.last - piece.count(b"\n", end) + 1)
        stretch.activity = number
        stretch.texts[number] = text_at(piece, begin)
        for window in (1 << 12, 1 << 15, len(piece)):
            start = max(0, len(piece) - window)
            found = list(_ANSWERED.finditer(piece, start))
            if found:
                at = found[-1].start()
                line = stretch.last - piece.count(b"\n", at) + 1
                stretch.answered = (line, gin_time(piece[at : at + 30]))
                return


def _seconds(rows: list[Row]) -> list[float] | None:
    """Seconds, as the ordinary way reads them; None where one is no duration."""
    try:
        return list(map(mul, map(float, map(_NUMBER, rows)), map(_SCALES.__getitem__, map(_UNIT, rows))))
    except (ValueError, KeyError):  # a request that took minutes
        pass
    found = [_duration(number, unit) for _, number, unit, _ in rows]
    seconds = [value for value in found if value is not None]
    return seconds if len(seconds) == len(found) else None


def _duration(number: bytes, unit: bytes) -> float | None:
    try:
        if unit in _SCALES:
            return float(number) * _SCALES[unit]
    except ValueError:
        return None
    value = convert("duration", (number + unit).decode("utf-8"))
    return value if isinstance(value, float) else None


def _line_of(piece: bytes, row: Row, stretch: Stretch) -> int:
    """The first line of the piece with this row's time."""
    return stretch.first + piece.count(b"\n", 0, piece.find(b" " + row[1] + row[2] + b" | "))
