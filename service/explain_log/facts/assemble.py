"""Leads statements to the assemblers of loads, runs and requests, and completes what they found."""

from __future__ import annotations

from collections import Counter

from explain_log.facts.attribution import attribute
from explain_log.facts.completion import complete
from explain_log.facts.failures import FailureTable
from explain_log.facts.loads import LoadAssembler
from explain_log.facts.models import Event, Facts, ModelLoad
from explain_log.facts.moments import note_moment
from explain_log.facts.record import derive
from explain_log.facts.requests import Requests
from explain_log.facts.retention import OnOmitted, Retention
from explain_log.facts.runs import RunAssembler
from explain_log.facts.stretch import Settled, Stretch
from explain_log.facts.texts import Texts
from explain_log.facts.versions import version_key
from explain_log.knowledge import Knowledge
from explain_log.statements import Statement

MOST_EVENTS = 2_000
MOST_EVENTS_OF_ONE = 300
"""Of one statement, so that what repeats does not crowd out the rest; all are counted."""
MOST_EVENT_TEXT = 1_000


def is_debugging(statement: Statement) -> bool:
    """Whether Ollama prints a line only with OLLAMA_DEBUG: its levels DEBUG and TRACE (envconfig.LogLevel)."""
    return statement.line.level in ("debug", "trace") and statement.id.startswith("ollama.")


class Assembler:
    """Takes the statements of a log in order; `finish()` gives its facts."""

    def __init__(self, knowledge: Knowledge, *, wanted: int | None = None, on_omitted: OnOmitted | None = None) -> None:
        """wanted: index of a load that is kept in any case.  on_omitted: is given each load that is not kept."""
        table = knowledge.table("load_stages")
        self._knowledge = knowledge
        self._failures = failures = FailureTable(knowledge.record("tables", "failures") or {})
        self._loads = LoadAssembler(table["stage"], table["engine"], failures)
        self._stages: dict[str, str] = table["stage"]
        self._runs = RunAssembler(knowledge, table["run"])
        self._requests = Requests()
        self._kept = set(table["events"]["keep"]) | failures.statements()
        self._facts = Facts()
        self._retention = Retention(wanted, on_omitted)
        self._plain_events = 0
        self._failure_events: dict[str, int] = {}
        self._first_line: int | None = None
        self._texts = Texts(self._facts.texts, (self._facts.events, self._loads, self._runs, self._requests))

    def take(self, statement: Statement) -> None:
        """Adds one statement."""
        if self._first_line is None:
            self._first_line = statement.line.number
        self._runs.take(statement)
        self._loads.take(statement)
        if self._retention.is_due(self._loads.loads):
            self._let_go()
        note_moment(self._loads.latest, self._stages.get(statement.id), statement)
        self._requests.take(statement)
        text = statement.line.raw.strip()[:MOST_EVENT_TEXT]
        self._texts.add(statement.line.number, text)
        if self._facts.debug_line is None and is_debugging(statement):
            self._facts.debug_line = statement.line.number
        if not self.is_event(statement):
            return
        seen = self._facts.event_counts[statement.id] = self._facts.event_counts.get(statement.id, 0) + 1
        if self._has_room(statement.id, seen):
            load = self._loads.latest
            self._facts.events.append(
                Event(statement.id, statement.line.number, text, statement.fields, load.index if load else None)
            )

    def _has_room(self, statement_id: str, seen: int) -> bool:
        """Whether one more event is kept; those of failures are let go with their loads, which makes room again."""
        if self._failures.blames(statement_id):
            kept = self._failure_events[statement_id] = self._failure_events.get(statement_id, 0) + 1
            return kept <= MOST_EVENTS_OF_ONE
        room = seen <= MOST_EVENTS_OF_ONE and self._plain_events < MOST_EVENTS
        self._plain_events += room
        return room

    def _let_go(self) -> None:
        """Of very many loads only some are kept."""
        facts = self._facts
        facts.loads, facts.server_runs = self._loads.loads, self._runs.runs
        shown = self._requests.shown_lines() | self._runs.shown_lines()
        if self._retention.trim(facts, self._loads.count, self._settle, shown):
            kept = Counter(event.statement for event in facts.events)
            self._failure_events = {name: kept[name] for name in self._failure_events}

    def _settle(self, loads: list[ModelLoad]) -> None:
        """Completes loads with what follows from their lines and their run's."""
        for load in loads:
            self._to_run(load)
            self._engine(load)
        complete(loads, self._knowledge)

    def take_stretch(self, stretch: Stretch) -> list[int]:
        """Adds lines that were only counted; gives those whose texts are kept."""
        shown = self._runs.take_stretch(stretch)
        for line in shown:
            self._texts.add(line, stretch.texts[line])
        self._loads.take_stretch(stretch)
        self._requests.take_stretch(stretch)
        for name, count in stretch.events.items():
            self._facts.event_counts[name] = self._facts.event_counts.get(name, 0) + count
        return shown

    def is_plain(self, statement: Statement) -> bool:
        """Whether lines of this statement need only be counted (for an event: once enough of it are kept)."""
        rooms = (self._runs, self._loads, self._requests)
        return not statement.holds_facts and all(room.is_plain(statement) for room in rooms)

    def is_event(self, statement: Statement) -> bool:
        """Whether findings may be about a statement, so that the first ones of it are kept."""
        return statement.severity != "info" or statement.id in self._kept

    def settled(self) -> Settled:
        """What needs no single lines any more."""
        counts = self._facts.event_counts
        enough = frozenset(name for name, count in counts.items() if count >= MOST_EVENTS_OF_ONE)
        events = None if self._plain_events >= MOST_EVENTS else enough
        return Settled(events, self._requests.settled(), self._facts.debug_line is not None)

    def finish(self, line_count: int) -> Facts:
        """The facts of the whole log."""
        facts = self._facts
        facts.line_count = line_count
        facts.ends_inside = self._loads.finish()
        facts.loads = self._loads.loads
        facts.starts_inside = self._loads.starts_inside
        self._runs.finish(self._first_line)
        facts.server_runs = self._runs.runs
        facts.requests = self._requests.summary(self._runs.runs)
        self._let_go()
        self._settle(facts.loads)
        attribute(facts.events, facts.loads, facts.server_runs, self._failures.blames)
        return facts

    def _to_run(self, load: ModelLoad) -> None:
        for place, run in enumerate(self._facts.server_runs):
            if run.first_line <= load.first_line:
                load.server_run = place
        if load.server_run is not None:
            load.derived["server_run"] = "the run that the load's lines are in"

    def _engine(self, load: ModelLoad) -> None:
        """The program that runs the model, by the release, which the log says or its lines tell."""
        if load.engine is not None or load.server_run is None:
            return
        run = self._facts.server_runs[load.server_run]
        if run.product == "llama.cpp":
            derive(load, "engine", "llama-server", "a llama.cpp server that stands alone")
            return
        span = [run.version, run.version] if run.version else run.version_range
        if run.product != "ollama" or not span or span[0] is None or span[1] is None:
            return
        for era in self._knowledge.table("engines")["ollama"]:
            if version_key(era["from"]) <= version_key(span[0]) and version_key(span[1]) <= version_key(era["to"]):
                load.engine = era["engine"]
                if era.get("sequences") is not None and load.purpose == "serve":
                    derive(load, "context.n_seq_max", era["sequences"], "this release has no parallel requests")
                shown = span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"
                load.derived["engine"] = f"Ollama {shown} runs models in this way"
