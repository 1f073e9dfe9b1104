"""The few errors that reach a user. Each carries one line that names the input and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class ExplainLogError(Exception):
    """Base of all errors whose text is shown to the user as it is, without a traceback."""


class InputError(ExplainLogError):
    """What was given cannot be read or used: no such file, not text, a wrong option (exit status 2).

    key: its text in knowledge/messages.toml, which the values fill in; a door tells it in the reader's language.
    As `str` it is English. english: finds the English text of a key; the knowledge, of which errors know
    nothing, puts it in place.
    """

    english: ClassVar[Callable[[str], str] | None] = None

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        find = type(self).english
        return find(self.key).format(**self.values) if find else f"{self.key} {self.values or ''}".rstrip()


class KnowledgeError(ExplainLogError):
    """A file of knowledge/ breaks its format; names the file and the entry."""


class ModelUnavailable(ExplainLogError):
    """No usable answer from a model: not reachable, not there, too slow. The rules' text stands in."""


class ModelOutputError(ModelUnavailable):
    """The model answered, but not with anything that can be used (no JSON, cut off, empty)."""
