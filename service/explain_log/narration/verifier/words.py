"""Lists of words as one pattern each, and what each word stands for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A set of words as one pattern; `ids` tells what each of them stands for."""

    pattern: re.Pattern[str]
    ids: dict[str, frozenset[str]]

    def found(self, text: str) -> list[tuple[int, int, frozenset[str]]]:
        """(start, end, ids) of each word in a text, in order, the longest first where they overlap."""
        return [(m.start(), m.end(), self.ids.get(key_of(m[0]), frozenset())) for m in self.pattern.finditer(text)]

    def all_ids(self, text: str) -> set[str]:
        """Everything that the words of a text stand for."""
        return {each for _, _, ids in self.found(text) for each in ids}


def words_of(groups: dict[str, list[str]]) -> Words:
    """Words of several kinds as one pattern."""
    ids: dict[str, set[str]] = defaultdict(set)
    for name, words in groups.items():
        for word in words:
            ids[key_of(word)].add(name)
    every = [word for words in groups.values() for word in words]
    return Words(any_of(every) if every else re.compile(r"(?!)"), {key: frozenset(names) for key, names in ids.items()})


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern of words: blanks may be missing between scripts, Latin words stand alone, the longest first.

    What words have in common at their beginning is tried once: a list of hundreds is read many times a sentence.
    """
    latin: _Tree = {}
    other: _Tree = {}
    for word in words:
        node = latin if _is_latin(word[0]) else other
        blank = r"[ \-]?" if _is_mixed(word) else r"[ \-]+"
        for part in re.findall(r" +|[^ ]", word):
            node = node.setdefault(blank if part[0] == " " else re.escape(part.lower()), {})
        node[""] = {_STANDS_ALONE: {}} if _is_latin(word[-1]) else {}
    parts = [r"(?<![A-Za-z0-9_])" + _pattern(latin)] if latin else []
    parts += [_pattern(other)] if other else []
    return re.compile("|".join(parts), re.IGNORECASE)


_Tree = dict[str, "_Tree"]
_STANDS_ALONE = r"(?![A-Za-z0-9_])"


def _pattern(node: _Tree) -> str:
    """What can follow, the longer before the end."""
    parts = [part + _pattern(child) for part, child in node.items() if part]
    if "" in node:
        parts.append(next(iter(node[""]), ""))
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})" if parts else ""


def _is_latin(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _is_mixed(word: str) -> bool:
    return not word.isascii() or "attention" in word.casefold()


def key_of(word: str) -> str:
    """A word without what may differ between two ways of writing it."""
    return word.casefold().replace(" ", "").replace("-", "")
