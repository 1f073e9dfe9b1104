"""The texts of lines that findings may show, kept as evidence: of those that some fact names, and of the last ones."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from explain_log.knowledge import Knowledge

MOST_TEXTS = 40_000
"""From so many on it is looked which lines are named; the others' texts are dropped but for the last ones."""

RECENT_TEXTS = 8_000
"""What a line tells may become a fact only when later lines complete it."""

_OWN = "explain_log."


class Texts:
    """Adds texts to a dict (line number → text) and keeps it small. owners: all that may name lines."""

    def __init__(
        self, texts: dict[int, str], owners: Iterable[object], *, most: int = MOST_TEXTS, recent: int = RECENT_TEXTS
    ) -> None:
        self._texts, self._owners = texts, tuple(owners)
        self._most = self._limit = most
        self._recent = recent

    def add(self, number: int, text: str) -> None:
        """Keeps the text of a line for now."""
        self._texts[number] = text
        if len(self._texts) > self._limit:
            self._drop()

    def _drop(self) -> None:
        named = numbers_in(self._owners)
        texts = self._texts
        for number in list(islice(texts, max(0, len(texts) - self._recent))):
            if number not in named:
                del texts[number]
        self._limit = max(self._most, 2 * len(texts))


def numbers_in(owners: Iterable[object]) -> set[int]:
    """All whole numbers that records, statements and those who collect them hold, line numbers among them.

    That some are no line numbers but token counts keeps a few texts too many, and no fact can be forgotten.
    """
    found: set[int] = set()
    seen: set[int] = set()
    left: list[Any] = list(owners)
    while left:
        value = left.pop()
        kind = type(value)
        if kind is int:
            found.add(value)
        elif kind in (list, tuple, set):
            left += value
        elif kind is dict:
            left += value.values()
            left += [key for key in value if type(key) is int]
        elif kind.__module__.startswith(_OWN) and kind is not Knowledge and id(value) not in seen:
            seen.add(id(value))
            left += _held(value)
    return found


def _held(value: Any) -> list[Any]:
    """What an object's attributes hold."""
    names = getattr(type(value), "__slots__", None)
    return list(vars(value).values()) if names is None else [getattr(value, name, None) for name in names]
