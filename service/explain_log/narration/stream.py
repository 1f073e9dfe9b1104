"""Takes a model's JSON as it streams and gives each statement as soon as it is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_ARRAY = re.compile(r'"statements"\s*:\s*\[')
_BETWEEN = " \t\r\n,"
MOST_CHARACTERS = 40_000
MOST_STATEMENTS = 40
_MOST_ASKED = 12


@dataclass(frozen=True)
class Said:
    """A statement as the model gave it."""

    text: str
    cites: list[str]


@dataclass(eq=False)
class StatementStream:
    """Feed it pieces of the answer; it gives the statements that became complete.

    complete: the list of statements was closed.  broken: what came is not the JSON that was asked for.
    """

    complete: bool = False
    broken: bool = False
    text: str = ""
    _at: int = -1
    _given: int = 0

    def feed(self, piece: str) -> list[Said]:
        """The statements that this piece completes."""
        self.text += piece
        if len(self.text) > MOST_CHARACTERS:
            self.broken = True
        if self.broken or self.complete:
            return []
        if self._at < 0:
            start = _ARRAY.search(self.text)
            if start is None:
                return []
            self._at = start.end()
        return self._completed()

    def _completed(self) -> list[Said]:
        found: list[Said] = []
        while not self.complete and not self.broken:
            while self._at < len(self.text) and self.text[self._at] in _BETWEEN:
                self._at += 1
            if self._at == len(self.text):
                break
            if self.text[self._at] == "]":
                self.complete = True
            elif self.text[self._at] != "{":
                self.broken = True
            else:
                said = self._next_object()
                if said is None:
                    break
                found.append(said)
        return found

    def _next_object(self) -> Said | None:
        """The object that begins here, or None while it is not complete."""
        if "}" not in self.text[self._at :]:
            return None
        try:
            value, self._at = json.JSONDecoder().raw_decode(self.text, self._at)
        except json.JSONDecodeError:
            return None
        self._given += 1
        said = _said(value)
        if said is None or self._given > MOST_STATEMENTS:
            self.broken = True
            return None
        return said


def _said(value: dict[str, Any]) -> Said | None:
    text, cites = value.get("text"), value.get("cites", [])
    if not isinstance(text, str) or not isinstance(cites, list) or not all(isinstance(c, str) for c in cites):
        return None
    return Said(text.strip(), list(dict.fromkeys(_bare(cite) for cite in cites)))


def _bare(cite: str) -> str:
    """An id without what models put around it."""
    return cite.strip().strip("[]()`'\" ")


def answer_schema(cites: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON schema of an answer, for Ollama's `format`. cites: the ids that there are; none leaves them open.

    Ollama makes a grammar of it, so a model cannot even begin an id that is none.
    """
    cite: dict[str, Any] = {"type": "string", "enum": list(cites)} if cites else {"type": "string"}
    listed: dict[str, Any] = {"type": "array", "items": cite} | ({"minItems": 1} if cites else {})
    statement = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "cites": listed},
        "required": ["text", "cites"],
    }
    return {
        "type": "object",
        "properties": {"statements": {"type": "array", "items": statement, "maxItems": _MOST_ASKED}},
        "required": ["statements"],
    }
