"""The loads that a text names by their number, and numerals that say which of several."""

from __future__ import annotations

import re

_LOAD_NUMBER = re.compile(
    r"(?<![A-Za-z])the (first|second|third|fourth|fifth)(?![A-Za-z]|\s+(?:card|GPU|pass|device))", re.IGNORECASE
)
_LOAD = re.compile(
    r"第\s?([\d一二三四五六七八九十]+)\s?次(?:加载|载入)?"
    r"|(?<![A-Za-z])(first|second|third|fourth|fifth) load(?![A-Za-z])"
    r"|(?<![A-Za-z])load\s?#?(\d+)(?![\d.,%]| ?(?:s|sec|MiB|GiB))",
    re.IGNORECASE,
)
_EARLIER = re.compile(r"重启之?前|前一次|before the restart", re.IGNORECASE)
_LATER = re.compile(r"重启之?后|后一次|after the restart|\bafterwards\b", re.IGNORECASE)
_NUMERALS = {c: n for n, c in enumerate("一二三四五六七八九十", 1)}
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
}  # fmt: skip


def loads_at(text: str) -> list[tuple[int, int, int]]:
    """(start, end, number) of each load that a text names with its number."""
    return [(m.start(), m.end(), ordinal(m[1] or m[2] or m[3])) for m in _LOAD.finditer(text)]


def load_before(text: str, start: int, at: int) -> frozenset[int]:
    """The load named last before a place of a clause that begins at `start`; empty where none is."""
    found = [(end, number) for _, end, number in loads_at(text[start:at])]
    found += [(m.end(), ordinal(m[1])) for m in _LOAD_NUMBER.finditer(text, start, at)]
    return frozenset({max(found)[1]}) if found else frozenset()


def loads_of(piece: str, *, about_loads: bool) -> frozenset[int]:
    """The numbers of the loads that a clause names; "the first" is one where the sentence is about loads."""
    found = {number for _, _, number in loads_at(piece)}
    found |= {1 for _ in _EARLIER.finditer(piece)} | {2 for _ in _LATER.finditer(piece)}
    if about_loads:
        found |= {ordinal(m[1]) for m in _LOAD_NUMBER.finditer(piece)}
    return frozenset(found)


def ordinal(text: str) -> int:
    """`3`, `三` and `third` as 3; what is none of them as 1."""
    return int(text) if text.isdigit() else _NUMERALS.get(text[:1]) or ORDINALS.get(text.casefold(), 1)
