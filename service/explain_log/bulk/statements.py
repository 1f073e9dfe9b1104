"""Counts the slog lines of a piece of a log.

Most of them differ from earlier ones in digits and hashes alone. Of such lines it is known where their heads,
`level=… source=… msg=…`, stand, and that what follows them holds no secret; only the others are looked at.
"""

from __future__ import annotations

from collections import Counter

from explain_log.bulk.bounded import bounded
from explain_log.bulk.patterns import ATTRIBUTES, HEAD, LONGEST_ATTRIBUTES, SECOND_LINE, ZEROS, text_at
from explain_log.bulk.screen import Hidden, Screen, Value
from explain_log.bulk.verdicts import Plain, Verdicts
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import Knowledge

MOST_SHAPES = 5_000
LONGEST_SHAPE = 1_000
MOST_MET = 20_000

_MESSAGE = b" msg="
_HASH = b"sha256-".translate(ZEROS)
_HASH_LENGTH = 64
_SAME_HASH = b"h" * _HASH_LENGTH
_SECOND_LINE_SHAPES = tuple(mark.translate(ZEROS) for mark in SECOND_LINE)


class Statements:
    """Remembers the shapes of lines that need only be counted."""

    def __init__(self, knowledge: Knowledge, screen: Screen) -> None:
        self._screen = screen
        self._verdicts = Verdicts(knowledge, screen)
        self._heads: dict[bytes, slice] = {}
        # Where it stands in lines with a private text that is another one in each, and where that text stands.
        self._private: dict[bytes, tuple[slice, Hidden]] = {}
        # What stands before ` msg=`, with all digits made zeros; and how long that is of lines that may not last.
        self._beginnings: set[bytes] = set()
        self._met: dict[int, int] = {}

    def take(self, lines: list[bytes], text: bytes, stretch: Stretch, settled: Settled) -> bool:
        """Counts the statements into the stretch; False where a line of them must be looked at.

        text: the stretch's lines, each with a line end before it.
        """
        shapes = _shapes(lines)
        places = list(map(self._heads.get, shapes))
        if None in places:
            cursor = [0, stretch.first - 1]
            for number, place in enumerate(places):
                if place is None:
                    found = self._head(lines[number], shapes[number], text, stretch, cursor)
                    if found is None:
                        return False
                    places[number] = found
        heads = [line[place] for line, place in zip(lines, places, strict=True) if place is not None]
        plain: dict[bytes, Plain] = {}
        for head in set(heads):
            verdict = self._verdicts.of(head)
            if verdict is None or not settled.is_counted(verdict.event, debug=verdict.debug):
                return False
            plain[head] = verdict
        if any(verdict.event is not None for verdict in plain.values()):
            _count_events(heads, plain, stretch)
        _place(plain, text, stretch)
        return True

    def may_be_plain(self, line: bytes, settled: Settled) -> bool:
        """Whether a line may be one that need only be counted, as far as its head tells."""
        match = HEAD.match(line)
        verdict = None if match is None else self._verdicts.of(match[1])
        return verdict is not None and settled.is_counted(verdict.event, debug=verdict.debug)

    def _head(self, line: bytes, shape: bytes, text: bytes, stretch: Stretch, cursor: list[int]) -> slice | None:
        """Where a line's head stands; None where the line must be looked at.

        Notes private texts. cursor: a place in the text and the number of line ends before it.
        """
        private = self._private.get(shape)
        if private is not None:
            place, (kind, start, end) = private
            self._tell(self._screen.tell(kind, line[start:end]), line, text, stretch, cursor)
            return place
        message = line.find(_MESSAGE)
        if shape[:message] in self._beginnings:
            begin, length = line.find(b" ") + 1, self._met.get(hash(line[message:]))
            if length is not None:
                return slice(begin, message + length)
        match = HEAD.match(line)
        verdict = None if match is None else self._verdicts.of(match[1])
        if match is None or verdict is None or ATTRIBUTES.fullmatch(line, match.end()) is None:
            return None
        attributes = line[match.end() :]
        if len(attributes) > LONGEST_ATTRIBUTES or not _is_single_line(attributes, SECOND_LINE):
            return None
        place = slice(*match.span(1))
        lasting = len(line) <= LONGEST_SHAPE and _is_single_line(shape[match.end() :], _SECOND_LINE_SHAPES)
        if verdict.suspect or self._screen.is_suspect(attributes):
            told = match[1] + attributes
            values = self._screen.values(told)
            if values is None:
                return None
            self._tell(values, line, text, stretch, cursor)
            # Where hashes differ as well, nothing is known of lines with others.
            lasting = lasting and _SAME_HASH not in shape
            if lasting and (hidden := self._screen.hidden(told)) is not None:
                kind, start, end = hidden
                bounded(self._private, MOST_SHAPES)[shape] = place, (kind, place.start + start, place.start + end)
                return place
            lasting = lasting and self._screen.is_clean(told)
            if not lasting:
                bounded(self._met, MOST_MET)[hash(line[message:])] = place.stop - message
        if lasting:
            bounded(self._heads, MOST_SHAPES)[shape] = place
        if len(self._beginnings) < MOST_SHAPES:
            self._beginnings.add(shape[:message])
        return place

    @staticmethod
    def _tell(values: list[Value], line: bytes, text: bytes, stretch: Stretch, cursor: list[int]) -> None:
        """Notes private texts of a line. cursor: as above."""
        if values:
            found = text.find(b"\n" + line + b"\n", cursor[0])
            cursor[1] += text.count(b"\n", cursor[0], found)
            cursor[0] = found
            stretch.values += [(cursor[1] + 1, kind, value) for kind, value in values]


