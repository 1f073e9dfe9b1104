"""Misreadings: wrong claims about a term, as the glossary knows them, refuse a sentence."""

from __future__ import annotations

import re
from functools import lru_cache

from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.verdict import Code, Objection


def misreading(text: str, cites: list[str], language: str, knowledge: Knowledge) -> Objection | None:
    """The objection to a sentence that makes one of the known mistakes, with what is right.

    The patterns of the terms that it cites come first: their correction fits best.
    """
    found = [(term, correction) for term, pattern, correction in _patterns(knowledge, language) if pattern.search(text)]
    if not found:
        return None
    _, correction = next((f for f in found if f"term:{f[0]}" in cites), found[0])
    return Objection(Code.MISREADING, "MISREADING", {"correction": correction})


@lru_cache(maxsize=4)
def _patterns(knowledge: Knowledge, language: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Every misreading of the glossary: its term, its patterns as one, its correction."""
    found = []
    for term_id in knowledge.keys("terms"):
        entry = knowledge.term(term_id) or {}
        for wrong in entry.get("misreading", []):
            joined = "|".join(f"(?:{pattern})" for pattern in wrong["patterns"][language])
            found.append((term_id, re.compile(joined, re.IGNORECASE), wrong["correction"][language]))
    return found
