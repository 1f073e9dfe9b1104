"""The words of knowledge/verifier_words.toml, compiled once for the verifier."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from explain_log.knowledge import load

Dim = tuple[str, float]
"""What a number may measure, and the factor that turns it into the base unit."""


@dataclass(frozen=True)
class Lexicon:
    """Units, numerals, hedges and the other words by which a sentence is read."""

    units: dict[str, tuple[Dim, ...]]
    unit: re.Pattern[str]
    measure: re.Pattern[str]
    measure_alone: dict[str, tuple[Dim, ...]]
    function_characters: frozenset[str]
    modifiers: re.Pattern[str]
    multipliers: dict[str, tuple[float, ...]]
    multiplier: re.Pattern[str]
    numerals_zh: dict[str, int]
    numerals_en: dict[str, int]
    numeral_en: re.Pattern[str]
    ratios: dict[str, float]
    ratio: re.Pattern[str]
    hedges: dict[str, re.Pattern[str]]
    hedge_after: re.Pattern[str]
    hedge_after_over: re.Pattern[str]
    index: dict[str, re.Pattern[str]]
    aliases: dict[str, str]
    fields: tuple[tuple[re.Pattern[str], str], ...]
    advice: dict[str, re.Pattern[str]]
    everyday: frozenset[str]
    latin: re.Pattern[str]
    families: frozenset[str]
    traditional: frozenset[str]

    def dim_of_field(self, name: str) -> str:
        """What a value measures, by the name of its field; "any" where the name does not tell."""
        return next((dim for pattern, dim in self.fields if pattern.search(name)), "any")


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon of this installation."""
    words = load().table("verifier_words")
    units = {name: _dims(entry["dims"]) for entry in words["unit"] for name in entry["names"]}
    hedges = dict(words["hedges"])
    after, after_over = hedges.pop("after"), hedges.pop("after_over")
    everyday = words["everyday"]
    english = dict(words["numerals"]["en"])
    tens = {name: value for name, value in english.items() if value in range(20, 100, 10)}
    ones = {name: value for name, value in english.items() if 0 < value < 10}
    english |= {f"{ten}-{one}": tens[ten] + ones[one] for ten in tens for one in ones}
    return Lexicon(
        units=units,
        unit=re.compile(rf"[ \-]?({_any_of(units)})"),
        measure=re.compile(rf" ?([{''.join(words['measure']['words'])}]) ?"),
        measure_alone={word: _dims(dims) for word, dims in words["measure"]["alone"].items()},
        function_characters=frozenset(words["function_words"]["zh"]),
        modifiers=re.compile(rf"(?:[ \-](?!(?:{_any_of(words['function_words']['en'])}))[A-Za-z\x00]+){{1,2}}"),
        multipliers={name: tuple(factors) for name, factors in words["multipliers"].items()},
        multiplier=re.compile(rf" ?({_any_of(words['multipliers'])})"),
        numerals_zh=words["numerals"]["zh"],
        numerals_en=english,
        numeral_en=re.compile(_words(english), re.IGNORECASE),
        ratios={name.casefold(): value for name, value in words["ratios"].items()},
        ratio=re.compile(_words(words["ratios"]), re.IGNORECASE),
        hedges={
            kind: re.compile(rf"(?:{_any_of(names)})\s*(?:有|为|是|of|the|a)?\s*$", re.IGNORECASE)
            for kind, names in hedges.items()
        },
        hedge_after=re.compile(rf"\s*(?:{_any_of(after)})"),
        hedge_after_over=re.compile(rf"\s*(?:{_any_of(after_over)})(?![少种])"),
        index={
            kind: re.compile(rf"(?:{_words(nouns)})\s*#?\s*$", re.IGNORECASE) for kind, nouns in words["index"].items()
        },
        aliases=words["aliases"],
        fields=tuple((re.compile(entry["match"]), entry["dim"]) for entry in words["field"]),
        advice={language: re.compile(_words(names), re.IGNORECASE) for language, names in words["advice"].items()},
        everyday=frozenset(name.casefold() for name in everyday["names"]),
        latin=re.compile(_words(everyday["latin"]), re.IGNORECASE),
        families=frozenset(everyday["families"]),
        traditional=frozenset(words["script"]["traditional"]),
    )


def _dims(entries: list[list[str | float]]) -> tuple[Dim, ...]:
    return tuple((str(name), float(factor)) for name, factor in entries)


def _any_of(names: Iterable[str]) -> str:
    """An alternation, longest first; a Latin word ends where no letter or digit follows."""
    return "|".join(
        re.escape(name) + (r"(?![A-Za-z0-9_])" if name[-1].isascii() and name[-1].isalnum() else "")
        for name in sorted(names, key=len, reverse=True)
    )


def _words(names: Iterable[str]) -> str:
    """The same for words that stand alone: a Latin one also begins where none precedes."""
    return "|".join(
        (r"(?<![A-Za-z0-9_])" if name[0].isascii() and name[0].isalnum() else "") + _any_of([name])
        for name in sorted(names, key=len, reverse=True)
    )
