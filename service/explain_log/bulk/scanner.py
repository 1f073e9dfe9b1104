"""Cuts a chunk of a log into stretches of lines that are only counted, and lines that are to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from explain_log.bulk.patterns import GIN, HEAD, SECOND_LINE, gin_time, slog_time, text_at
from explain_log.bulk.requests import Requests
from explain_log.bulk.screen import Screen
from explain_log.bulk.statements import Statements
from explain_log.bulk.times import is_outside, is_within
from explain_log.bulk.wrapping import Wrapping
from explain_log.facts.requests import kinds_of
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import Knowledge
from explain_log.lines.mending import SAMPLE_LINES

PIECE_BYTES = 1 << 18
"""So much is looked at as a whole. The smaller, the less is looked at twice around a line that is not plain."""

WINDOW_LINES = SAMPLE_LINES
"""So many lines at the beginning of a wanted span of time go the ordinary way: they show how lines are broken."""

LONGEST_PREFIX = 1 << 10
"""In bytes: what tells that a line begins stands within."""

FEW_BYTES = 1 << 9
"""So little goes line by line where it is not plain as a whole."""


class Loud(NamedTuple):
    """Whole lines as they stand, of which at least one must be looked at; first is the first one's number."""

    first: int
    data: bytes


class Unread(NamedTuple):
    """From this line of a chunk on the rest is to be scanned once all before it is known."""

    first: int


Found = Iterable[Stretch | Loud]
"""What a chunk consists of, as if it began with line 1."""


