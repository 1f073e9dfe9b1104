"""Misreadings: wrong claims about a term, as the glossary knows them, refuse a sentence.

A misreading is found by a pattern, or by words: one that it is about, in the sentence, before it or in its cites, and
one that is wrong of it and not denied, unless a word stands there by which the sentence gets it right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.denials import is_denied, units
from explain_log.narration.verifier.phrases import Phrases
from explain_log.narration.verifier.verdict import Code, Objection


@dataclass(frozen=True)
class Misreading:
    """One known mistake about a term. about, wrong, right: None where only patterns tell it."""

    term: str
    pattern: re.Pattern[str] | None
    correction: str
    about: Phrases | None = None
    wrong: Phrases | None = None
    right: Phrases | None = None

    def found(self, text: str, cites: str, language: str) -> tuple[int, int] | None:
        """Where a sentence makes the mistake; None: it does not. cites: the ids it rests on, as one text."""
        match = self.pattern.search(text) if self.pattern else None
        if match:
            return match.span()
        if self.about is None or self.wrong is None:
            return None
        for start, end in units(text, language):
            for parts in self.wrong.found(text, start, end):
                about = [*self.about.found(text, 0, end)]
                if not about and not any(self.about.found(cites, 0, len(cites))):
                    break
                own = [*parts, *(span for spans in about for span in spans)]
                if is_denied(text, parts, own, start, end, language) or self._is_right(text, start, end, language):
                    continue
                return min(first for first, _ in parts), max(last for _, last in parts)
        return None

    def _is_right(self, text: str, start: int, end: int, language: str) -> bool:
        found = self.right.found(text, start, end) if self.right else ()
        return any(not is_denied(text, parts, parts, start, end, language) for parts in found)


@dataclass(frozen=True)
class Known:
    """The misreadings of a language, and the letters without which a sentence cannot make one of them."""

    all: tuple[Misreading, ...]
    hints: tuple[frozenset[str], ...]

    def candidates(self, text: str) -> list[Misreading]:
        """Those that a folded text may make."""
        return [
            each
            for each, hints in zip(self.all, self.hints, strict=True)
            if not hints or any(hint in text for hint in hints)
        ]


def misreadings(text: str, cites: list[str], language: str, knowledge: Knowledge) -> list[Objection]:
    """The objections to a sentence that makes known mistakes, each with what is right.

    The patterns of the terms that it cites come first: their correction fits best.
    """
    ids = " ".join(cites)
    found = [
        (wrong.term, wrong.correction, span)
        for wrong in _known(knowledge, language).candidates(text.casefold())
        for span in [wrong.found(text, ids, language)]
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
def _known(knowledge: Knowledge, language: str) -> Known:
    """Every misreading of the glossary."""
    synonyms: dict[str, list[str]] = {
        name: words[language] for name, words in knowledge.table("synonyms")["class"].items()
    }
    found = []
    for term_id in knowledge.keys("terms"):
        entry = knowledge.term(term_id) or {}
        for wrong in entry.get("misreading", []):
            patterns = (wrong.get("patterns") or {}).get(language)
            joined = "|".join(f"(?:{pattern})" for pattern in patterns or ())
            pattern = re.compile(joined, re.IGNORECASE) if joined else None
            about, says, right = (
                Phrases.of((wrong.get(kind) or {}).get(language), synonyms, language)
                for kind in ("about", "wrong", "right")
            )
            found.append(Misreading(term_id, pattern, wrong["correction"][language], about, says, right))
    hints = tuple(each.wrong.hints if each.wrong and not each.pattern else frozenset() for each in found)
    return Known(tuple(found), hints)
