"""Assembles model loads from statements: which line belongs to which load, and how the load ended.

knowledge/load_stages.toml says which statement marks which moment of a load, knowledge/failures.toml
which one says that something failed. A load is one attempt: what Ollama tries on the way (fit, alloc,
commit) and a start line printed twice are the same attempt, another attempt after a failure is another.
"""

from __future__ import annotations

from typing import Any

from explain_log.facts.buffers import LoadParts, is_about_buffers
from explain_log.facts.failures import Failure, FailureTable
from explain_log.facts.launch import names_a_model, set_engine, settle_request, take_command, take_request
from explain_log.facts.models import Estimate, LoadError, ModelLoad
from explain_log.facts.record import put
from explain_log.facts.stretch import Stretch
from explain_log.facts.times import seconds_between
from explain_log.statements import Statement

# The order of a load's moments. A moment that comes again from the beginning is another load.
_RANK = {stage: rank for rank, stage in enumerate(("attempt", "metadata", "tensors", "context", "kv", "compute"))}


class LoadAssembler:
    """Takes statements in log order; `loads` are the loads so far, the last one perhaps unfinished."""

    def __init__(self, stages: dict[str, str], engines: dict[str, str], failures: FailureTable) -> None:
        self._stages = stages
        self._engines = engines
        self._failures = failures
        self.loads: list[ModelLoad] = []
        self.current: ModelLoad | None = None
        self.starts_inside: int | None = None
        self._parts: LoadParts | None = None
        self._rank = -1
        self._causes: list[Failure] = []
        self._fitting = False
        self._by_ollama = False
        self._ready_time: str | None = None
        self._over = False  # the load under way has failed; what its runner still prints belongs to it
        self._estimate: Estimate | None = None
        self._estimate_lines: dict[str, list[int]] = {}

    def take(self, statement: Statement) -> None:
        """Adds what a statement says about a load."""
        stage = self._stages.get(statement.id)
        if stage is not None and not self._reach(stage, statement):
            return
        self._add(statement)
        failure = self._failures.of(statement)
        if failure is not None and not self._fitting:
            self._fail(failure, statement)
        if self.current is not None:
            self.current.last_time = statement.line.time or self.current.last_time

    def take_stretch(self, stretch: Stretch) -> None:
        """Adds lines that say nothing about a load but that time went on."""
        if self.current is not None:
            self.current.last_time = stretch.time

    def is_plain(self, statement: Statement) -> bool:
        """Whether `take_stretch` is enough for a statement."""
        name = statement.id
        return name not in self._stages and not self._failures.blames(name) and not is_about_buffers(name)

    def _add(self, statement: Statement) -> None:
        """Puts a statement's facts into the load they are about."""
        facts = [(path, value) for path, value in statement.facts() if path.startswith("load.")]
        if facts and all(path.startswith("load.estimate.") for path, _ in facts):
            self._note_estimate(statement, facts)
            return
        load = self.current
        if load is None and self._stages.get(statement.id) == "ready" and self.loads:
            load = self.loads[-1]
        if load is None:
            if not facts or not statement.id.startswith("llama."):
                return
            load = self._open(statement)
        for path, value in facts:
            put(load, path.removeprefix("load."), value, statement.line.number)
        taken = self._parts is not None and self._parts.load is load and self._parts.take(statement)
        if facts or taken or statement.id in self._stages:
            load.last_line = max(load.last_line, statement.line.number)

    def _reach(self, stage: str, statement: Statement) -> bool:
        """Moves on to a moment of a load; False where the statement says nothing more."""
        if stage in ("fit_begins", "fit_ends"):
            self._fitting = stage == "fit_begins"
            return False
        if stage == "fit_probe":
            if statement.fields.get("no_alloc") in (True, 1):
                load = self.current or self._open(statement)
                load.purpose = "fit_probe"
                load.lines.setdefault("purpose", []).append(statement.line.number)
            return True
        if stage == "vocab_only":
            if statement.fields.get("vocab_only") in (True, 1):
                self._vocab_only(statement)
            return True
        if stage == "vocab_done":
            load = self._vocab_only(statement)
            load.outcome = "ready"
            load.lines.setdefault("outcome", []).append(statement.line.number)
            load.last_line = max(load.last_line, statement.line.number)
            self._close()
            return False
        if stage == "ready":
            self._ready(statement)
            return True
        if stage == "engine":
            self._set_engine(statement)
            return True
        if stage == "request":
            if self.current is not None:
                take_request(self.current, statement)
            return True
        return self._advance(stage, statement)

    def _advance(self, stage: str, statement: Statement) -> bool:
        """A stage of loading: goes on with the load under way, or begins another."""
        if stage == "attempt" and not names_a_model(statement):
            return False
        rank = _RANK[stage]
        begins = rank <= _RANK["metadata"]
        runners_own = self._by_ollama and self._rank == rank and not statement.id.startswith("ollama.")
        if runners_own and stage == "attempt":
            return True  # the runner that Ollama started says so itself
        same_attempt = stage == "attempt" and self._rank == rank and not self._over and self._same_command(statement)
        again = begins or (stage == "tensors" and self._rank >= _RANK["kv"])
        if self.current is None or (again and rank <= self._rank and not same_attempt):
            if self.current is None and not begins and self._goes_on(statement):
                return False
            self._give_up()
            self._open(statement)
            if not begins and len(self.loads) == 1:
                self.starts_inside = statement.line.number
        self._rank = max(self._rank, rank)
        if stage == "attempt" and self.current is not None:
            self._by_ollama = statement.id.startswith("ollama.load.")
            take_command(self.current, statement)
            self._set_engine(statement)
        return True

    def _set_engine(self, statement: Statement) -> None:
        engine = self._engines.get(statement.id)
        if self.current is not None and engine is not None:
            set_engine(self.current, engine, statement.line.number)

    def _same_command(self, statement: Statement) -> bool:
        """A start line printed twice, at one place in time, is one attempt; collectors' stamps differ anyway."""
        load, line = self.current, statement.line
        if load is None or line.number - load.first_line > 2:
            return False
        return line.stamped or load.first_time == line.time

    def _goes_on(self, statement: Statement) -> bool:
        """A ready load prints buffers again when its graph is reserved anew; that is no load of its own."""
        return bool(self.loads) and self.loads[-1].outcome == "ready" and self._stages.get(statement.id) == "compute"

    def _vocab_only(self, statement: Statement) -> ModelLoad:
        load = self.current or self._open(statement)
        load.purpose = "vocab_only"
        load.lines.setdefault("purpose", []).append(statement.line.number)
        return load

    def _ready(self, statement: Statement) -> None:
        load = self.current
        if self._over:
            return
        if load is None:
            if self._printed_again(statement):
                return
            if statement.id.startswith(("llama.", "ollama.runner.cpp_")):
                return
            load = self._open(statement)
            if len(self.loads) == 1:
                self.starts_inside = statement.line.number
        if load.purpose != "serve":
            return
        load.outcome = "ready"
        self._ready_time = statement.line.time
        load.last_line = max(load.last_line, statement.line.number)
        load.lines["outcome"] = [statement.line.number]
        # Ollama waits for its runner: what fails between the runner's word and Ollama's fails the load.
        if not self._by_ollama or statement.id.startswith("ollama.load."):
            self._close()

    def _printed_again(self, statement: Statement) -> bool:
        """Whether this is the end of the last load, printed once more: another load would have taken its seconds."""
        served = [load for load in self.loads if load.purpose == "serve"]
        if not served or served[-1].outcome != "ready":
            return False
        since = seconds_between(self._ready_time, statement.line.time)
        return since is None or since < (statement.number("seconds") or 0.0)

    def _fail(self, failure: Failure, statement: Statement) -> None:
        """Notes what failed: the most specific of a failed load's lines is its cause."""
        if failure.scope not in ("load", "next"):
            return  # what fails for a request or the server says nothing about the load under way
        load = self.current
        if load is None and failure.scope == "load" and statement.id.startswith("llama.load_error."):
            load = self._open_failed(statement)
        if load is None or load.purpose != "serve":
            return
        self._causes.append(failure)
        load.last_line = max(load.last_line, statement.line.number)
        if failure.fatal and not self._over:
            self._over = True
            load.outcome = "failed"
            load.lines["outcome"] = [statement.line.number]
        if self._over:
            self._blame(load, self._causes)

    def _open_failed(self, statement: Statement) -> ModelLoad | None:
        """A load of which the log shows only how it failed, unless the failure is of a load that is over."""
        if any(load.outcome != "failed" for load in self.loads[-1:]):
            return None
        load = self._open(statement)
        self._rank = _RANK["attempt"]
        return load

    @staticmethod
    def _blame(load: ModelLoad, causes: list[Failure]) -> None:
        cause = min(causes, key=lambda c: c.rank)
        load.error = LoadError(cause.finding, cause.message, cause.line)

    def _give_up(self) -> None:
        """Another load begins: one that met a failure and never got ready has failed."""
        load = self.current
        if load is not None and load.outcome == "unknown" and self._causes:
            load.outcome = "failed"
            load.lines["outcome"] = [self._causes[-1].line]
            self._blame(load, self._causes)
        self._close()

    def _open(self, statement: Statement) -> ModelLoad:
        number = statement.line.number
        load = ModelLoad(index=len(self.loads) + 1, first_line=number, last_line=number)
        load.first_time = load.last_time = statement.line.time
        self.loads.append(load)
        self.current = load
        self._parts = LoadParts(load)
        self._rank = -1
        self._causes = []
        self._take_estimate(load, statement)
        return load

    def _take_estimate(self, load: ModelLoad, statement: Statement) -> None:
        """A prediction belongs to the load that follows it, not to a vocab-only pass in between."""
        if self._estimate is not None and self._stages.get(statement.id) == "attempt":
            load.estimate, self._estimate = self._estimate, None
            load.lines |= self._estimate_lines

    def _close(self) -> None:
        if self._parts is not None:
            self._parts.settle_summary()
        if self.current is not None:
            settle_request(self.current)
        self.current = None
        self._parts = None
        self._rank = -1
        self._causes = []
        self._fitting = False
        self._by_ollama = False
        self._over = False

    def _note_estimate(self, statement: Statement, facts: list[tuple[str, Any]]) -> None:
        if self.current is not None and self._rank == _RANK["attempt"] and self.current.estimate is None:
            for path, value in facts:
                put(self.current, path.removeprefix("load."), value, statement.line.number)
            return
        self._estimate = estimate = Estimate()
        self._estimate_lines = {}
        for path, value in facts:
            name = path.rpartition(".")[2]
            setattr(estimate, name, value)
            self._estimate_lines[f"estimate.{name}"] = [statement.line.number]

    def finish(self) -> int | None:
        """Closes what is under way; the first line of a load whose end the log does not show, or None."""
        load = self.current
        over = self._over or (load is not None and load.outcome == "ready")
        inside = load.first_line if load is not None and self._rank >= 0 and not over else None
        if load is not None and self._causes and any(cause.ends_load for cause in self._causes):
            self._give_up()
            return None
        self._close()
        return inside
