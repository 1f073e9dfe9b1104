"""Finds values that must not be shown and replaces them by typed markers: the rules are knowledge/redaction.toml's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from explain_log.knowledge import Knowledge

MOST_VALUES = 10_000
"""So many values of a kind are told apart; all further ones share a number."""

MARKER = re.compile(r"\[REDACTED:[a-z_]+#\d+\]")

_TAIL = 256
_BEFORE, _BEHIND = 24, 8
_MEMO, _SHORT = 10_000, 200


class Rule:
    """One [[rule]] of knowledge/redaction.toml. Its patterns are compiled when they are first needed."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.kind: str = row["kind"]
        self.secret: bool = row["severity"] == "secret"
        self.hints: tuple[str, ...] = tuple(row.get("hints", ()))
        self.hint_bytes = [hint.encode() for hint in self.hints]
        self.block_end: str | None = row.get("block_end")
        self._row = row
        self._compiled: dict[str, re.Pattern[str] | None] = {}

    def pattern(self, name: str) -> re.Pattern[str] | None:
        """One of the rule's patterns, or None where it has none of that name."""
        if name not in self._compiled:
            source = self._row.get(name)
            self._compiled[name] = None if source is None else re.compile(source)
        return self._compiled[name]

    def is_near(self, text: str, lower: str) -> bool:
        """Whether the pattern is worth trying; lower is the text in lower case."""
        near = self.pattern("near")
        if near is not None:
            return near.search(text) is not None
        for hint in self.hints:  # noqa: SIM110 - `any` takes three times as long
            if hint in lower:
                return True
        return False

    def begins_block(self, text: str) -> bool:
        """Whether a value begins here that goes on in the next lines."""
        pattern = self.pattern("pattern")
        return self.block_end is not None and pattern is not None and pattern.search(text) is not None

    def values(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in the text the values stand that are to go."""
        where, pattern, unless = self.pattern("where"), self.pattern("pattern"), self.pattern("unless")
        if pattern is None or (where is not None and where.search(text) is None):
            return
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            if start == end or _is_marked(text, start, end):
                continue
            if unless is not None and unless.fullmatch(text, start, end):
                continue
            if not self._spared_by_neighbours(text, start, end):
                yield start, end

    def _spared_by_neighbours(self, text: str, start: int, end: int) -> bool:
        after, before = self.pattern("not_after"), self.pattern("not_before")
        if after is not None and after.search(text[max(0, start - _BEFORE) : start]):
            return True
        return before is not None and before.search(text[end : end + _BEHIND]) is not None


class Redactor:
    """Replaces values by markers; knows those of one report, so that the same value gets the same number."""

    def __init__(self, knowledge: Knowledge) -> None:
        table = knowledge.table("redaction")
        self.rules = [Rule(row) for row in table["rule"]]
        self.fields: dict[str, dict[str, Any]] = {row["id"]: row for row in table["statement"]}
        self._known: dict[str, dict[str | int, int]] = {}
        self._memo: dict[str, str] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How many different values of each kind were found, by kind."""
        return {kind: len(known) for kind, known in sorted(self._known.items())}

    def mark(self, kind: str, value: str) -> str:
        """The marker that stands for a value."""
        known = self._known.setdefault(kind, {})
        key = value if len(value) <= _SHORT else hash(value)
        number = known.get(key)
        if number is None:
            number = min(len(known) + 1, MOST_VALUES)
            if len(known) < MOST_VALUES:
                known[key] = number
        return f"[REDACTED:{kind}#{number}]"

    def redact(self, text: str) -> str:
        """The text with markers in place of what must not be shown."""
        done = self._memo.get(text)
        if done is None:
            done = self.redacted_by(self.rules, text)
            if len(text) <= _SHORT and len(self._memo) < _MEMO:
                self._memo[text] = done
        return done

    def redacted_by(self, rules: Iterable[Rule], text: str) -> str:
        """The text with markers in place of what these rules find, in their order."""
        lower = text.lower()
        for rule in rules:
            if rule.is_near(text, lower):
                out, position = [], 0
                for start, end in rule.values(text):
                    out += [text[position:start], self.mark(rule.kind, text[start:end])]
                    position = end
                text = "".join([*out, text[position:]])
        return text

    def redact_cut(self, text: str, limit: int) -> str:
        """The same for a text that was cut at so many characters: half a secret at its end is one as well."""
        return self.redact(text if len(text) < limit else without_last_word(text))


def _is_marked(text: str, start: int, end: int) -> bool:
    """Whether a value is a marker, or a part of one."""
    marker = MARKER.match(text, max(0, text.rfind("[", max(0, start - _BEFORE), start + 1)))
    return marker is not None and end <= marker.end()


def without_last_word(text: str) -> str:
    """Without what stands after the last blank, but no more than a secret needs to be known by its beginning."""
    return text[: max(text.rfind(" ") + 1, len(text) - _TAIL)] + "…"
