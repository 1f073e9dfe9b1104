"""Cuts a text, plain or Markdown, into sentences with their places; a table's cell is a sentence, code is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s|^\s*(?:\*\*|__)[^*_]{1,40}(?:\*\*|__)\s*[:：]?\s*$")
_MARK = re.compile(
    r"^\s*(?:>\s?|[-*+•·]\s+|\(?\d{1,3}(?:[)、）]|\.(?!\d))\s*|[①-⑳]\s*"
    r"|[一二三四五六七八九十]+、\s*|\[[ xX]\]\s*)+"
)
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^\s*\|?\s*:?-{2,}")
_CELL = re.compile(r"[^|]+")
_END = re.compile(r"(?:[。！？；;]|[!?](?![A-Za-z0-9]))+[”\"』」）)]*|\.(?=\s+[A-Z\u4e00-\u9fff\"“(`*]|\s*$)")
_MOST = 20_000
_LINE = 200
LONGEST = 400
"""A sentence with more characters is read in parts: the time that one takes grows faster than its length."""

_MOST_NUMBERS = 16
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_JOINT = re.compile(r"[，,；;：:、\s]")


@dataclass(frozen=True)
class Piece:
    """A sentence and its place in the text."""

    text: str
    span: tuple[int, int]


def pieces(text: str) -> Iterator[Piece]:
    """The sentences of a text, at most 20,000; headings, rules and code blocks are none."""
    place, in_code, header, count = 0, False, list[str](), 0
    for line in text.splitlines(keepends=True):
        start, place = place, place + len(line)
        if _FENCE.match(line):
            in_code = not in_code
            continue
        bare = line.strip()
        if in_code or not bare or _RULE.match(bare[:_LINE]) or _HEADING.match(bare[:_LINE]):
            if not line.strip():
                header = []
            continue
        if line.lstrip().startswith("|") and line.count("|") >= 2:
            cells = [(m[0].strip(), start + m.start(), start + m.end()) for m in _CELL.finditer(line) if m[0].strip()]
            if not header:
                header = [cell for cell, _, _ in cells]
                continue
            found = _row(header, cells)
        else:
            header = []
            found = _sentences(line, start)
        for piece in found:
            count += 1
            if count > _MOST:
                return
            yield piece


def _sentences(line: str, start: int) -> Iterator[Piece]:
    mark = _MARK.match(line)
    at = mark.end() if mark else 0
    for match in _END.finditer(line, at):
        yield from _piece(line, at, match.end(), start)
        at = match.end()
    yield from _piece(line, at, len(line), start)


def _piece(line: str, first: int, last: int, start: int) -> Iterator[Piece]:
    """The sentence of a stretch of a line; one that is too long in parts, cut at a comma or a blank."""
    while True:
        end = min(last, first + LONGEST)
        numbers = list(islice(_DIGITS.finditer(line, first, end), _MOST_NUMBERS + 1))
        if len(numbers) > _MOST_NUMBERS:
            end = numbers[-1].start()
        if end == last:
            break
        joints = [m.end() for m in _JOINT.finditer(line, first + (end - first) // 2, end)]
        joint = joints[-1] if joints else end
        yield from _part(line, first, joint, start)
        first = joint
    yield from _part(line, first, last, start)


def _part(line: str, first: int, last: int, start: int) -> Iterator[Piece]:
    text = line[first:last]
    if text.strip():
        lead = len(text) - len(text.lstrip())
        yield Piece(text.strip(), (start + first + lead, start + first + lead + len(text.strip())))


def _row(header: list[str], cells: list[tuple[str, int, int]]) -> Iterator[Piece]:
    """A row of a table as one sentence per cell: "row, column: value"."""
    name = cells[0][0] if cells else ""
    for title, (cell, first, last) in zip(header[1:], cells[1:], strict=False):
        yield Piece(f"{name} {title}: {cell}"[:LONGEST], (first, last))
