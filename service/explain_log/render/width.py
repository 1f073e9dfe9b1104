"""Columns: how wide text is in a terminal, and how it is wrapped, cut and padded to columns.

Chinese characters take two columns, combining ones none. Chinese text breaks between any two
characters, except that no line begins with closing punctuation or ends with opening punctuation. This is our own
because rich, which writes the coloured form, breaks lines at blanks only; and the plain form does without rich.
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category, east_asian_width

_NO_START = frozenset("，。、；：！？）】》」』〉〕”’…％,.;:!?)]}%")
_NO_END = frozenset("（【《「『〈〔“‘([{")


def columns(text: str) -> int:
    """How many columns the text takes."""
    return len(text) if text.isascii() else sum(map(_char_columns, text))


def _char_columns(char: str) -> int:
    if char < "\u0300":
        return 1
    if east_asian_width(char) in "WF":
        return 2
    return 0 if category(char) in ("Mn", "Me", "Cf") else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled up to `width` columns; right: blanks before it instead of after it."""
    blanks = " " * max(0, width - columns(text))
    return blanks + text if right else text + blanks


def cut(text: str, width: int) -> str:
    """The text cut to `width` columns, with an ellipsis where something is missing."""
    if columns(text) <= width:
        return text
    head, _ = _split_at(text, width - 1)
    if columns(head) >= width:  # already its first character is too wide
        head = ""
    return (head + "…")[: max(0, width)]


def wrap(text: str, width: int, first: int | None = None) -> list[str]:
    """The text in lines of at most `width` columns; a word that is wider is broken.

    first: the width of the first line, where that differs.
    """
    lines: list[str] = []
    line = ""
    for blank, atom in _atoms(text):
        room = width if lines or first is None else first
        joined = f"{line} {atom}" if blank and line else line + atom
        if columns(joined) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        line = atom
        while columns(line) > width:
            head, line = _split_at(line, width if lines or first is None else first)
            lines.append(head)
    return [*lines, line] if line or not lines else lines


def _split_at(text: str, width: int) -> tuple[str, str]:
    """At most `width` columns of the text, at least one character, and the rest."""
    used = 0
    for place, char in enumerate(text):
        used += _char_columns(char)
        if used > width and (place or width <= 0):
            return text[:place], text[place:]
    return text, ""


def _atoms(text: str) -> Iterator[tuple[bool, str]]:
    """(whether a blank stands before it, piece that is not broken)."""
    for word in text.split():
        for place, atom in enumerate(_pieces(word)):
            yield place == 0, atom


def _pieces(word: str) -> Iterator[str]:
    """A word without blanks, cut where Chinese text may be broken."""
    if word.isascii():
        yield word
        return
    atom = ""
    for char in word:
        if atom and _may_break(atom[-1], char):
            yield atom
            atom = ""
        atom += char
    yield atom


def _may_break(before: str, after: str) -> bool:
    if after in _NO_START or before in _NO_END:
        return False
    return _char_columns(before) == 2 or _char_columns(after) == 2
