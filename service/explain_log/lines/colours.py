"""Terminal escapes: colours, cursor moves, titles."""

from __future__ import annotations

import re

_ESCAPES: re.Pattern[str] | None = None


def without_colours(text: str) -> str:
    """Without terminal escapes: colours, cursor moves, titles, character sets (`tput sgr0` writes one)."""
    global _ESCAPES  # noqa: PLW0603 - compiled once, and only for logs that have colours
    if _ESCAPES is None:
        sequences = (r"\[[0-?]*[ -/]*[@-~]", r"\][^\x07\x1b]*(?:\x07|\x1b\\)?", r"[ -/]+[0-~]", r"[0-Z\\^-~]")
        _ESCAPES = re.compile(f"\x1b(?:{'|'.join(sequences)})")
    return _ESCAPES.sub("", text).replace("\x1b", "")
