"""Groups the lines that no statement matches by their shape: the text without what varies.

This only counts what is unknown; it is never a source of facts.
"""

from __future__ import annotations

import re

MOST_SHAPES = 5_000
MOST_SHAPE_CHARACTERS = 160

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = ()
_SOURCES = (
    (r"\"(?:[^\"\\]|\\.)*\"", "<S>"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27,}\b|\b(?:sha256[-:])?[0-9a-f]{12,}\b|\b0x[0-9a-fA-F]+\b", "<H>"),
    (r"(?:[A-Za-z]:)?(?:[\\/][\w.@+-]+){2,}", "<P>"),
    (r"-?\d+(?:[.,:]\d+)*", "<N>"),
)


def shape_of(text: str) -> str:
    """The text with strings, hashes, paths and numbers replaced by what they are."""
    global _PATTERNS  # noqa: PLW0603 - compiled once, and only for logs with unknown lines
    if not _PATTERNS:
        _PATTERNS = tuple((re.compile(pattern), mark) for pattern, mark in _SOURCES)
    text = " ".join(text[: 2 * MOST_SHAPE_CHARACTERS].split())
    for pattern, mark in _PATTERNS:
        text = pattern.sub(mark, text)
    return text[:MOST_SHAPE_CHARACTERS]


class Shapes:
    """Counts unknown lines by shape; memory stays bounded however many shapes there are."""

    def __init__(self) -> None:
        self._seen: dict[str, list[int]] = {}
        self._examples: dict[str, str] = {}

    def add(self, number: int, text: str) -> None:
        """Counts one unknown line."""
        shape = shape_of(text)
        if not shape:
            return
        count = self._seen.get(shape)
        if count is not None:
            count[0] += 1
        elif len(self._seen) < MOST_SHAPES:
            self._seen[shape] = [1, number]
            self._examples[shape] = text[: 2 * MOST_SHAPE_CHARACTERS]

    def most_frequent(self, most: int) -> list[tuple[str, int, int, str]]:
        """(shape, count, first line, example) of the most frequent, the most frequent first.

        An example is as much of the line as its shape is made of, so that it can be redacted before it is cut.
        """
        ranked = sorted(self._seen.items(), key=lambda item: (-item[1][0], item[1][1]))
        return [(shape, count, first, self._examples[shape]) for shape, (count, first) in ranked[:most]]
