"""What failed, and what the log reports outright: findings from knowledge/failures.toml.

A failure shows in several lines: the allocation that failed, the assertion that followed, the exit status that says
nothing by itself. Of the failure lines of a load the ones with the lowest rank tell the cause, and only they become a
finding. Source of the ranks: the order in which Ollama and llama.cpp print these lines (llm/server.go, ggml.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation
from explain_log.checks.registry import log_check
from explain_log.checks.relief import relief, with_smaller_ubatch_mib
from explain_log.checks.reported import Row, Told, compute_buffer_statements, observation_of, rows_of
from explain_log.facts.attribution import ONE_FAILURE_LINES
from explain_log.facts.failures import follows
from explain_log.facts.models import Event, Facts, ModelLoad

NO_STATEMENT = ""
SAYS_NO_CAUSE = ("load.failed", "runner.terminated")
CRASHES = ("runner.", "oom.", "gpu.error")
"""What ends a runner that was serving, by the beginning of the finding's id."""


@log_check
def failures(facts: Facts) -> Iterator[Observation]:
    """One finding for what went wrong in a load, and one for what went wrong after it was ready."""
    loads = {load.index: load for load in facts.loads}
    groups: dict[tuple[int | None, bool, int], list[Told]] = {}
    episode = last_line = 0
    previous: Event | None = None
    for event in facts.events:
        load = loads.get(event.load) if event.load is not None else _around(event.line, facts)
        before, previous = previous, event
        for row in rows_of("failure", event):
            if load is not None and load.purpose == "fit_probe":
                continue
            if before is not None and follows(row, before.statement, before.line, event.line):
                continue
            index, during = _place(event, load)
            if index is None and event.line - last_line > ONE_FAILURE_LINES:
                episode += 1  # lines of no load: those that stand together are about one failure
            last_line = event.line if index is None else last_line
            groups.setdefault((index, during, episode if index is None else 0), []).append((event, row))
    causes: dict[tuple[str, int | None, bool], list[Told]] = {}
    for (index, during, _), lines in groups.items():
        told = _cause(lines)
        causes.setdefault((told[0][1]["finding"], index, during), []).extend(told)
    blamed = {index for _, index, during in causes if during}
    shown = {event.line for event in facts.events}
    for load in facts.loads:  # of very many failures not every line is kept, but each load's cause
        if load.error is not None and load.index not in blamed and load.error.line not in shown:
            cause = Event(NO_STATEMENT, load.error.line, load.error.message, {"error": load.error.message}, load.index)
            causes[load.error.kind, load.index, True] = [(cause, {"finding": load.error.kind})]
    for (finding, index, during), lines in causes.items():
        load = loads.get(index) if index is not None else None
        survived = load is not None and during and load.outcome == "ready"
        if not (survived and finding in SAYS_NO_CAUSE):
            told = [each for (i, d, _), group in groups.items() if (i, d) == (index, during) for each in group]
            yield _failure(finding, load, lines, told or lines, survived=survived, serving=not during)


def _around(line: int, facts: Facts) -> ModelLoad | None:
    """The load of which a line before its first known moment turned out to be the cause."""
    return next((load for load in facts.loads if load.first_line <= line <= load.last_line), None)


def _place(event: Event, load: ModelLoad | None) -> tuple[int | None, bool]:
    """(load, whether it happened while loading); what the scheduler says of a later attempt is of no known load."""
    if load is None:
        return None, not event.among
    if event.line <= load.last_line:
        return load.index, True
    if load.outcome == "failed":
        near = event.line - load.last_line <= ONE_FAILURE_LINES
        return (load.index if near else None), True
    return (None, True) if event.statement.startswith("ollama.sched.load_failed") else (load.index, False)


def _cause(lines: list[Told]) -> list[Told]:
    """The lines about the lowest rank's finding, the most specific first."""
    ranked = sorted(lines, key=lambda told: (told[1]["rank"], told[0].line))
    return [told for told in ranked if told[1]["finding"] == ranked[0][1]["finding"]]


def _failure(
    finding: str, load: ModelLoad | None, lines: list[Told], told: list[Told], *, survived: bool, serving: bool
) -> Observation:
    """lines: those that tell the cause.  told: all that the log says of this failure."""
    observation = observation_of(finding, load.index if load else None, lines)
    if serving and finding.startswith(CRASHES):
        observation.values["phase"] = "serving"
        if load is None:
            observation.values["models"] = len(lines[0][0].among)
    if load is not None:
        compute = any(event.statement in compute_buffer_statements() for event, _ in told)
        values, observation.without_advice = relief(load, told, compute=compute)
        observation.values |= values
        size = observation.values.get("size_mib")
        if "smaller_ubatch" in values and isinstance(size, float):
            smaller = with_smaller_ubatch_mib(load, size)
            observation.values |= {} if smaller is None else {"smaller_mib": round(smaller, 2)}
    if survived:
        observation.severity = "warning"
        observation.variant = "survived"
    return observation


@log_check
def events(facts: Facts) -> Iterator[Observation]:
    """What the log reports outright and needs no failure: one finding for all its lines."""
    groups: dict[tuple[str, int | None], list[Told]] = {}
    for event in facts.events:
        for row in rows_of("event", event):
            groups.setdefault((row["finding"], _load_of(event, row, facts)), []).append((event, row))
    for (finding, load), lines in groups.items():
        observation = observation_of(finding, load, lines)
        observation.values["count"] = _count(lines, facts, whole_log=load is None)
        yield observation


def _count(lines: list[Told], facts: Facts, *, whole_log: bool) -> int:
    """How often it happened: the lines of the most frequent statement, since several may report one event."""
    counts: dict[str, int] = {}
    for event, _ in lines:
        counts[event.statement] = counts.get(event.statement, 0) + 1
    if whole_log and not any("where" in row for _, row in lines):  # more happened than are kept as events
        counts = {name: max(count, facts.event_counts.get(name, 0)) for name, count in counts.items()}
    return max(counts.values())


def _load_of(event: Event, row: Row, facts: Facts) -> int | None:
    scope = row.get("scope", "load")
    if scope == "load":
        return event.load
    if scope == "next":
        following = (load for load in facts.loads if load.purpose == "serve" and load.last_line > event.line)
        return next((load.index for load in following), None)
    return None
