"""What an option's value may be, wherever it was given: command line, environment or config.toml."""

from __future__ import annotations

import re
from typing import Any

from explain_log.cli.options import Option
from explain_log.errors import InputError
from explain_log.render.words import Words

Value = str | int | bool | None
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_LARGEST_PORT = 65535
TIME_LIMITS = ("connect", "first", "between", "total")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


def checked(option: Option, value: Any, name: str, words: Words) -> Value:
    """The value in the option's type. Raises InputError that names where it was given."""
    found = _converted(option, value)
    if found is None:
        raise InputError("error.bad_value", name=name, value=repr(value), allowed=allowed_values(option, words))
    return found


def allowed_values(option: Option, words: Words) -> str:
    """What an option can be, for an error."""
    return ", ".join(option.choices) if option.choices else words(f"error.{option.kind}")


def time_limits(text: str) -> dict[str, float] | None:
    """`first=600,total=1200` as seconds by name, or None where it is none."""
    limits = {}
    for part in text.split(","):
        name, _, seconds = (word.strip() for word in part.partition("="))
        if name not in TIME_LIMITS or name in limits or not _SECONDS.fullmatch(seconds) or not float(seconds):
            return None
        limits[name] = float(seconds)
    return limits


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that was probably meant, if any."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, 0.6)), None)


def _converted(option: Option, value: Any) -> Value:
    """The value in the option's type, or None where it cannot be one."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if option.kind == "flag":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else None
    if isinstance(value, (bool, list, dict)):
        return None
    if option.kind == "choice":
        return text if text in option.choices else None
    if option.kind == "timeouts":
        return text if time_limits(text) is not None else None
    if option.kind == "text":
        return text if text.strip() else None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        return None
    number = int(text)
    return number if (number <= _LARGEST_PORT if option.kind == "port" else number > 0) else None
