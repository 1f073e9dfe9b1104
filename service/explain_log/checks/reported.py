"""What a line reports: the rows of knowledge/failures.toml that it meets, and an observation made of such lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

from explain_log.checks.finding import Observation, Severity, Value
from explain_log.facts.failures import holds, rows_by_statement
from explain_log.facts.models import Event
from explain_log.knowledge import load as load_knowledge

BYTES_PER_MIB = 1024 * 1024
MOST_MESSAGE = 200
MOST_LINES = 12
_MESSAGE_FIELDS = ("error", "reason", "err", "message", "condition", "msg")
_DEVICE_FIELDS = ("device", "buffer")
_SIZE_FIELDS = ("size", "bytes")

Row = dict[str, Any]
Told = tuple[Event, Row]


@lru_cache(maxsize=1)
def _table() -> Row:
    table = load_knowledge().table("failures")
    return {
        "failure": rows_by_statement(table["failure"]),
        "event": rows_by_statement(table["event"]),
        "variants": table["variants"],
        "compute": frozenset(table["buffer"]["compute"]),
        "extract": {name: re.compile(pattern) for name, pattern in table["extract"].items()},
    }


def compute_buffer_statements() -> frozenset[str]:
    """The statements that say that the allocation which failed was a compute buffer."""
    return cast("frozenset[str]", _table()["compute"])


def rows_of(kind: str, event: Event) -> Iterator[Row]:
    """The row of a statement whose conditions this event meets: one failure, but one event a finding."""
    told = set()
    for row in _table()[kind].get(event.statement, ()):
        if row["finding"] not in told and holds(row.get("where", {}), event.fields, event.text):
            yield row
            if kind == "failure":
                return
            told.add(row["finding"])


def observation_of(finding: str, load: int | None, lines: list[Told]) -> Observation:
    """count, message, what the rows and the patterns of [extract] read; device and size where a line has them."""
    first, row = lines[0]
    first_line = min(event.line for event, _ in lines)
    values: dict[str, Value] = {"count": len(lines), "message": _message(first), "first_line": first_line}
    for event, its_row in lines:
        for name, value in _read(event, its_row).items():
            values.setdefault(name, value)
    variant = row.get("variant") or _variant(finding, values)
    severity = cast("Severity | None", row.get("severity"))
    shown = [event.line for event, _ in lines[:MOST_LINES]]
    return Observation(finding, load, values, shown, variant=variant, severity=severity)


def _variant(finding: str, values: dict[str, Value]) -> str:
    """The first text whose values were all read."""
    for name, *needed in _table()["variants"].get(finding, ()):
        if all(value in values for value in needed):
            return str(name)
    return "default"


def _message(event: Event) -> str:
    """The program's own words: an error attribute, or the line without its time and level."""
    for name in _MESSAGE_FIELDS:
        if event.fields.get(name):
            return str(event.fields[name])[:MOST_MESSAGE]
    _, found, rest = event.text.partition(" msg=")
    return (rest if found else event.text)[:MOST_MESSAGE]


def _read(event: Event, row: Row) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, source in row.get("values", {}).items():
        if event.fields.get(source) not in (None, ""):
            values[name] = event.fields[source]
    for name, pattern in _table()["extract"].items():
        if name not in values and (match := pattern.search(event.text)):
            values[name] = match.group(1)
    device = next((str(event.fields[name]) for name in _DEVICE_FIELDS if event.fields.get(name)), None)
    index = event.fields.get("index")
    if device or (isinstance(index, int) and "size" in event.fields):
        values["device"] = device or f"GPU {index}"
    size = next((event.fields[name] for name in _SIZE_FIELDS if event.fields.get(name)), None)
    if isinstance(size, int):  # whole numbers are bytes, sizes with a fraction MiB
        values["size_mib"] = round(size / BYTES_PER_MIB, 2)
    elif isinstance(size, float):
        values["size_mib"] = size
    return values
