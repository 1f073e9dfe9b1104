"""Brings a sentence into the form that the verifier reads: half-width digits, plain blanks, no markup."""

from __future__ import annotations

import re

MASK = "\x00"
"""Stands for each character of a name, so that its digits are no numbers and all places stay."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_SAME = {
    **_FULL_WIDTH,
    **{ord(a): b for a, b in zip("％＝＋－／～．＜＞＃", "%=+-/~.<>#", strict=True)},
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000\t\n\r\x00"), " "),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), ""),
    **dict.fromkeys(map(ord, "`"), ""),
    ord("−"): "-",
    ord("’"): "'",
}
_BLANKS = re.compile(r" {2,}")


def normalise(text: str) -> str:
    """The sentence as the verifier reads it."""
    return _BLANKS.sub(" ", text.translate(_SAME).replace("**", "")).strip()


def mask(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with these places masked."""
    for start, end in spans:
        text = text[:start] + MASK * (end - start) + text[end:]
    return text