class Scanner:
    """One process's scanner, with all that it remembers. wrapping: what collectors put around the lines."""

    def __init__(
        self,
        knowledge: Knowledge,
        *,
        piece_bytes: int = PIECE_BYTES,
        few_bytes: int = FEW_BYTES,
        wrapping: Wrapping | None = None,
    ) -> None:
        screen = Screen(knowledge)
        self._statements = Statements(knowledge, screen)
        self._requests = Requests(screen)
        self.wrapping = wrapping or Wrapping()
        self.sizes = (piece_bytes, few_bytes)
        self._piece_bytes, self._few_bytes = piece_bytes, few_bytes
        # Private texts are told once; those of a piece that is cut belong to the stretches within it.
        self._owed: list[tuple[int, str, str]] = []
        self._begun = 0  # lines within the wanted span of time that were given as lines

    def scan(self, data: bytes, settled: Callable[[], Settled], skipped: int = 0) -> Iterator[Stretch | Loud]:
        """What a chunk of whole lines consists of, in order, numbered from 1; the first lines may be skipped.

        settled is asked for each piece: what was found in the one before may settle something.
        """
        for part in self._scan(data, settled, skipped):
            if not isinstance(part, Unread):
                yield part

    def scan_ahead(self, data: bytes, settled: Callable[[], Settled]) -> Iterator[Stretch | Loud | Unread]:
        """The same while what stands before the chunk is still being scanned.

        Ends where the wanted span of time begins: as long as nothing of that is known, little can be counted.
        """
        return self._scan(data, settled, 0, ahead=True)

    def _scan(
        self, data: bytes, settled: Callable[[], Settled], skipped: int, *, ahead: bool = False
    ) -> Iterator[Stretch | Loud | Unread]:
        self._begun = 0
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        start, first = 0, 1 + skipped
        for _ in range(skipped):
            start = data.index(b"\n", start) + 1
        while start < len(data):
            end = data.rfind(b"\n", start, start + self._piece_bytes) + 1
            end = self._piece_end(data, start, end or data.find(b"\n", start) + 1)
            piece = data[start:end]
            self._owed = []
            stretch = self.stretch(piece, first, settled())
            if stretch is not None:
                first = stretch.last + 1
                yield stretch
            else:
                window = settled().window
                outside = window is not None and is_outside(window, piece, self.wrapping.inner)
                if ahead and not outside and window is not None and window.seen < WINDOW_LINES:
                    yield Unread(first)
                    return
                yield from self._runs(piece, first, settled, outside=outside)
                first += piece.count(b"\n")
            start = end

    def _piece_end(self, data: bytes, start: int, end: int) -> int:
        """Where a piece ends so that its last line does not go on behind it."""
        if end == len(data) or self.begins(data[end : end + LONGEST_PREFIX]):
            return end
        last = data.rfind(b"\n", start, end - 1) + 1
        if not self.begins(data[max(last, start) : end]):
            return end
        return last if last > start else data.find(b"\n", end) + 1

    def begins(self, line: bytes) -> bool:
        """Whether a line surely is not the rest of the one before it, which a terminal broke."""
        if not self.wrapping.envelopes:
            return line.startswith(SECOND_LINE)
        inner = self.wrapping.inner(line)  # which may be the rest of another if it is damaged
        return GIN.match(b"\n" + inner) is not None or HEAD.match(inner) is not None

    def _runs(
        self, piece: bytes, first: int, settled: Callable[[], Settled], *, outside: bool
    ) -> Iterator[Stretch | Loud]:
        """Cuts a piece where lines begin and end that surely must be looked at.

        outside: whether nothing of it seems to be wanted, so that it does not matter what its dated lines say.
        """
        begin = 0
        now = settled()

        def is_quiet(pair: tuple[bytes, bool]) -> bool:
            line, ends = pair
            return ends and self._may_be_plain(line, now, outside=outside)

        lines = piece.split(b"\n")[:-1]
        for quiet, group in groupby(zip(lines, (*map(self.begins, lines[1:]), True), strict=True), is_quiet):
            run = [line for line, _ in group]
            length = sum(map(len, run)) + len(run)
            part = piece[begin : begin + length]
            if quiet and length > self._few_bytes:
                yield from self._halved(part, first, len(run), now, tried=len(run) == len(lines))
            else:
                yield Loud(first, part)
            begin += length
            first += len(run)
            now = settled()

    def _may_be_plain(self, line: bytes, settled: Settled, *, outside: bool) -> bool:
        """Whether a line may be one that need only be counted, as far as its beginning tells."""
        inner = self.wrapping.inner(line) if self.wrapping.envelopes else line
        if outside:
            return inner.startswith(SECOND_LINE)
        if inner.startswith(b"[GIN] 20"):
            return inner[30:31] < b"4" or settled.marks.issuperset(kinds_of(inner[30:33].decode("latin-1"), "", None))
        return self._statements.may_be_plain(inner, settled)

    def _halved(
        self, piece: bytes, first: int, count: int, settled: Settled, *, tried: bool = False
    ) -> Iterator[Stretch | Loud]:
        stretch = None if tried else self.stretch(piece, first, settled)
        if stretch is not None:
            yield stretch
            return
        middle = piece.rfind(b"\n", 0, len(piece) // 2) + 1 or piece.find(b"\n", 0, len(piece) - 1) + 1
        if count == 1 or len(piece) <= self._few_bytes or not middle:
            yield Loud(first, piece)
            return
        above = piece.count(b"\n", 0, middle)
        yield from self._halved(piece[:middle], first, above, settled)
        yield from self._halved(piece[middle:], first + above, count - above, settled)

    def stretch(self, piece: bytes, first: int, settled: Settled) -> Stretch | None:
        """The whole piece as one stretch, or None where a line of it must be looked at."""
        bare = self.wrapping.taken_off(piece)
        if bare is None:
            return None
        text = b"\n" + bare
        parts = GIN.split(text)
        rows = (parts[1::4], parts[2::4], parts[3::4])
        others = b"".join(parts[0::4]).split(b"\n")[1:-1]
        within = settled.window is None or is_within(settled.window, text, others)
        if within is None:
            return None
        if within and settled.window is not None and settled.window.seen + self._begun < WINDOW_LINES:
            self._begun += len(rows[0]) + len(others) if len(piece) <= self._few_bytes else 0
            return None
        envelopes = self.wrapping.envelopes + _envelopes(bare, len(rows[0]), len(others))
        stretch = Stretch(first, first - 1 + len(rows[0]) + len(others), "", envelopes)
        last_line = bare[bare.rfind(b"\n", 0, -1) + 1 :]
        if not within:
            stretch.time = _time(last_line)
            return stretch
        plain = not others or self._statements.take(others, text, stretch, settled)
        plain = plain and (not rows[0] or self._requests.take(rows, text, stretch, settled))
        self._owed += stretch.values
        if not plain:
            return None
        stretch.time = _time(last_line)
        stretch.texts[stretch.last] = text_at(last_line, 0)
        stretch.values = [value for value in self._owed if first <= value[0] <= stretch.last]
        stretch.values.sort(key=itemgetter(0))
        self._requests.told(stretch)
        return stretch


def _time(line: bytes) -> str:
    """The time of a line that is a request or a statement."""
    return gin_time(line) if line.startswith(b"[GIN]") else slog_time(line)


def _envelopes(bare: bytes, requests: int, statements: int) -> tuple[str, ...]:
    if not statements:
        return ("gin",)
    if not requests:
        return ("slog",)
    return ("gin", "slog") if bare.startswith(b"[") else ("slog", "gin")
