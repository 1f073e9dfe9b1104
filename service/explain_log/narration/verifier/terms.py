"""Misreadings: wrong claims about a term, as the glossary knows them, refuse a sentence."""

from __future__ import annotations

import re
from functools import lru_cache

from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.verdict import Code, Objection


def misreadings(text: str, cites: list[str], language: str, knowledge: Knowledge) -> list[Objection]:
    """The objections to a sentence that makes known mistakes, each with what is right.

    The patterns of the terms that it cites come first: their correction fits best.
    """
    found = [
        (term, correction, match.span())
        for term, pattern, correction in _patterns(knowledge, language)
        for match in [pattern.search(text)]
        if match
    ]
    found.sort(key=lambda entry: f"term:{entry[0]}" not in cites)
    return [
        Objection(
            Code.MISREADING, "MISREADING", {"correction": correction}, *span, contradicted=True, cites=(f"term:{term}",)
        )
        for term, correction, span in found
    ]


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
