"""Which of the two languages a reader gets: `auto` asks the locale."""

from __future__ import annotations

import os
import sys

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE")
_WINDOWS_CHINESE = 0x04


def language_of(choice: str) -> str:
    """zh or en for `auto`, `zh` or `en`."""
    return locale_language() if choice == "auto" else choice


def locale_language() -> str:
    """zh where the locale is a Chinese one, else en."""
    for name in _VARIABLES:
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return _windows_language() if sys.platform == "win32" else "en"


def _windows_language() -> str:
    """By the language of the user interface, since Windows sets none of the variables."""
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - absent elsewhere
    return "zh" if kernel.GetUserDefaultUILanguage() & 0x3FF == _WINDOWS_CHINESE else "en"
