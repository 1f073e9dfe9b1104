"""Learns what an unknown program puts around the lines of a log, and takes it off.

Wrappers, viewers and editors are too many to know each: `[INFO] server: text`, `+ text`, `12. text`, `text$`.
A prefix or an end is one where, without it, several different lines of the log's beginning become known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic

from explain_log.lines.joining import part_of, whole_of
from explain_log.lines.known import Recognise, S
from explain_log.lines.line import Line
from explain_log.lines.logfmt import unescape

_LONGEST_PREFIX = 120
_MOST_CUTS = 16
_MOST_TRIED, _MOST_FRUITLESS = 400, 60
_ENOUGH, _ENOUGH_OF_FEW = 3, 2
_SHORTEST = 12
_ENDS = ("$", "\\", "|")
# What closes at a line's end what a prefix opened.
_CLOSING = {'"': ('",', '"'), "'": ("',", "'"), "*": ("**", "*"), "|": ("|",), "`": ("`",)}
_BREAK = r"[\s\]|:,;\"'`>*+)】、#-]+"
_FUNCTION = r"[a-z][a-z0-9_]*:?\s*$"  # the beginning of what programs print themselves
_LEVEL = r"(?i:trace|debug|info(?:rmation)?|inf|warn(?:ing)?|wrn|err(?:or)?|notice)"
_ID = r"[0-9a-f]{6,}"


class Margins(Generic[S]):
    """What stands around the lines of one log. Begins with a sample of (line, what it is or None)."""

    def __init__(self, sample: list[tuple[Line, S | None]], recognise: Recognise[S]) -> None:
        self._recognise = recognise
        self._prefixes: list[re.Pattern[str]] = []
        self._ends: tuple[str, ...] = ()
        unknown = [line for line, found in sample if found is None and line.text]
        self._ends = tuple(end for end in _ENDS if self._is_end(end, unknown))
        self._learn([line for line in unknown if _may_be_wrapped(line)])

    def __bool__(self) -> bool:
        return bool(self._prefixes or self._ends)

    def off(self, line: Line, found: S | None) -> tuple[Line, S | None]:
        """The line without what stands around it, and what it is."""
        if self._ends and line.given.endswith(self._ends):
            line = _without_end(line)
            found = self._recognise(line)
        if found is not None or not _may_be_wrapped(line):
            return line, found
        for prefix in self._prefixes:
            match = prefix.match(line.text)
            if match is not None:
                inner = _inner(line, match.end())
                return inner, self._recognise(inner)
        return line, found

    def _is_end(self, end: str, unknown: list[Line]) -> bool:
        found = {self._id(_without_end(line)) for line in unknown[:_MOST_FRUITLESS] if line.given.endswith(end)}
        return len(found - {None}) >= _ENOUGH_OF_FEW

    def _learn(self, unknown: list[Line]) -> None:
        """Finds the prefixes without which lines are known."""
        found: dict[str, tuple[re.Pattern[str], list[str]]] = {}
        fruitless = 0
        for given in unknown[:_MOST_TRIED]:
            ends = bool(self._ends) and given.given.endswith(self._ends)
            line = _without_end(given) if ends else given
            if ends and self._recognise(line) is not None:
                continue
            cut = self._cut(line, [pattern for pattern, _ in found.values()])
            if cut is None:
                fruitless += 1
                if fruitless > _MOST_FRUITLESS and not found:
                    break
                continue
            shape, name = cut
            found.setdefault(shape, (re.compile(shape), []))[1].append(name)
        enough = _ENOUGH if len(unknown) > _ENOUGH * _ENOUGH_OF_FEW else _ENOUGH_OF_FEW
        self._prefixes = [
            pattern for pattern, names in found.values() if len(names) >= enough and len(set(names)) >= _ENOUGH_OF_FEW
        ]

    def _cut(self, line: Line, known: Iterable[re.Pattern[str]]) -> tuple[str, str] | None:
        """(shape of the prefix, id of what follows it) for a line that is known without one."""
        for pattern in known:
            match = pattern.match(line.text)
            name = self._id(_inner(line, match.end())) if match is not None else None
            if name is not None:
                return pattern.pattern, name
        for place, match in enumerate(re.finditer(_BREAK, line.text[:_LONGEST_PREFIX])):
            if place >= _MOST_CUTS:
                break
            prefix = line.text[: match.end()]
            if re.match(_FUNCTION, prefix) is None:
                name = self._id(_inner(line, match.end()))
                if name is not None:
                    return _shape(prefix), name
        return None

    def _id(self, line: Line) -> str | None:
        """What a line is, where it says enough to be no accident."""
        telling = len(line.text) >= _SHORTEST and (": " in line.text or " = " in line.text)
        if not telling and not line.begins_as_printed:
            return None
        found = self._recognise(line)
        return None if found is None else found.id


def _may_be_wrapped(line: Line) -> bool:
    """Whether a line's beginning is not its program's own."""
    return bool(line.text) and not line.begins_as_printed


def _shape(prefix: str) -> str:
    """A pattern for prefixes like this one: with other numbers, levels and ids."""
    out: list[str] = []
    for match in re.finditer(rf"\b{_LEVEL}\b|\b{_ID}\b|\d+|\s+|.", prefix, re.DOTALL):
        text = match[0]
        if re.fullmatch(_LEVEL, text):
            out.append("[A-Za-z]+")
        elif len(text) >= 6 and re.fullmatch(_ID, text):
            out.append("[0-9a-f]+")
        elif text[0].isdigit():
            out.append(r"\d+")
        else:
            out.append(r"\s+" if text.isspace() else re.escape(text))
    return "".join(out)


def _inner(line: Line, at: int) -> Line:
    """What stands behind a prefix, without what closes it at the end."""
    prefix, text = line.text[:at].rstrip(), line.text[at:].rstrip()
    opened = prefix[-1:]
    for end in _CLOSING.get(opened, ()):
        if text.endswith(end):
            text = text[: -len(end)].rstrip()
            break
    if opened == '"':
        text = " ".join(unescape(text).splitlines()) if "\\" in text else text.replace('""', '"')
    inner = part_of(line, text, (*line.envelope, "prefix"))
    inner.given = text
    return inner


def _without_end(line: Line) -> Line:
    """The line without the last character of what was given."""
    whole = whole_of(line, line, line.given[:-1].rstrip())
    whole.process = line.process
    return whole
