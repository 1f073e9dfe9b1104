"""The boundary that secrets and private texts do not pass: all that leaves the facts is redacted here, in place."""

from __future__ import annotations

from typing import Any

from explain_log.facts.assemble import MOST_EVENT_TEXT
from explain_log.facts.failures import MOST_MESSAGE
from explain_log.facts.models import Facts
from explain_log.redaction.redactor import MARKER, Redactor
from explain_log.redaction.scan import Scan
from explain_log.statements.shapes import MOST_SHAPE_CHARACTERS, shape_of

UnknownRow = tuple[str, int, int, str]


# What holds no text of the log, or only times of it.
_PLAIN = ("lines", "derived", "answered", "texts", "events", "event_counts")


def redact_facts(facts: Facts, redactor: Redactor, scan: Scan | None = None) -> None:
    """Replaces secrets and private texts in all that the facts hold, in place.

    scan: what was found in the lines while they were read; without it every text is looked at.
    """
    suspects = facts.texts.keys() if scan is None or scan.overflowed else facts.texts.keys() & scan.suspects
    values = {} if scan is None else scan.values
    for number in sorted({*suspects, *values}):
        if number in suspects:
            facts.texts[number] = redactor.redact_cut(facts.texts[number], MOST_EVENT_TEXT)
        for kind, value in values.get(number, ()):  # so that they are counted
            redactor.mark(kind, value)
    for event in facts.events:
        if event.line in suspects:
            event.text = redactor.redact_cut(event.text, MOST_EVENT_TEXT)
            event.fields = redacted(event.fields, redactor)
        row = redactor.fields.get(event.statement, {"fields": ()})
        for name in row["fields"]:
            if event.fields.get(name):
                event.fields[name] = redactor.mark(row["kind"], str(event.fields[name]))
    _redact_record(facts, redactor)
    if scan is not None:
        for number, text in scan.texts.items():
            facts.texts.setdefault(number, _cut(text, MOST_EVENT_TEXT))


def redact_shapes(rows: list[UnknownRow], redactor: Redactor) -> list[UnknownRow]:
    """Unknown lines by shape, made safe: (shape, count, first line, example); the same shape only once."""
    safe: dict[str, UnknownRow] = {}
    for shape, count, first_line, example in rows:
        text = redactor.redact_cut(example, 2 * MOST_SHAPE_CHARACTERS)
        shown = shape if text == example else shape_of(text)
        _, before, first, kept = safe.get(shown, ("", 0, first_line, _cut(text, MOST_SHAPE_CHARACTERS)))
        safe[shown] = (shown, before + count, first, kept)
    return list(safe.values())


def _cut(text: str, limit: int) -> str:
    """The beginning of a text, which does not end within a marker."""
    for marker in MARKER.finditer(text):
        if marker.start() < limit < marker.end():
            return text[: marker.start()]
    return text[:limit]


def _redact_record(record: Any, redactor: Redactor) -> None:
    """All texts of a record and of what it holds."""
    for name, value in vars(record).items():
        if name == "message":  # of a load's error, which was cut
            setattr(record, name, redactor.redact_cut(value, MOST_MESSAGE))
        elif name not in _PLAIN and value is not None:
            setattr(record, name, redacted(value, redactor))


def redacted(value: Any, redactor: Redactor) -> Any:
    """The value with its texts redacted, those within lists, dicts and records too; records change in place."""
    if isinstance(value, str):
        return redactor.redact(value)
    if isinstance(value, dict):
        return _redacted_pairs(value, redactor)
    if isinstance(value, (list, tuple)):
        return type(value)(redacted(item, redactor) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        _redact_record(value, redactor)
    return value


def _redacted_pairs(pairs: dict[Any, Any], redactor: Redactor) -> dict[Any, Any]:
    """Names and values; counts of names that differ only in what was masked, such as request paths, are added up."""
    safe: dict[Any, Any] = {}
    for name, value in pairs.items():
        shown = redacted(name, redactor)
        if isinstance(value, str):
            safe[shown] = _redacted_value(shown, value, redactor)
        elif isinstance(value, int) and shown in safe:
            safe[shown] += value
        else:
            safe[shown] = redacted(value, redactor)
    return safe


def _redacted_value(name: Any, value: str, redactor: Redactor) -> str:
    """A value under its name, which may be what tells that it is a secret."""
    named = f"{name}="
    pair = redactor.redact(named + value)
    return pair.removeprefix(named) if pair.startswith(named) else redactor.redact(value)
