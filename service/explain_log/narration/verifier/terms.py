"""Misreadings: wrong claims about a term, as the glossary knows them, refuse a sentence.

A misreading is found by phrases: one that it is about, in the sentence or as the term that it cites, and one that is
wrong of it and not denied, unless a phrase stands there by which the sentence gets it right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.denials import Span, is_denied, units
from explain_log.narration.verifier.phrases import Phrases
from explain_log.narration.verifier.verdict import Code, Objection


@dataclass(frozen=True)
class Misreading:
    """One known mistake about a term."""

    term: str
    about: Phrases
    wrong: Phrases
    right: Phrases | None
    correction: str

    def found(self, text: str, cites: str, language: str) -> Span | None:
        """Where a text makes the mistake; None: it does not. cites: the terms it cites, as one text."""
        for start, end in units(text, language):
            about = [span for spans in self.about.found(text, start, end) for span in spans]
            if not about and not any(self.about.found(cites, 0, len(cites))):
                continue
            for parts in self.wrong.found(text, start, end):
                if is_denied(text, parts, [*parts, *about], start, end, language):
                    continue
                if not self._is_right(text, start, end, language):
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

    Those about the terms that it cites come first: their correction fits best.
    """
    ids = " ".join(_named(cite) for cite in cites if cite.startswith(("term:", "finding:")))
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


def _named(cite: str) -> str:
    """A cite as phrases name it: term:bpe, load_vocab_only; so a part of a finding's id names nothing."""
    return cite if cite.startswith("term:") else cite.removeprefix("finding:").split("@")[0].replace(".", "_")


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
            about, says, right = (
                Phrases.of((wrong.get(kind) or {}).get(language), synonyms, language)
                for kind in ("about", "wrong", "right")
            )
            if about and says:
                found.append(Misreading(term_id, about, says, right, wrong["correction"][language]))
    return Known(tuple(found), tuple(each.wrong.hints for each in found))
