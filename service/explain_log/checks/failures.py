"""What failed, and what the log reports outright: findings from knowledge/failures.toml.

A failure shows in several lines: the allocation that failed, the assertion that followed, the exit status that says
nothing by itself. Of the failure lines of a load the ones with the lowest rank tell the cause, and only they become a
finding. Source of the ranks: the order in which Ollama and llama.cpp print these lines (llm/server.go, ggml.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

from explain_log.checks.finding import Observation, Severity, Value
from explain_log.checks.registry import log_check
from explain_log.facts.failures import holds, rows_by_statement
from explain_log.facts.models import Event, Facts, ModelLoad
from explain_log.knowledge import load as load_knowledge

BYTES_PER_MIB = 1024 * 1024
MOST_MESSAGE = 200
_MESSAGE_FIELDS = ("error", "reason", "err", "message", "condition")
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
        "extract": {name: re.compile(pattern) for name, pattern in table["extract"].items()},
    }


def rows_of(kind: str, event: Event) -> Iterator[Row]:
    """The row of a statement whose conditions this event meets: one failure, but one event a finding."""
    told = set()
    for row in _table()[kind].get(event.statement, ()):
        if row["finding"] not in told and holds(row.get("where", {}), event.fields, event.text):
            yield row
            if kind == "failure":
                return
            told.add(row["finding"])


@log_check
def failures(facts: Facts) -> Iterator[Observation]:
    """One finding for what went wrong in a load, and one for what went wrong after it was ready."""
    loads = {load.index: load for load in facts.loads}
    groups: dict[tuple[int | None, bool], list[Told]] = {}
    for event in facts.events:
        for row in rows_of("failure", event):
            load = loads.get(event.load) if event.load is not None else None
            if load is None or load.purpose != "fit_probe":
                groups.setdefault(_place(event, load), []).append((event, row))
    for (index, during), lines in groups.items():
        yield _failure(loads.get(index) if index is not None else None, during, lines)


def _place(event: Event, load: ModelLoad | None) -> tuple[int | None, bool]:
    """(load, whether it happened while loading); what Ollama's scheduler says of a later attempt is of no known load."""
    if load is None:
        return None, True
    if load.outcome == "failed" or event.line <= load.last_line:
        return load.index, True
    return (None, True) if event.statement.startswith("ollama.sched.load_failed") else (load.index, False)


def _failure(load: ModelLoad | None, during: bool, lines: list[Told]) -> Observation:
    lowest = min(row.get("rank", 50) for _, row in lines)
    finding = next(row["finding"] for _, row in lines if row.get("rank", 50) == lowest)
    same = sorted((told for told in lines if told[1]["finding"] == finding), key=lambda t: (t[1].get("rank", 50), t[0].line))
    observation = _observation(finding, load.index if load else None, same)
    if load is not None:
        _add_context(load, observation.values)
        if finding in ("oom.gpu", "oom.system") and during and load.outcome == "ready":
            observation.severity = "warning"
            observation.variant = "survived"
    return observation


def _add_context(load: ModelLoad, values: dict[str, Value]) -> None:
    """What advice about memory rests on."""
    context = load.context
    per_seq = context.n_ctx_per_seq or context.n_ctx
    if per_seq and per_seq >= 4096:
        values |= {"n_ctx_per_seq": per_seq, "half_ctx": per_seq // 2}
    if context.n_seq_max and context.n_seq_max > 1:
        values["parallel"] = context.n_seq_max


@log_check
def events(facts: Facts) -> Iterator[Observation]:
    """What the log reports outright and needs no failure: one finding for all its lines."""
    groups: dict[tuple[str, int | None], list[Told]] = {}
    for event in facts.events:
        for row in rows_of("event", event):
            groups.setdefault((row["finding"], _load_of(event, row, facts)), []).append((event, row))
    for (finding, load), lines in groups.items():
        observation = _observation(finding, load, lines)
        counts = {event.statement: facts.event_counts.get(event.statement, 0) for event, _ in lines}
        if len(counts) == 1 and load is None:
            observation.values["count"] = max(len(lines), *counts.values()) if _unconditional(lines) else len(lines)
        yield observation


def _unconditional(lines: list[Told]) -> bool:
    return not any("where" in row for _, row in lines)


def _load_of(event: Event, row: Row, facts: Facts) -> int | None:
    scope = row.get("scope", "load")
    if scope == "load":
        return event.load
    if scope == "next":
        following = (load for load in facts.loads if load.purpose == "serve" and load.last_line > event.line)
        return next((load.index for load in following), None)
    return None


def _observation(finding: str, load: int | None, lines: list[Told]) -> Observation:
    """count, message, what the rows and the patterns of [extract] read; device and size where a line has them."""
    first, row = lines[0]
    values: dict[str, Value] = {"count": len(lines), "message": _message(first), "first_line": min(e.line for e, _ in lines)}
    for event, its_row in lines:
        for name, value in _read(event, its_row).items():
            values.setdefault(name, value)
    variant = row.get("variant") or _variant(finding, values)
    severity = cast("Severity | None", row.get("severity"))
    return Observation(finding, load, values, [event.line for event, _ in lines], variant=variant, severity=severity)


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
