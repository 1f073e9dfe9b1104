"""Numerals in words: 两, 八, 十二, 三十, eight, sixty-four."""

from __future__ import annotations

from explain_log.narration.verifier.lexicon import lexicon

NUMERAL_ZH = "[一二两三四五六七八九十百千零〇]+"


def numeral(text: str) -> float:
    """The value of digits or of a numeral in words; 0 where it is none."""
    if text[:1].isdigit():
        return float(text)
    english = lexicon().numerals_en.get(text.casefold())
    return float(english) if english is not None else float(_chinese(text))


def _chinese(text: str) -> int:
    """十二 is 12, 三十 is 30, 一百二十八 is 128."""
    values = lexicon().numerals_zh
    total, digit = 0, 0
    for character in text:
        value = values.get(character, 0)
        if value >= 10:
            total += (digit or 1) * value
            digit = 0
        else:
            digit = value
    return total + digit
