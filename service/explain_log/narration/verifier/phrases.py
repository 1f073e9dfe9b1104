"""Phrases of the glossary's misreadings, as patterns.

In a phrase … stands for something short that denies nothing, # for a number, <name> for a class of
knowledge/synonyms.toml, a * at the end of a Latin word for any ending, and & stands between parts that a sentence
has in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from explain_log.narration.verifier.denials import GAP, Span

Synonyms = dict[str, list[str]]

_PIECES = re.compile(r"(…|#|<[a-z_]+>)")
_NUMBER = {
    "zh": r"(?<![\d.])(?:\d[\d,.]*|[一二两三四五六七八九十百千万几]+)(?:\s?[kK万千百])?",
    "en": r"(?<![A-Za-z\d.])(?:\d[\d,]*(?:\.\d+)?k?|one|two|three|four|five|six|seven|eight|nine|ten|thousands|several)"
    r"(?![A-Za-z])",
}
_BETWEEN = {"zh": r"\s?", "en": r"[\s\-]*(?:(?:the|a|an|its|their|your|this|that|of|as|to|in)\s+)?"}


@dataclass(frozen=True)
class Phrases:
    """Phrases of one kind, compiled when they are first looked for.

    phrases: each as its parts.  hints: folded letters, some of which stand in every text that has one of the phrases.
    """

    phrases: tuple[tuple[str, ...], ...]
    hints: frozenset[str]
    synonyms: Synonyms
    language: str

    @staticmethod
    def of(words: Sequence[str] | None, synonyms: Synonyms, language: str) -> Phrases | None:
        """The phrases of an entry; None where there are none. Raises KeyError for an unknown class."""
        if not words:
            return None
        phrases = tuple(tuple(part.strip() for part in word.split("&")) for word in words)
        hints = frozenset().union(*(_hints(parts, synonyms) for parts in phrases))
        return Phrases(phrases, hints, synonyms, language)

    @cached_property
    def _single(self) -> re.Pattern[str] | None:
        alone = [_source(parts[0], self.synonyms, self.language) for parts in self.phrases if len(parts) == 1]
        return re.compile("|".join(sorted(alone, key=len, reverse=True)), re.IGNORECASE) if alone else None

    @cached_property
    def _several(self) -> list[list[re.Pattern[str]]]:
        return [
            [re.compile(_source(part, self.synonyms, self.language), re.IGNORECASE) for part in parts]
            for parts in self.phrases
            if len(parts) > 1
        ]

    def found(self, text: str, start: int, end: int) -> Iterator[list[Span]]:
        """The spans of the parts of each phrase that a stretch of text has."""
        if self._single is not None:
            for match in self._single.finditer(text, start, end):
                yield [match.span()]
        for parts in self._several:
            found = [part.search(text, start, end) for part in parts]
            if all(found):
                yield [match.span() for match in found if match]


def _source(phrase: str, synonyms: Synonyms, language: str) -> str:
    found: list[str] = []
    for piece in _PIECES.split(phrase):
        word = piece.strip()
        if not word:
            continue
        if word == "…":
            found.append(GAP[language])
            continue
        if found and found[-1] != GAP[language]:
            found.append(_BETWEEN[language])
        found.append(_piece(word, synonyms, language))
    return f"(?:{''.join(found)})"


def _piece(word: str, synonyms: Synonyms, language: str) -> str:
    if word == "#":
        return _NUMBER[language]
    if word.startswith("<"):
        return _any_of(tuple(synonyms[word[1:-1]]), language)
    return _literal(word)


@lru_cache(maxsize=256)
def _any_of(words: tuple[str, ...], language: str) -> str:
    return f"(?:{'|'.join(_source(word, {}, language) for word in sorted(words, key=len, reverse=True))})"


def _literal(word: str) -> str:
    stem = word.rstrip("*")
    head = r"(?<![A-Za-z0-9_])" if _is_latin(stem[0]) and not stem.startswith("n't") else ""
    tail = r"(?![A-Za-z0-9_])" if _is_latin(stem[-1]) else ""
    blank = r"[\\s\\-]?" if any(not c.isascii() for c in stem) else r"[\\s\\-]+"
    inner = re.sub(r"(?:\\ )+", blank, re.escape(stem)).replace(r"\*", "[a-z]*")
    return head + inner + ("[a-z0-9_]*" if stem != word else tail)


def _is_latin(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _hints(parts: Sequence[str], synonyms: Synonyms) -> frozenset[str]:
    """Letters of which a text must have some to have a phrase: its longest word, or any word of one of its classes."""
    pieces = [piece for part in parts for piece in _PIECES.split(part)]
    letters = [word for piece in pieces for word in _words(piece)]
    if letters:
        return frozenset([max(letters, key=len)])
    classes = [synonyms[piece[1:-1]] for piece in pieces if piece.startswith("<")]
    smallest = min(classes, key=len)
    return frozenset(max(_words(word), key=len) for word in smallest)


def _words(piece: str) -> list[str]:
    if piece in ("…", "#") or piece.startswith("<"):
        return []
    return [word for word in re.split(r"[\s\-*]+", piece.casefold()) if word]
