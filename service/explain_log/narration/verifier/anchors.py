"""Whether a sentence that makes no claim of a known kind at least says what its sources say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from explain_log.briefing import Briefing
from explain_log.citations import path_kind
from explain_log.narration.verifier.evidence import Evidence
from explain_log.narration.verifier.labels import labels

_WORD = re.compile(r"[A-Za-z][A-Za-z]{3,}")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_STEM = 5
_SHARED = 0.5


def echoes(text: str, evidence: Evidence, briefing: Briefing) -> bool:
    """Whether at least half of a sentence's words, or pairs of characters, stand in the texts of its sources."""
    pieces = _pieces(text)
    if not pieces:
        return True
    told = set[str]()
    for finding in evidence.findings:
        told |= _of_finding(finding.id, briefing)
        told |= _pieces(f"{finding.title} {finding.detail}")
    for term in evidence.terms:
        told |= _of_term(term, briefing)
    for atom in evidence.atoms:
        row = labels().get(path_kind(atom.cite.removeprefix("fact:"))) if atom.cite.startswith("fact:") else None
        if row:
            told |= _pieces(row[briefing.language])
    return len(pieces & told) >= _SHARED * len(pieces)


@lru_cache(maxsize=8192)
def _pieces(text: str) -> frozenset[str]:
    """The stems of a text's Latin words and the pairs of its Han characters."""
    found = {word.casefold()[:_STEM] for word in _WORD.findall(text)}
    for run in _HAN.findall(text):
        found |= {run[n : n + 2] for n in range(len(run) - 1)}
    return frozenset(found)


def _of_finding(name: str, briefing: Briefing) -> frozenset[str]:
    return _pieces(_flat(briefing.knowledge.finding(name) or {}, briefing.language))


def _of_term(name: str, briefing: Briefing) -> frozenset[str]:
    return _pieces(_flat(briefing.knowledge.term(name) or {}, briefing.language))


def _flat(entry: Any, language: str, *, within: bool = False) -> str:
    """All texts of an entry in one language; not what people get wrong."""
    if isinstance(entry, str):
        return entry if within else ""
    if isinstance(entry, dict):
        return " ".join(
            _flat(item, language, within=within or key == language)
            for key, item in entry.items()
            if key not in ("zh", "en", "says", "patterns", "wrong", "about", "right") or key == language
        )
    if isinstance(entry, list):
        return " ".join(_flat(item, language, within=within) for item in entry)
    return ""
