"""Mends what terminals and interleaved writers did to lines: wrapped ones are joined, glued ones split.

Only where it makes known lines of unknown ones: a predicate says which statement a line is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic

from explain_log.lines.attributes import with_attributes
from explain_log.lines.joining import part_of, whole_of
from explain_log.lines.known import Recognise, S
from explain_log.lines.line import Line
from explain_log.lines.printed import whole_prints

if TYPE_CHECKING:
    from explain_log.lines.margins import Margins


SAMPLE_LINES = 256
_NARROWEST, _WIDEST = 40, 300
_LOST_BLANKS = 2  # that copying takes off a line's end
_MOST_PIECES, _MOST_UNKNOWN = 40, 6
_MOST_TRIES = 3
_FEWEST_UNKNOWN = 2
_MOST_GLUED = 200
_MOST_CHARACTERS = 1 << 14
_BEGINNINGS = ('{"', "time=20", "[GIN] ", "llama_", "llm_", "ggml_", "print_info: ", "load_", "srv  ", "slot ")
_LIKE_TEXT = frozenset(("cat-n", "grep", "quote", "prompt", "docker-compose"))
_ONE_LINE_EACH = frozenset(("cri", "docker-json", "journald", "syslog", "slog-json", "llama-json", "loki", "cloud"))


def mended(
    lines: Iterable[Line], recognise: Recognise[S], last_lines: Mapping[str, str] | None = None
) -> Iterator[tuple[Line, S | None]]:
    """(line, what it is or None) of every line, glued lines split and wrapped ones joined where that helps.

    last_lines: how the last line ends of statements that are printed over several, by their ids.
    """
    pairs = with_attributes(_mended(lines, recognise), recognise)
    return whole_prints(pairs, last_lines) if last_lines else pairs


def _mended(lines: Iterable[Line], recognise: Recognise[S]) -> Iterator[tuple[Line, S | None]]:
    lines = iter(lines)
    sample = [(line, recognise(line)) for line in islice(lines, SAMPLE_LINES)]
    margins = _margins(sample, recognise)
    if margins is not None:
        sample = [margins.off(*pair) for pair in sample]
    seam = _Seam([line for line, _ in sample])
    held: _Held[S] | None = None
    for line, found in chain(sample, _recognised(lines, recognise, margins)):
        if held is not None:
            if found is None and held.takes(line):
                held.add(line)
                continue
            yield from held.best()
            held = None
        halves = _split(line, found, recognise) if line.text else None
        if halves is not None:
            yield from _all_pieces(halves, recognise)
        elif (line.text or line.envelope) and seam.open_end(line, known=found is not None):
            held = _Held(line, found, recognise, seam)
        else:
            yield line, found
    if held is not None:
        yield from held.best()


def _recognised(
    lines: Iterable[Line], recognise: Recognise[S], margins: Margins[S] | None
) -> Iterator[tuple[Line, S | None]]:
    for line in lines:
        found = recognise(line)
        yield (line, found) if margins is None else margins.off(line, found)


def _margins(sample: list[tuple[Line, S | None]], recognise: Recognise[S]) -> Margins[S] | None:
    """What stands around the lines of a log that begins so, or None where that is nothing."""
    if sum(1 for line, found in sample if found is None and line.text) < _FEWEST_UNKNOWN:
        return None
    from explain_log.lines.margins import Margins

    return Margins(sample, recognise) or None


class _Seam:
    """Where a terminal broke lines: the width that none exceeds and many reach."""

    def __init__(self, sample: list[Line]) -> None:
        lengths = [len(line.given) for line in sample if line.text]
        self.width = max(lengths, default=0)
        near = sum(1 for length in lengths if length > 0.85 * self.width)
        self._narrow = _NARROWEST <= self.width <= _WIDEST
        many = (near >= 3 and near * 12 > len(lengths)) or len({line.text for line in sample if self._full(line)}) >= 3
        self.wraps = self._narrow and many

    def _full(self, line: Line) -> bool:
        return len(line.given) == self.width

    def open_end(self, line: Line, *, known: bool) -> bool:
        """Whether a line may go on in the next one."""
        if not _ONE_LINE_EACH.isdisjoint(line.envelope):
            return False
        if _in_quotes(line):
            return True
        return self._narrow and (self.wraps or not known) and 2 * len(line.given) > self.width

    def between(self, line: Line, following: Line) -> bool:
        """Whether the second would not have fitted behind the first: so breaks every terminal."""
        length, word = len(line.given), len(following.given.split(" ", 1)[0])
        return self._narrow and length <= self.width + _LOST_BLANKS and length + 1 + word > self.width

    def tight(self, line: Line) -> bool:
        """Whether a line was broken wherever its letters reached the width."""
        return line.given[-1:] == " " or len(line.given) >= self.width - _LOST_BLANKS


def _in_quotes(line: Line) -> bool:
    """slog escapes line ends, so a value whose quotes are open goes on in the next line (or was cut)."""
    if not line.envelope or line.envelope[-1] not in ("slog", "go-log") or line.attrs.count('"') % 2 == 0:
        return False
    return line.attrs.replace('\\"', "").count('"') % 2 == 1


class _Held(Generic[S]):
    """A line that may go on, and the unknown lines behind it."""

    def __init__(self, line: Line, found: S | None, recognise: Recognise[S], seam: _Seam) -> None:
        self._pieces = [line]
        self._bodies = [line.given]
        self._length = len(line.given)
        self._whole, self._found = line, found
        self._joined = 1
        self._recognise = recognise
        self._seam = seam

    def takes(self, line: Line) -> bool:
        """Whether a line may be the rest of what is held."""
        if line.piece is not None or line.given.startswith(_BEGINNINGS) or self._length > _MOST_CHARACTERS:
            return False
        if not line.given.strip() or self._body(line) is None:
            return False
        if len(self._pieces) >= (_MOST_UNKNOWN if self._found is None else _MOST_PIECES):
            return False
        return _in_quotes(self._whole) or self._seam.between(self._pieces[-1], line)

    def add(self, line: Line) -> None:
        """Keeps a line, and looks whether with it all becomes a known statement."""
        tight = self._seam.tight(self._pieces[-1])
        self._pieces.append(line)
        self._bodies.append(self._body(line) or line.given)
        self._length += len(line.given)
        for together in (self._tight, self._spaced) if tight else (self._spaced, self._tight):
            whole = self._line(together())
            found = self._recognise(whole)
            if found is not None and (self._found is None or found.id == self._found.id or tight):
                self._whole, self._found, self._joined = whole, found, len(self._pieces)
                return

    def best(self) -> Iterator[tuple[Line, S | None]]:
        """What became of the lines held."""
        yield self._whole, self._found
        rest = self._pieces[self._joined :]
        if rest:
            again = _Held(rest[0], None, self._recognise, self._seam)
            for line in rest[1:]:
                again.add(line)
            yield from again.best()

    def _body(self, line: Line) -> str | None:
        """What a piece adds to the first one: without the quote marks or numbers that both have."""
        first = self._pieces[0]
        if not line.envelope:
            return line.given
        if line.begins_as_printed:
            return None
        if line.envelope == first.envelope[: len(line.envelope)]:
            return line.given[max(line.given.find(line.text), 0) :]
        # The rest of a broken line may begin like an envelope: `1 | AVX = 1 | …`.
        return line.given if _LIKE_TEXT.issuperset(line.envelope) and self._seam.tight(self._pieces[-1]) else None

    def _tight(self) -> str:
        """The pieces put together, with the blanks that copying took off their ends."""
        padded = []
        for body, piece in zip(self._bodies[:-1], self._pieces, strict=False):
            lost = self._seam.width - len(piece.given)
            padded.append(body + " " * lost if body[-1:] != " " and lost <= _LOST_BLANKS else body)
        return "".join([*padded, self._bodies[-1]])

    def _spaced(self) -> str:
        return " ".join(body.strip() for body in self._bodies)

    def _line(self, raw: str) -> Line:
        # Parts that carriage returns cut share a line's number: counted are lines of the input, not parts.
        whole = whole_of(self._pieces[0], self._pieces[-1], raw)
        whole.piece = None
        return whole


def _split(line: Line, found: S | None, recognise: Recognise[S]) -> list[tuple[Line, S | None]] | None:
    """Two lines that stand on one, where both are known; None where it is one line."""
    for at in _seconds(line, known=found is not None):
        second = part_of(line, _printed(line)[at:], _outer(line))
        second_found = recognise(second)
        if second_found is None:
            continue
        first = _first_half(line, at)
        first_found = recognise(first) if first.text else None
        # A whole slog line in the middle of another program's is one, even where the other is unknown.
        if first_found is not None or not first.text.strip(". ") or (second.time != line.time and not line.attrs):
            return [(first, first_found), (second, second_found)]
    return None


def _all_pieces(halves: list[tuple[Line, S | None]], recognise: Recognise[S]) -> Iterator[tuple[Line, S | None]]:
    """What stands on a line that was split: the second half may hold more, as in a paragraph of many lines."""
    for _ in range(_MOST_GLUED):
        first, (line, found) = halves
        yield first
        more = _split(line, found, recognise) if line.text else None
        if more is None:
            break
        halves = more
    yield halves[1]


def _printed(line: Line) -> str:
    return line.attrs if line.envelope[-1:] == ("slog",) else line.text


def _outer(line: Line) -> tuple[str, ...]:
    return line.envelope[:-1] if line.envelope[-1:] in (("slog",), ("llama.cpp",), ("gin",)) else line.envelope


def _first_half(line: Line, at: int) -> Line:
    if _printed(line) is not line.attrs:
        return part_of(line, line.text[:at])
    first = part_of(line, "")
    first.raw = line.raw
    first.source, first.text, first.attrs = line.source, line.text, line.attrs[:at].rstrip()
    return first


def _seconds(line: Line, *, known: bool) -> list[int]:
    """Where within a line a second one may begin."""
    text = _printed(line)
    places = [text.find(mark, 1) for mark in ("time=20", "[GIN] 20")]
    if text[:1] == ".":
        places.append(len(text) - len(text.lstrip(". ")))
    colon = text.find(": ")
    if colon > 0:
        places.append(text.find(text[: colon + 2], colon))
    if not known and colon > 0:
        places += _prefixes(text)
    return sorted({place for place in places if 0 < place < len(text)})


_PREFIX: re.Pattern[str] | None = None


def _prefixes(text: str) -> list[int]:
    """Where names of functions with a colon stand in a line: `ggml_cuda_init: `, `llama_context: `."""
    global _PREFIX  # noqa: PLW0603 - compiled once, and only for logs with unknown lines
    if _PREFIX is None:
        _PREFIX = re.compile(r"(?:llama|llm|ggml|gguf|load|print|clip|common)_[a-z0-9_]{3,60}: ")
    return [found.start() for found in islice(_PREFIX.finditer(text, 1), _MOST_TRIES)]
