"""Misreadings: wrong claims about a term, as the glossary knows them, refuse a sentence.

A misreading is found by a pattern, or by words: one that it is about and, in the same sentence, one that is wrong of
it and not denied, unless a word stands there by which the sentence gets it right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.claim_words import any_of
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.verdict import Code, Objection

_GAP = re.compile(r"…")
_ANYTHING = {"zh": r"[^。；]{0,14}?", "en": r"[^.;]{0,40}?"}


@dataclass(frozen=True)
class Misreading:
    """One known mistake about a term. about, wrong, right: None where only patterns tell it."""

    term: str
    pattern: re.Pattern[str]
    about: re.Pattern[str] | None
    wrong: re.Pattern[str] | None
    right: re.Pattern[str] | None
    correction: str

    def found(self, text: str) -> tuple[int, int] | None:
        """Where a sentence makes the mistake; None: it does not."""
        match = self.pattern.search(text)
        if match:
            return match.span()
        if self.about is None or self.wrong is None or not self.about.search(text):
            return None
        if self.right is not None and self.right.search(text):
            return None
        return next((m.span() for m in self.wrong.finditer(text) if not is_negated(text, m.start(), 0)), None)


def misreadings(text: str, cites: list[str], language: str, knowledge: Knowledge) -> list[Objection]:
    """The objections to a sentence that makes known mistakes, each with what is right.

    The patterns of the terms that it cites come first: their correction fits best.
    """
    found = [
        (wrong.term, wrong.correction, span)
        for wrong in _known(knowledge, language)
        for span in [wrong.found(text)]
        if span
    ]
    found.sort(key=lambda entry: f"term:{entry[0]}" not in cites)
    return [
        Objection(
            Code.MISREADING, "MISREADING", {"correction": correction}, *span, contradicted=True, cites=(f"term:{term}",)
        )
        for term, correction, span in found
    ]


@lru_cache(maxsize=4)
def _known(knowledge: Knowledge, language: str) -> list[Misreading]:
    """Every misreading of the glossary."""
    found = []
    for term_id in knowledge.keys("terms"):
        entry = knowledge.term(term_id) or {}
        for wrong in entry.get("misreading", []):
            joined = "|".join(f"(?:{pattern})" for pattern in wrong["patterns"][language])
            words = [_words(wrong.get(kind), language) for kind in ("about", "wrong", "right")]
            pattern = re.compile(joined, re.IGNORECASE)
            found.append(Misreading(term_id, pattern, *words, correction=wrong["correction"][language]))
    return found


def _words(entry: dict[str, list[str]] | None, language: str) -> re.Pattern[str] | None:
    """Words as one pattern; … in one stands for anything short. None where there are none."""
    names = (entry or {}).get(language)
    if not names:
        return None
    parts = [_ANYTHING[language].join(any_of([p.strip()]).pattern for p in _GAP.split(name)) for name in names]
    return re.compile("|".join(sorted(parts, key=len, reverse=True)), re.IGNORECASE)
