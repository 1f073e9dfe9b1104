"""Numbers of releases in a text, and whether one is said to be before or after another."""

from __future__ import annotations

import re

from explain_log.narration.verifier.claim_words import claim_words

Release = tuple[int, ...]
RELEASE = re.compile(r"(?<![\w.])v?(\d{1,3}\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.IGNORECASE)

_BI = re.compile(r"比\s*(?:Ollama\s*)?v?$", re.IGNORECASE)
_REACH = 14


def release_of(text: str) -> Release:
    """`v0.9.3` as numbers that can be compared."""
    return tuple(int(part) for part in text.lstrip("vV").split("."))


def side_of(text: str, start: int, end: int) -> int:
    """-1 where something is said to be older than the release at a place, 1 where newer, else 0."""
    forms = claim_words().forms
    before, behind = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    for kind, side in (("older", -1), ("newer", 1)):
        if forms[kind].search(before) and not _BI.search(before):
            return side
        if _BI.search(before) and forms[kind].search(behind):
            return side
    return 0


def compared(text: str) -> list[tuple[int, int]]:
    """The places of releases that others are only compared with: the log need not name them."""
    return [match.span() for match in RELEASE.finditer(text) if side_of(text, *match.span())]
