"""Cuts a chunk of a log into stretches of lines that are only counted, and lines that are to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import NamedTuple

from explain_log.bulk.patterns import GIN, LONGEST_ATTRIBUTES, SECOND_LINE, SLOG, gin_time, slog_time, text_at
from explain_log.bulk.requests import Requests
from explain_log.bulk.screen import Screen
from explain_log.bulk.verdicts import Plain, Verdicts
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import Knowledge

PIECE_BYTES = 1 << 18
"""So much is looked at as a whole. The smaller, the less is looked at twice around a line that is not plain."""

FEW_BYTES = 1 << 9
"""So little goes line by line where it is not plain as a whole."""


class Loud(NamedTuple):
    """Whole lines as they stand, of which at least one must be looked at; first is the first one's number."""

    first: int
    data: bytes


class Scanner:
    """One process's scanner, with all that it remembers."""

    def __init__(self, knowledge: Knowledge, *, piece_bytes: int = PIECE_BYTES, few_bytes: int = FEW_BYTES) -> None:
        self._screen = Screen(knowledge)
        self._verdicts = Verdicts(knowledge, self._screen)
        self._requests = Requests(self._screen)
        self.sizes = (piece_bytes, few_bytes)
        self._piece_bytes, self._few_bytes = piece_bytes, few_bytes
        # Private texts are told once; those of a piece that is halved belong to the stretches within it.
        self._owed: list[tuple[int, str, str]] = []

    def scan(self, data: bytes, first: int, settled: Callable[[], Settled]) -> Iterator[Stretch | Loud]:
        """What a chunk of whole lines consists of, in order; `first` is its first line's number.

        settled is asked for each piece: what was found in the one before may settle something.
        """
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        start = 0
        while start < len(data):
            end = data.rfind(b"\n", start, start + self._piece_bytes) + 1
            end = end or data.find(b"\n", start) + 1
            piece = data[start:end]
            count = piece.count(b"\n")
            self._owed = []
            yield from self._halved(piece, first, count, settled())
            first += count
            start = end

    def _halved(self, piece: bytes, first: int, count: int, settled: Settled) -> Iterator[Stretch | Loud]:
        stretch = self.stretch(piece, first, count, settled)
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

    def stretch(self, piece: bytes, first: int, count: int, settled: Settled) -> Stretch | None:
        """The whole piece as one stretch, or None where a line of it must be looked at."""
        text = b"\n" + piece
        gin = GIN.findall(text)
        slog = SLOG.findall(text) if len(gin) < count else []
        if len(gin) + len(slog) != count:
            return None
        last_line = piece[piece.rfind(b"\n", 0, -1) + 1 :]
        time = gin_time(last_line) if last_line.startswith(b"[") else slog_time(last_line)
        stretch = Stretch(first, first + count - 1, time, _envelopes(piece, len(gin), len(slog)))
        stretch.texts[stretch.last] = text_at(last_line, 0)
        plain = not gin or self._requests.take(gin, piece, stretch, settled)
        plain = plain and (not slog or self._statements(slog, piece, stretch, settled))
        self._owed += stretch.values
        if not plain:
            return None
        stretch.values = [value for value in self._owed if first <= value[0] <= stretch.last]
        stretch.values.sort(key=itemgetter(0))
        return stretch

    def _statements(self, rows: list[tuple[bytes, bytes]], piece: bytes, stretch: Stretch, settled: Settled) -> bool:
        heads = Counter(map(itemgetter(0), rows))
        plain: dict[bytes, Plain] = {}
        for head, count in heads.items():
            verdict = self._verdicts.of(head)
            if verdict is None or (verdict.debug and not settled.debug):
                return False
            if verdict.event is not None:
                if settled.events is not None and verdict.event not in settled.events:
                    return False
                stretch.events[verdict.event] = stretch.events.get(verdict.event, 0) + count
            plain[head] = verdict
        attributes = list(map(itemgetter(1), rows))
        if not self._are_single_lines(attributes) or not self._screened(rows, attributes, plain, piece, stretch):
            return False
        self._place(plain, piece, stretch)
        return True

    @staticmethod
    def _are_single_lines(attributes: list[bytes]) -> bool:
        """Whether none is so long that it is cut, none may go on in the next line, and none holds two lines."""
        if max(map(len, attributes)) > LONGEST_ATTRIBUTES:
            return False
        together = b"\n".join(attributes)
        if b'\\\\"' in together or any(mark in together for mark in SECOND_LINE):
            return False
        for text in attributes if b": " in together else ():
            colon = text.find(b": ")
            if colon > 0 and text.find(text[1 : colon + 2], colon) >= 0:
                return False
        return True

    def _screened(
        self,
        rows: list[tuple[bytes, bytes]],
        attributes: list[bytes],
        plain: dict[bytes, Plain],
        piece: bytes,
        stretch: Stretch,
    ) -> bool:
        """Whether no line holds a secret; notes private texts."""
        places = self._screen.suspects(attributes)
        if any(verdict.suspect for verdict in plain.values()):
            more = [place for place, (head, _) in enumerate(rows) if plain[head].suspect]
            places = sorted({*places, *more})
        number, position = stretch.first, 0
        for place in places:
            head, rest = rows[place]
            values = self._screen.values(head[: head.index(b" source=")] + head[head.index(b" msg=") :] + rest)
            if values is None:
                return False
            if values:
                found = piece.find(head + rest, position)
                number += piece.count(b"\n", position, found)
                position = found
                stretch.values += [(number, kind, value) for kind, value in values]
        return True

    @staticmethod
    def _place(plain: dict[bytes, Plain], piece: bytes, stretch: Stretch) -> None:
        """Notes where the statements were printed, for telling the release, and the first sign of a server."""
        seen: set[tuple[str, str]] = set()
        for head, verdict in plain.items():
            known = (verdict.source, verdict.message)
            if known in seen:
                continue
            seen.add(known)
            at = piece.find(head)
            number = stretch.first + piece.count(b"\n", 0, at)
            stretch.places.append((number, *known))
            stretch.texts[number] = text_at(piece, at)
            if verdict.active and (stretch.activity is None or number < stretch.activity):
                stretch.activity = number


def _envelopes(piece: bytes, requests: int, statements: int) -> tuple[str, ...]:
    if not statements:
        return ("gin",)
    if not requests:
        return ("slog",)
    return ("gin", "slog") if piece.startswith(b"[") else ("slog", "gin")
