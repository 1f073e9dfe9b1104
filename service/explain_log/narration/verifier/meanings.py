"""The words of knowledge/opposites.toml: which way a text says that something is, and what its words mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from explain_log.knowledge import load
from explain_log.narration.verifier.words import Words, any_of, words_of

_WORD = re.compile(r"[A-Za-z][A-Za-z]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_STEM = 5


@dataclass(frozen=True)
class Meanings:
    """axes: words that say which way something is, "-" before the axis for minus; unless: by axis, what its words must
    not stand beside.  alike: words by their meaning.

    empty: words that mean nothing of their own.
    """

    axes: Words
    unless: dict[str, re.Pattern[str]]
    alike: Words
    empty_latin: frozenset[str]
    empty_han: re.Pattern[str]


@dataclass(frozen=True)
class Stance:
    """A place where a text says which way something is: the axis, and whether it is its plus."""

    axis: str
    plus: bool
    start: int
    end: int


@lru_cache(maxsize=1)
def meanings() -> Meanings:
    """The words of this installation."""
    says = load().table("opposites")
    axes = {sign + entry["id"]: entry[key] for entry in says["axis"] for sign, key in (("", "plus"), ("-", "minus"))}
    return Meanings(
        axes=words_of(axes),
        unless={entry["id"]: any_of(entry["unless"]) for entry in says["axis"] if "unless" in entry},
        alike=words_of({str(n): entry["words"] for n, entry in enumerate(says["alike"])}),
        empty_latin=frozenset(word[:_STEM] for word in says["empty"]["en"]),
        empty_han=re.compile("|".join(sorted(map(re.escape, says["empty"]["zh"]), key=len, reverse=True))),
    )


@lru_cache(maxsize=8192)
def pieces(text: str) -> frozenset[str]:
    """What the words of a text mean, words that mean the same as one: stems of Latin words, pairs of Han characters."""
    words = meanings()
    found: set[str] = set()
    rest: list[str] = []
    place = 0
    for start, end, ids in words.alike.found(text):
        found |= ids
        rest.append(text[place:start])
        place = end
    left = " ".join([*rest, text[place:]])
    found |= {word.casefold()[:_STEM] for word in _WORD.findall(left)} - words.empty_latin
    for run in _HAN.findall(words.empty_han.sub(" ", left)):
        found |= {run[n : n + 2] for n in range(len(run) - 1)}
    return frozenset(found)
