"""Joins what copying broke off a line of slog: attributes on lines of their own, and words cut at a terminal's edge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from explain_log.lines.joining import whole_of
from explain_log.lines.known import Recognise, S
from explain_log.lines.line import Line

_MOST_CHARACTERS = 1 << 14
_DIGEST = 64
_ATTRIBUTES = re.compile(r'\s+(?:"[^"=]{1,60}"|[A-Za-z_][\w.]{0,60})=\S')
_OPEN_KEY = re.compile(r" [A-Za-z_][\w.]*$")
_OPEN_DIGEST = re.compile(r"sha256[-:]([0-9a-f]{1,63})$")
_HEX = re.compile(r"[0-9a-f]+")


def with_attributes(pairs: Iterable[tuple[Line, S | None]], recognise: Recognise[S]) -> Iterator[tuple[Line, S | None]]:
    """The lines with what they are; an unknown one that can only be the rest of the line before it is joined to it."""
    held: tuple[Line, S | None] | None = None
    for line, found in pairs:
        if held is not None:
            together = _together(held, line, recognise) if found is None and line.text else None
            if together is not None:
                held = together
                continue
            yield held
        held = (line, found)
    if held is not None:
        yield held


def _together(held: tuple[Line, S | None], line: Line, recognise: Recognise[S]) -> tuple[Line, S | None] | None:
    """One line of both with what it is, or None where they are two."""
    first, found = held
    if line.envelope or line.piece is not None or not first.envelope or len(first.given) > _MOST_CHARACTERS:
        return None
    if first.envelope[-1] == "slog" and _ATTRIBUTES.match(line.given):
        return _joined(first, found, line, " " + line.given.strip(), recognise)
    if "journald" not in first.envelope:
        return None  # there each line has its prefix, so one without it is no line of its own
    if found is None or _is_cut(first, line):
        return _joined(first, found, line, line.given, recognise) or (
            _joined(first, found, line, " " + line.given, recognise) if found is None else None
        )
    return None


def _is_cut(first: Line, line: Line) -> bool:
    """Whether a line ends within a word or a quoted value that the next one goes on with."""
    if first.envelope[-1] != "slog":
        return False
    digest = _OPEN_DIGEST.search(first.given)
    if digest is not None:
        rest = _HEX.match(line.given)
        return rest is not None and len(digest.group(1)) + len(rest.group()) == _DIGEST
    open_quotes = first.attrs.replace('\\"', "").count('"') % 2 == 1
    return open_quotes or _OPEN_KEY.search(first.attrs) is not None


def _joined(
    first: Line, found: S | None, line: Line, rest: str, recognise: Recognise[S]
) -> tuple[Line, S | None] | None:
    whole = whole_of(first, line, first.given + rest)
    whole_found = recognise(whole)
    if whole_found is None or (found is not None and whole_found.id != found.id):
        return None
    return whole, whole_found
