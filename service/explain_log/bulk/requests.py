"""Counts the request lines of a piece of a log."""

from __future__ import annotations

import re
from array import array
from collections import Counter

from explain_log.bulk.bounded import bounded
from explain_log.bulk.patterns import ENDING, GIN, SECOND_LINE, gin_time, text_at
from explain_log.bulk.screen import Screen
from explain_log.facts.models import RequestMarks
from explain_log.facts.requests import ANSWERS, SLOW_SECONDS, add_marked, kinds_of
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge.forms import convert

MOST_ENDINGS = 50_000
_DURATION_BYTES = b"0123456789. \nhmn\xc2\xb5"
_ERROR = re.compile(rb"[4-9]")
_ANSWERED = re.compile(
    rb"\[GIN\] [^|\n]{21} \| 2[0-9]{2} \| [^\n\"]*+\"(?:"
    + b"|".join(re.escape(path.encode()) for path in ANSWERS)
    + rb")"
)

Rows = tuple[list[bytes], list[bytes], list[bytes]]
"""For each request its status, how long it took without the last `s`, and `client | METHOD "path"`."""


class Requests:
    """Remembers the endings of request lines, `127.0.0.1 | POST "/api/chat"`, that were looked at."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._paths: dict[bytes, str] = {}
        self._longest = -1.0

    def take(self, rows: Rows, text: bytes, stretch: Stretch, settled: Settled) -> bool:
        """Counts the requests into the stretch; False where a line of them must be looked at.

        text: the stretch's lines, each with a line end before it.
        """
        statuses, durations, endings = rows
        seconds = _seconds(durations)
        if seconds is None:
            return False
        by_ending = Counter(endings)
        new = [ending for ending in by_ending if ending not in self._paths]
        # A private text is told only where its line is surely a request.
        if any(ENDING.fullmatch(ending) is None for ending in new):
            return False
        if not all(self._look(ending, text, stretch) for ending in new):
            return False
        stretch.seconds = array("d", seconds)
        stretch.longest = longest = max(seconds)
        by_status = Counter(statuses)
        remarkable: list[int] = []
        if max(by_status) >= b"4":
            remarkable = [found.start() for found in _ERROR.finditer(b"".join(statuses)[::3])]
        if longest > SLOW_SECONDS:
            slow = [place for place, took in enumerate(seconds) if took > SLOW_SECONDS]
            remarkable = sorted({*remarkable, *slow})
        if not self._mark(rows, remarkable, stretch, settled):
            return False
        stretch.statuses = {status.decode("ascii"): count for status, count in by_status.items()}
        for ending, count in by_ending.items():
            path = self._paths[ending]
            stretch.paths[path] = stretch.paths.get(path, 0) + count
        if longest > self._longest:  # else one before it took longer
            place = text.find(b" | " + durations[seconds.index(longest)] + b"s | ")
            stretch.slowest = stretch.first - 1 + text.count(b"\n", 0, place)
        self._place(text, stretch)
        return True

    def told(self, stretch: Stretch) -> None:
        """Notes that a stretch is given on."""
        self._longest = max(self._longest, stretch.longest)

    def _look(self, ending: bytes, text: bytes, stretch: Stretch) -> bool:
        """Remembers an ending; False where it holds a secret, or a second line."""
        if any(mark in ending for mark in SECOND_LINE):
            return False
        values = self._screen.values(b"[GIN] | " + ending.lstrip())
        if values is None:
            return False
        if values:
            at = next(row.start() for row in GIN.finditer(text) if row[3] == ending)
            number = stretch.first + text.count(b"\n", 0, at)
            stretch.values += [(number, kind, value) for kind, value in values]
        path = ending[ending.index(b'"') + 1 : -1].decode("ascii")
        bounded(self._paths, MOST_ENDINGS)[ending] = path.partition("?")[0]
        return True

    def _mark(self, rows: Rows, places: list[int], stretch: Stretch, settled: Settled) -> bool:
        """Counts errors and slow requests; False where their lines are still wanted."""
        alike: dict[tuple[bytes, bytes, bool], list[float]] = {}
        statuses, _, endings = rows
        for place in places:
            seconds = stretch.seconds[place]
            alike.setdefault((statuses[place], endings[place], seconds > SLOW_SECONDS), []).append(seconds)
        for (status, ending, _), times in alike.items():
            word, path, longest = status.decode("ascii"), self._paths[ending], max(times)
            for kind in kinds_of(word, path, longest):
                if kind not in settled.marks:
                    return False
                add_marked(stretch.marks.setdefault(kind, RequestMarks()), word, path, longest, count=len(times))
        return True

    @staticmethod
    def _place(text: bytes, stretch: Stretch) -> None:
        """The first and the last request's line, and the last one that a model answered."""
        begin, end = text.find(b"[GIN]"), text.rfind(b"[GIN]")
        number = stretch.first - 1 + text.count(b"\n", 0, begin)
        stretch.requests = (number, stretch.last + 1 - text.count(b"\n", end))
        stretch.activity = number
        stretch.texts[number] = text_at(text, begin)
        for window in (1 << 12, 1 << 15, len(text)):
            start = max(0, len(text) - window)
            found = list(_ANSWERED.finditer(text, start))
            if found:
                at = found[-1].start()
                line = stretch.last + 1 - text.count(b"\n", at)
                stretch.answered = (line, gin_time(text[at : at + 30]))
                return


def _seconds(durations: list[bytes]) -> list[float] | None:
    """Seconds, as the ordinary way reads them; None where one is no duration."""
    text = b"\n".join(durations) + b"\n"
    if text.translate(None, _DURATION_BYTES) or b" \n" in text:
        return None
    text = text.replace(b"m\n", b"e-3\n")  # 12.5 ms is 12.5e-3
    if b"\xc2" in text:
        text = text.replace(b"\xc2\xb5\n", b"e-6\n")
    try:
        return list(map(float, text[:-1].split(b"\n")))
    except ValueError:  # a request that took minutes, or nanoseconds
        pass
    found = [convert("duration", duration.decode("utf-8", "replace").strip(" ") + "s") for duration in durations]
    seconds = [value for value in found if isinstance(value, float)]
    return seconds if len(seconds) == len(found) else None
