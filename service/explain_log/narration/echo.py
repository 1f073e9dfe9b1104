"""Statements that only repeat what the log's own free text says: no claim of ours, whoever wrote that text.

A model may name a model or quote an error. It may not pass on a sentence that stands in a name, a path or an error
text as if it were its own: there an instruction or an advertisement would reach the reader unmarked.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from explain_log.briefing import Briefing
from explain_log.marks import CLOSE, OPEN

_QUOTED = re.compile('[“「『"`][^”」』"`]*[”」』"`]')
_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_PIECE = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")
_RUN = 4
"""So many words, or Han characters, in a row are the log's."""
_LEAST_OWN = 3
_LONG = 8
"""A name is shorter; a longer run is a sentence, and may be at most half of what is said."""


def echoes(text: str, briefing: Briefing) -> bool:
    """Whether a statement, quotations apart, is little else than running text of the log."""
    said = _pieces(_QUOTED.sub(" ", text))
    if len(said) < _RUN:
        return False
    runs = _runs_of_log(briefing.text)
    covered: set[int] = set()
    for start, run in enumerate(_runs(said)):
        if run in runs:
            covered.update(range(start, start + _RUN))
    own = len(said) - len(covered)
    return bool(covered) and (own < _LEAST_OWN or (len(covered) >= _LONG and len(covered) > own))


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(text.casefold())


def _runs(pieces: list[str]) -> list[tuple[str, ...]]:
    return [tuple(pieces[start : start + _RUN]) for start in range(len(pieces) - _RUN + 1)]


@lru_cache(maxsize=32)
def _runs_of_log(material: str) -> frozenset[tuple[str, ...]]:
    """The runs of words of the texts that are marked as the log's own in the lines of a briefing."""
    values = [text for line in material.splitlines() for text in _data(json.loads(line))]
    return frozenset(run for text in (*values, *_MARKED.findall(material)) for run in _runs(_pieces(text)))


def _data(value: Any) -> list[str]:
    if isinstance(value, dict):
        if set(value) == {"data"} and isinstance(value["data"], str):
            return [value["data"]]
        return [text for item in value.values() for text in _data(item)]
    return [text for item in value for text in _data(item)] if isinstance(value, list) else []
