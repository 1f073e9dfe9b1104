"""Makes text from a log harmless: what a terminal or a reader would not show as it is, becomes visible.

A log may hold escape sequences that rename the terminal's window, and bidirectional marks that make a
line read as something else. C0 controls become their Unicode picture, all others `<U+202E>`.
"""

from __future__ import annotations

_PICTURES = {**{code: chr(0x2400 + code) for code in range(0x20)}, 0x7F: "␡"}
_NAMED = [*range(0x80, 0xA0), 0x061C, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
_HARMLESS = _PICTURES | {code: f"<U+{code:04X}>" for code in _NAMED} | {0x09: " ", 0x0A: " ", 0x0D: " "}


def visible(text: str) -> str:
    """The text in one line, without anything that a terminal would act on or a reader could not see."""
    return text if text.isascii() and text.isprintable() else text.translate(_HARMLESS)
