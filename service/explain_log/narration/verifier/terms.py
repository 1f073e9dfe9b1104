"""Misreadings: wrong claims about a term, as the glossary knows them, refuse a sentence."""

from __future__ import annotations

import re
from functools import lru_cache

from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.verdict import Code, Objection


def misreading(text: str, language: str, knowledge: Knowledge) -> Objection | None:
    """The objection to a sentence that makes one of the known mistakes, with what is right."""
    for pattern, correction in _patterns(knowledge, language):
        if pattern.search(text):
            return Objection(Code.MISREADING, "MISREADING", {"correction": correction})
    return None


@lru_cache(maxsize=4)
def _patterns(knowledge: Knowledge, language: str) -> list[tuple[re.Pattern[str], str]]:
    """Every misreading of the glossary: its patterns as one, and its correction."""
    found = []
    for term_id in knowledge.keys("terms"):
        entry = knowledge.term(term_id) or {}
        for wrong in entry.get("misreading", []):
            joined = "|".join(f"(?:{pattern})" for pattern in wrong["patterns"][language])
            found.append((re.compile(joined, re.IGNORECASE), wrong["correction"][language]))
    return found
