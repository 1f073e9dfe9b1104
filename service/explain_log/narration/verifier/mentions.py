"""Finds the quantities that a sentence mentions: number, unit, precision, hedge.

Reads a text whose names are masked. `8,192`, `8k`, `2.5 GiB`, `24%`, `81/81`, `3 分 51 秒`, `八张 GPU`,
`四分之一`, `half`, `第 13–15 行`, `GPU 0` are each one mention, or two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from explain_log.narration.verifier.lexicon import Dim, Lexicon, lexicon
from explain_log.narration.verifier.numerals import NUMERAL_ZH, numeral

ANY: tuple[Dim, ...] = (("any", 1.0),)
_RATIO: tuple[Dim, ...] = (("ratio", 1.0),)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.\x00])(?:\d{1,3}(?:,\d{3})+(?![\d])|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\d)")
_CLOCK = re.compile(
    r"(?<![\d.])(\d+) ?(?:分钟?|min(?:ute)?s?|m) ?(?:and )?(\d+(?:\.\d+)?) ?(?:秒钟?|s(?:ec(?:ond)?s?)?(?![A-Za-z]))"
)
_HOURS = re.compile(r"(?<![\w.])(\d+)h(\d+)m(\d+(?:\.\d+)?)s(?![A-Za-z])")
_ONE_AND_A_HALF = re.compile(r"(?<!\w)(?:an?|one) ([A-Za-z]+) and a half(?!\w)", re.IGNORECASE)
_OF_ZH = re.compile(rf"(百|{NUMERAL_ZH}|\d+) ?分之 ?({NUMERAL_ZH}|\d+(?:\.\d+)?)")
_WORD_ZH = re.compile(rf"(?<![一二三四五六七八九十百千万几数第每之统唯单同])({NUMERAL_ZH})(?= ?[\u4e00-\u9fffA-Za-z])")
_AND_A_HALF = re.compile(
    r"(?<![\w.])(\d+|one|two|three|four|five|six|seven|eight|nine|ten) and a half(?![\w])", re.IGNORECASE
)
_TIMES_AND_HALF = re.compile(rf"({NUMERAL_ZH}|\d+) ?倍半")
_TO_ONE = re.compile(
    r"(?<![\w.])(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen) to (?:one|1)(?!\w|\.\d)",
    re.IGNORECASE,
)
_HALF_A = re.compile(r"(?<!\w)half an?(?!\w)", re.IGNORECASE)
_HALF_ZH = re.compile(r"(?<![一二两三四五六七八九十百大])半个?(?=分钟|小时|秒| ?[GM]i?B)")
_PER_SECOND = re.compile(r"(?:每秒|一秒)(?:钟)?\s?(?:约|大约|近|将近|接近|平均|只有|才|读|能读)*\s?$")
_A_SECOND = re.compile(r"\s?(?:a second|每秒)")
_SEPARATOR = re.compile(r"\s*(?:[-–~到至、，,/和及与]|and|to|or)\s*")
_PART_OF = re.compile(r"\s?[\u4e00-\u9fffA-Za-z\x00 ]{0,10}的\s?")
_ORDINAL = re.compile(r"第\s*$")
_CARD_NUMBER = re.compile(r"\s?号\s?(?:卡|GPU|显卡|设备)")
_TWICE_SOMETHING = re.compile(r"\s+(?:as|the|what|its|that|his|their|of|larger|over|\d)\b|\s*[,.;]?$")
_NEGATIVE = re.compile(r"[=:：是为]\s?[-−]$")
_LOOK_BACK = 16
_MANY = 1e8
"""What is counted in hundreds of millions may be parameters."""
_NOUN_WITHIN = 10


@dataclass(frozen=True)
class Mention:
    """A quantity in a sentence.

    shown: the number as written.  decimals, zeros: its digits after the point, its trailing zeros.
    dims: what it may measure, with the factor to the base unit.  index: it numbers one of these instead.
    hedge: "about", "over", "under".  word: it is written as a word.
    """

    text: str
    start: int
    end: int
    shown: float
    decimals: int = 0
    zeros: int = 0
    dims: tuple[Dim, ...] = ANY
    index: str | None = None
    hedge: str | None = None
    word: bool = False
    scaled: bool = False

    @property
    def has_unit(self) -> bool:
        """Whether the sentence says what the number measures."""
        return self.dims != ANY


def mentions(masked: str) -> list[Mention]:
    """The quantities of a text whose names are masked, in order."""
    found: list[Mention] = []
    for mention in (*_halves(masked), *_composed(masked), *_numbers(masked), *_words(masked)):
        if all(mention.end <= other.start or mention.start >= other.end for other in found):
            found.append(mention)
    return _share_indexes(_share_hedges(sorted(found, key=lambda m: m.start), masked), masked)


def _composed(text: str) -> Iterator[Mention]:
    """Quantities of more than one number: minutes with seconds, fractions in words."""
    for match in _HOURS.finditer(text):
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        yield _finish(text, match.start(), match.end(), seconds, len(match[3].partition(".")[2]), (("time", 1.0),))
    for match in _CLOCK.finditer(text):
        seconds = int(match[1]) * 60 + float(match[2])
        yield _finish(text, match.start(), match.end(), seconds, len(match[2].partition(".")[2]), (("time", 1.0),))
    for match in _OF_ZH.finditer(text):
        below, above = numeral(match[1]), numeral(match[2])
        if match[1] == "百":
            decimals = len(match[2].partition(".")[2])
            yield _finish(text, match.start(), match.end(), above, decimals, (("ratio", 0.01),))
        elif below:
            yield _finish(text, match.start(), match.end(), above / below, 0, _RATIO, word=True)
    for match in lexicon().ratio.finditer(text):
        if match[0].casefold() == "twice" and not _TWICE_SOMETHING.match(text, match.end()):
            continue  # something happened twice
        value = lexicon().ratios[match[0].casefold()]
        yield _finish(text, match.start(), match.end(), value, 0, _RATIO, word=True)


def _halves(text: str) -> Iterator[Mention]:
    """`two and a half times`, `half a GiB`, `两倍半`, `four to one`."""
    for match in _AND_A_HALF.finditer(text):
        dims, end, _ = _unit(text, match.end())
        yield _finish(text, match.start(), end, numeral(match[1]) + 0.5, 1, dims)
    for match in _ONE_AND_A_HALF.finditer(text):
        dims, _, _ = _unit(text, match.start(1))
        if dims != ANY:
            yield _finish(text, match.start(), match.end(), 1.5, 1, dims)
    for match in _TIMES_AND_HALF.finditer(text):
        yield _finish(text, match.start(), match.end(), numeral(match[1]) + 0.5, 1, _RATIO)
    for match in _TO_ONE.finditer(text):
        yield _finish(text, match.start(), match.end(), numeral(match[1]), 0, _RATIO)
    for match in _HALF_ZH.finditer(text):
        dims, end, _ = _unit(text, match.end())
        if dims != ANY:
            yield _finish(text, match.start(), end, 0.5, 1, dims)
    for match in _HALF_A.finditer(text):
        dims, end, _ = _unit(text, match.end())
        if dims != ANY:
            yield _finish(text, match.start(), end, 0.5, 1, dims)


def _numbers(text: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(text):
        plain = match[0].replace(",", "")
        dims, end, scaled = _unit(text, match.end())
        if dims[0][0] == "memory" and (_PER_SECOND.search(text[: match.start()]) or _A_SECOND.match(text, end)):
            dims = tuple(("rate", factor) for _, factor in dims)
        if _NEGATIVE.search(text[: match.start()]):
            plain = f"-{plain}"
        decimals = len(plain.partition(".")[2].partition("e")[0].partition("E")[0])
        mention = _finish(text, match.start(), end, float(plain), decimals, dims)
        zeros = 0 if decimals or float(plain) == 0 else len(plain) - len(plain.rstrip("0"))
        yield replace(mention, zeros=zeros, index=_index(text, match.start(), mention), scaled=scaled)


def _words(text: str) -> Iterator[Mention]:
    """Numerals in words, where a known noun follows; "one" and 一 are no counts but articles."""
    for pattern in (_WORD_ZH, lexicon().numeral_en):
        for match in pattern.finditer(text):
            value = numeral(match[0])
            dims, end, _ = _unit(text, match.end())
            ordinal = _ORDINAL.search(text[: match.start()])
            if value != 1 and dims != ANY and not ordinal:
                yield _finish(text, match.start(), end, value, 0, dims, word=True)


def _finish(
    text: str, start: int, end: int, shown: float, decimals: int, dims: tuple[Dim, ...], *, word: bool = False
) -> Mention:
    return Mention(text[start:end].strip(), start, end, shown, decimals, 0, dims, None, _hedge(text, start, end), word)


def _unit(text: str, at: int) -> tuple[tuple[Dim, ...], int, bool]:
    """What follows a number at this place: (dims, end, whether a multiplier stood there)."""
    words = lexicon()
    factors: tuple[float, ...] = (1.0,)
    multiplier = words.multiplier.match(text, at)
    if multiplier:
        factors, at = words.multipliers[multiplier[1]], multiplier.end()
    dims, end = _noun(words, text, at)
    if dims == ANY and factors[0] >= _MANY:
        dims = (*ANY, ("params", 1.0))
    return tuple((dim, scale * factor) for dim, scale in dims for factor in factors), end, bool(multiplier)


def _noun(words: Lexicon, text: str, at: int) -> tuple[tuple[Dim, ...], int]:
    """The unit that a number counts, directly or after a measure word or adjectives."""
    direct = words.unit.match(text, at)
    if direct:
        return words.units[direct[1]], direct.end()
    measure = words.measure.match(text, at)
    if measure:
        noun = _noun_after_measure(words, text, measure.end())
        if noun:
            return noun
        return words.measure_alone.get(measure[1], ANY), measure.end()
    modifiers = words.modifiers.match(text, at)
    if modifiers:
        for end in range(modifiers.end(), at, -1):
            noun_match = words.unit.match(text, end) if text[end : end + 1] in (" ", "-") else None
            if noun_match:
                return words.units[noun_match[1]], noun_match.end()
    return ANY, at


def _noun_after_measure(words: Lexicon, text: str, at: int) -> tuple[tuple[Dim, ...], int] | None:
    for place in range(at, min(at + _NOUN_WITHIN, len(text))):
        noun = words.unit.match(text, place)
        if noun and noun[1] != "成" and not (noun[1] == "行" and text[place - 1] == "并"):
            return words.units[noun[1]], noun.end()
        if text[place] in words.function_characters or not (text[place].isalpha() or text[place] in " \x00"):
            return None
    return None


def _hedge(text: str, start: int, end: int) -> str | None:
    before = text[max(0, start - _LOOK_BACK) : start]
    for kind in ("over", "under", "about"):
        if lexicon().hedges[kind].search(before):
            return kind
    if lexicon().hedge_after_over.match(text, end):
        return "over"
    return "about" if lexicon().hedge_after.match(text, end) else None


def _index(text: str, start: int, mention: Mention) -> str | None:
    """What the number numbers: `GPU 0`, `line 13`, `第 3 层`."""
    before = text[max(0, start - _LOOK_BACK) : start]
    if _ORDINAL.search(before):
        names = [dim for dim, _ in mention.dims if dim in lexicon().index]
        return names[0] if names else "lines" if not mention.has_unit else None
    if _CARD_NUMBER.match(text, mention.end):
        return "devices"
    if mention.has_unit:
        return None
    return next((kind for kind, pattern in lexicon().index.items() if pattern.search(before)), None)


def _share_hedges(found: list[Mention], text: str) -> list[Mention]:
    """In `不到 24 GiB 显存的四分之一` it is the quarter that is not reached."""
    shared = list(found)
    for place in range(1, len(shared)):
        whole, part = shared[place - 1], shared[place]
        if (
            part.dims[0][0] == "ratio"
            and whole.hedge in ("over", "under")
            and _PART_OF.fullmatch(text[whole.end : part.start])
        ):
            shared[place - 1], shared[place] = replace(whole, hedge=None), replace(part, hedge=whole.hedge)
    return shared


def _share_indexes(found: list[Mention], text: str) -> list[Mention]:
    """In `第 13–15 行` and `lines 13, 14 and 20` all numbers are lines."""
    shared = list(found)
    for position in range(1, len(shared)):
        first, second = shared[position - 1], shared[position]
        if not _SEPARATOR.fullmatch(text[first.end : second.start]):
            continue
        if first.index and not second.has_unit and second.index is None:
            shared[position] = replace(second, index=first.index)
        elif (second.index == "lines" or second.dims[0][0] == "lines") and not first.has_unit:
            shared[position - 1] = replace(first, index="lines")
    return shared
