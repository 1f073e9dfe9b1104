"""Matches lines against the compiled catalogue.

A line is looked up by its first words, so only a handful of forms is ever tried on it, and only
those records of the catalogue are read whose first words occur.
"""

from __future__ import annotations

from explain_log.knowledge import Knowledge
from explain_log.knowledge.forms import Value, convert, is_measured, match_parts
from explain_log.lines import Line
from explain_log.lines.logfmt import parse
from explain_log.statements.statement import Statement

_MSG_INDEX, _TEXT_INDEX = "msg_index", "text_index"
MOST_MET, LONGEST_MET = 1_000, 200
"""How many texts are remembered, and how long they may be."""

_UNMET = ""
_SLOG = ("slog", "go-log", "slog-json")


class Recogniser:
    """Turns lines into statements by a knowledge's catalogue."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._keys: dict[str, frozenset[str]] = {}
        self._met: dict[str, Statement | None] = {}

    def recognise(self, line: Line) -> Statement | None:
        """The statement that a line is, or None where it is unknown (or blank)."""
        text = line.text
        if not text:
            return None
        if "  " in text or "\t" in text or "\xa0" in text or not text.isascii():
            text = " ".join(text.split())
        if not line.attrs and len(text) <= LONGEST_MET and (not line.envelope or line.envelope[-1] not in _SLOG):
            return self._again(text, line)
        if line.envelope and line.envelope[-1] in _SLOG:
            found = self._in(_MSG_INDEX, text, line)
            if found is not None:
                return found
        return self._in(_TEXT_INDEX, text, line)

    def _again(self, text: str, line: Line) -> Statement | None:
        """What a text without attributes is: loads of the same model print the same lines again and again."""
        met = self._met.get(text, _UNMET)
        if not isinstance(met, str):
            return None if met is None else met.on(line)
        if len(self._met) >= MOST_MET:
            self._met.clear()
        found = self._met[text] = self._in(_TEXT_INDEX, text, line)
        return None if found is None else found.on(line)

    def _in(self, index: str, text: str, line: Line) -> Statement | None:
        known = self._keys.get(index)
        if known is None:
            # Asking only for what is there keeps the words of unknown lines out of the knowledge's cache.
            known = self._keys[index] = frozenset(self._knowledge.keys(index))
        words = text.split(" ", 3)[:3]
        for count in range(len(words), -1, -1):
            key = " ".join(words[:count])
            if key not in known:
                continue
            for statement_id, parts, anchor, facts, severity, attributes in self._knowledge.record(index, key) or ():
                if anchor not in text and anchor.rstrip() not in text:
                    continue
                fields = match_parts(parts, text)
                if fields is None:
                    continue
                if attributes and line.attrs:
                    fields |= _attributes(attributes, line.attrs)
                return Statement(statement_id, line, fields, severity, facts)
        return None


def _attributes(specs: dict[str, str], attrs: str) -> dict[str, Value]:
    """The typed slog attributes of a line; one that is not of its type, or nan, is left out."""
    pairs = parse(attrs)
    fields: dict[str, Value] = {}
    for name, spec in specs.items():
        raw = pairs.get(name)
        if raw is not None:
            value = convert(spec.partition(" ")[0], raw)
            if value is not None and is_measured(value):
                fields[name] = value
    return fields
