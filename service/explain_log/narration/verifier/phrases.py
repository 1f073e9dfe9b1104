"""Phrases of the glossary's misreadings, as patterns.

In a phrase … stands for something short that denies nothing, # for a number, <name> for a class of knowledge/synonyms.toml,
a * at the end of a Latin word for any ending, and & for parts that stand in one clause in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from explain_log.narration.verifier.denials import GAP, clauses

Span = tuple[int, int]

_PIECES = re.compile(r"(…|#|<[a-z_]+>)")
_NUMBER = {
    "zh": r"(?<![\d.])(?:\d[\d,.]*|[一二两三四五六七八九十百千万几]+)(?:\s?[kK万千百])?",
    "en": r"(?<![A-Za-z\d.])(?:\d[\d,]*(?:\.\d+)?k?|one|two|three|four|five|six|seven|eight|nine|ten|thousands|several)"
    r"(?![A-Za-z])",
}
_BETWEEN = {"zh": r"\s?", "en": r"[\s\-]*(?:(?:the|a|an|its|their|your|this|that|of|as|to|in)\s+)?"}
_MOST = 40


@dataclass(frozen=True)
class Phrases:
    """Phrases of one kind. single: those of one part as one pattern; several: those of more parts. hints: see Known."""

    single: re.Pattern[str] | None
    several: tuple[tuple[re.Pattern[str], ...], ...]
    hints: frozenset[str]
    language: str

    @staticmethod
    def of(words: Sequence[str] | None, synonyms: dict[str, list[str]], language: str) -> Phrases | None:
        """Words of the glossary compiled; None where there are none. Raises KeyError for an unknown class."""
        if not words:
            return None
        split = [[part.strip() for part in word.split("&")] for word in words]
        alone = [_source(parts[0], synonyms, language) for parts in split if len(parts) == 1]
        single = re.compile("|".join(alone), re.IGNORECASE) if alone else None
        several = tuple(
            tuple(re.compile(_source(part, synonyms, language), re.IGNORECASE) for part in parts)
            for parts in split
            if len(parts) > 1
        )
        return Phrases(single, several, _hints(split, synonyms), language)

    def found(self, text: str, start: int, end: int) -> Iterator[list[Span]]:
        """The spans of the parts of each phrase that a stretch of text has."""
        if self.single is not None:
            for match in self.single.finditer(text, start, end):
                yield [match.span()]
        for parts in self.several:
            if not all(part.search(text, start, end) for part in parts):
                continue
            for first, last in clauses(text, start, end, self.language):
                found = [part.search(text, first, last) for part in parts]
                if all(found):
                    yield [match.span() for match in found if match]


def _source(phrase: str, synonyms: dict[str, list[str]], language: str) -> str:
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


def _piece(word: str, synonyms: dict[str, list[str]], language: str) -> str:
    if word == "#":
        return _NUMBER[language]
    if word.startswith("<"):
        return _class(tuple(synonyms[word[1:-1]]), language)
    return _literal(word)


@lru_cache(maxsize=256)
def _class(words: tuple[str, ...], language: str) -> str:
    nested: dict[str, list[str]] = {}
    return f"(?:{'|'.join(_source(word, nested, language) for word in sorted(words, key=len, reverse=True))})"


def _literal(word: str) -> str:
    open_ended = word.endswith("*")
    word = word.rstrip("*")
    head = r"(?<![A-Za-z0-9_])" if _is_latin(word[0]) else ""
    tail = r"(?![A-Za-z0-9_])" if _is_latin(word[-1]) and not open_ended else "[a-z]*" if open_ended else ""
    blank = r"[\\s\\-]?" if any(not c.isascii() for c in word) else r"[\\s\\-]+"
    inner = re.sub(r"(?:\\ )+", blank, re.escape(word))
    return head + inner.replace(r"\*", "[a-z]*") + tail


def _is_latin(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _hints(split: list[list[str]], synonyms: dict[str, list[str]]) -> frozenset[str]:
    """For each phrase the letters of one of its words, folded; empty where a phrase has none that it needs."""
    found: set[str] = set()
    for parts in split:
        letters = [w for part in parts for piece in _PIECES.split(part) for w in _words(piece)]
        if letters:
            found.add(max(letters, key=len))
            continue
        classes = [piece[1:-1] for part in parts for piece in _PIECES.split(part) if piece.startswith("<")]
        options = [[max(_words(word), key=len) for word in synonyms[name]] for name in classes]
        if not options:
            return frozenset()
        found.update(min(options, key=len))
    return frozenset(found) if len(found) <= 4 * _MOST else frozenset()


def _words(piece: str) -> list[str]:
    if piece in ("…", "#") or piece.startswith("<"):
        return []
    return [w for w in re.split(r"[\s\-*…#]+", piece.casefold()) if w]