def _shapes(lines: list[bytes]) -> list[bytes]:
    """The lines with all digits made zeros, and all SHA-256 hashes made the same."""
    text = b"\n".join(lines).translate(ZEROS)
    if _HASH in text:
        begin, *others = text.split(_HASH)
        text = _HASH.join([begin, *map(_without_hash, others)])
    return text.split(b"\n")


def _without_hash(text: bytes) -> bytes:
    """What follows `sha256-`, made the same for all hashes."""
    digits = text[:_HASH_LENGTH]
    return text if len(digits) < _HASH_LENGTH or digits.strip(b"0abcdef") else _SAME_HASH + text[_HASH_LENGTH:]


def _is_single_line(attributes: bytes, marks: tuple[bytes, ...]) -> bool:
    """Whether a line with these attributes does not go on in the next line, and holds no second one."""
    if b'\\\\"' in attributes or any(mark in attributes for mark in marks):
        return False
    colon = attributes.find(b": ")
    return colon <= 0 or attributes.find(attributes[1 : colon + 2], colon) < 0


def _count_events(heads: list[bytes], plain: dict[bytes, Plain], stretch: Stretch) -> None:
    for head, count in Counter(heads).items():
        event = plain[head].event
        if event is not None:
            stretch.events[event] = stretch.events.get(event, 0) + count


def _place(plain: dict[bytes, Plain], text: bytes, stretch: Stretch) -> None:
    """Notes where the statements were printed, for telling the release, and the first sign of a server."""
    first: dict[tuple[str, str], tuple[int, bool]] = {}
    for head, verdict in plain.items():
        if (verdict.source, verdict.message) not in first:
            first[verdict.source, verdict.message] = (text.find(head), verdict.active)
    number, position = stretch.first - 1, 0
    for known, (at, active) in sorted(first.items(), key=lambda item: item[1][0]):
        number += text.count(b"\n", position, at)
        position = at
        stretch.places.append((number, *known))
        stretch.texts[number] = text_at(text, at)
        if active and (stretch.activity is None or number < stretch.activity):
            stretch.activity = number
