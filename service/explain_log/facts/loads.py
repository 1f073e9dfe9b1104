"""Assembles model loads from statements: which line belongs to which load, and how the load ended.

knowledge/load_stages.toml says which statement marks which moment of a load, knowledge/failures.toml
which one says that something failed. A load is one attempt: what Ollama tries on the way (fit, alloc,
commit) and a start line printed twice are the same attempt, another attempt after a failure is another.
"""

from __future__ import annotations

from typing import Any

from explain_log.facts.buffers import is_about_buffers
from explain_log.facts.failures import Failure, FailureTable
from explain_log.facts.launch import is_loading, names_a_model, set_engine, take_command
from explain_log.facts.models import ModelLoad
from explain_log.facts.record import put
from explain_log.facts.stretch import Stretch
from explain_log.facts.underway import RANK, Foreseen, Underway, Unplaced, begun, is_summary, printed_again, whose
from explain_log.statements import Statement

MOST_UNDERWAY = 3


class LoadAssembler:
    """Takes statements in log order; `loads` are the loads so far, the last one perhaps unfinished."""

    def __init__(self, stages: dict[str, str], engines: dict[str, str], failures: FailureTable) -> None:
        self._stages = stages
        self._engines = engines
        self._failures = failures
        self.loads: list[ModelLoad] = []
        self.count = 0
        self.starts_inside: int | None = None
        self.latest: ModelLoad | None = None  # the load that the last statement was about, as far as is known
        self._now: Underway | None = None
        self._others: list[Underway] = []
        self._fitting = False
        self._ready_time: str | None = None
        self._foreseen = Foreseen()
        self._unplaced = Unplaced()

    @property
    def current(self) -> ModelLoad | None:
        """The load under way."""
        return None if self._now is None else self._now.load

    def take(self, statement: Statement) -> None:
        """Adds what a statement says about a load."""
        stage = self._stages.get(statement.id)
        if not self._hold(stage, statement):
            self._take(stage, statement)

    def take_stretch(self, stretch: Stretch) -> None:
        """Adds lines that say nothing about a load but that time went on."""
        if self._now is not None:
            self._now.load.last_time = stretch.time

    def is_plain(self, statement: Statement) -> bool:
        """Whether `take_stretch` is enough for a statement."""
        is_failure = self._failures.blames(statement.id)
        return statement.id not in self._stages and not is_failure and not is_about_buffers(statement.id)

    def server_starts(self) -> None:
        """What an earlier run was loading is gone."""
        self._release()
        self._give_up()
        self._close_others()

    def _close_others(self) -> None:
        while self._others:
            self._others.pop().close()

    def _hold(self, stage: str | None, statement: Statement) -> bool:
        """Keeps back what may belong to another load than the one that failed, until a line tells; whether it did."""
        now = self._now
        if now is None or not now.over:
            return False
        verdict = now.judge_late(stage, statement, blamed=self._failures.blames(statement.id))
        if verdict == "fresh":
            held = now.held or []
            self._end()
            for line in held:
                self._take(self._stages.get(line.id), line)
        elif verdict == "release":
            self._release()
            return stage == "metadata" and self._hold(stage, statement)
        elif verdict == "hold":
            now.held = now.held or []
            now.held.append(statement)
        return verdict == "hold"

    def _release(self) -> None:
        """What was held belongs to the load that failed."""
        if self._now is not None and self._now.held is not None:
            held, self._now.held = self._now.held, None
            for line in held:
                self._deliver(self._stages.get(line.id), line)

    def _take(self, stage: str | None, statement: Statement) -> None:
        other = whose(statement, stage, self._now, self._others) if self._others else None
        if other is None:
            self._deliver(stage, statement)
            return
        now, self._now = self._now, other
        self._deliver(stage, statement)
        if self._now is not other:
            self._others.remove(other)
        self._now = now

    def _deliver(self, stage: str | None, statement: Statement) -> None:
        """Adds a statement to the load under way; it may begin another one, or end it."""
        if stage is not None and not self._reach(stage, statement):
            return
        self._add(statement)
        failure = self._failures.of(statement)
        if failure is not None and not self._fitting:
            self._fail(failure, statement)
        if self._now is not None:
            self.latest = self._now.load
            self.latest.last_time = statement.line.time or self.latest.last_time

    def _add(self, statement: Statement) -> None:
        """Puts a statement's facts into the load they are about."""
        facts = [(path, value) for path, value in statement.facts() if path.startswith("load.")]
        if facts and all(path.startswith("load.estimate.") for path, _ in facts):
            self._foreseen.note(self._now, facts, statement.line.number)
            return
        load = self.current or (self.latest if self._stages.get(statement.id) == "ready" else None)
        if load is None:
            inside = is_summary(statement) and not self.loads
            if not inside and not (facts and statement.id.startswith("llama.")):
                return
            load = self._open(statement, inside=inside).load
        if is_summary(statement) and (statement.line.source or "").startswith("ggml.go:"):
            set_engine(load, "ollama-engine", statement.line.number)
        for path, value in facts:
            put(load, path.removeprefix("load."), value, statement.line.number)
        taken = self._now is not None and self._now.parts.take(statement)
        if facts or taken or statement.id in self._stages:
            load.last_line = max(load.last_line, statement.line.number)

    def _reach(self, stage: str, statement: Statement) -> bool:
        """Moves on to a moment of a load; False where the statement says nothing more."""
        if stage in ("fit_begins", "fit_ends"):
            self._fitting = stage == "fit_begins"
            return False
        if stage == "fit_probe":
            if statement.fields.get("no_alloc") in (True, 1):
                self._set_purpose("fit_probe", statement)
            return True
        if stage == "vocab_only":
            if statement.fields.get("vocab_only") in (True, 1):
                self._set_purpose("vocab_only", statement)
            return True
        if stage == "vocab_done":
            self._set_purpose("vocab_only", statement).finish(statement)
            self._end()
            return False
        if stage == "draft":
            self._begin_draft(statement)
            return True
        if stage == "ready":
            return self._ready(statement)
        if stage in ("engine", "request", "waiting", "runners"):
            if self._now is None and stage == "request" and is_loading(statement):
                self._open(statement, inside=True)
            if self._now is not None:
                self._now.note(stage, statement, self._engines.get(statement.id))
            return True
        return self._advance(stage, statement)

    def _advance(self, stage: str, statement: Statement) -> bool:
        """A stage of loading: goes on with the load under way, or begins another."""
        if stage == "attempt" and not names_a_model(statement):
            return False
        now, rank = self._now, RANK[stage]
        begins = rank <= RANK["metadata"]
        again = begins or (stage == "tensors" and now is not None and now.rank >= RANK["kv"])
        if now is not None and stage == "attempt" and now.is_its_runner(statement):
            return True
        if now is None or (again and rank <= now.rank and not now.is_printed_twice(stage, statement)):
            if now is None and stage == "compute" and self.loads and self.loads[-1].outcome == "ready":
                return False  # its graph is reserved anew; that is no load of its own
            self._leave()
            now = self._open(statement, inside=not begins)
        now.reach(rank)
        if stage == "attempt":
            now.by_ollama = statement.id.startswith("ollama.load.")
            take_command(now.load, statement)
            set_engine(now.load, self._engines.get(statement.id), statement.line.number)
        return True

    def _set_purpose(self, purpose: Any, statement: Statement) -> Underway:
        now = self._now or self._open(statement)
        now.load.purpose = purpose
        now.load.lines.setdefault("purpose", []).append(statement.line.number)
        return now

    def _begin_draft(self, statement: Statement) -> None:
        """The small model that proposes tokens is loaded by the same server after the model that it helps."""
        main = self._now
        self._open(statement).main = main
        self._set_purpose("draft", statement).reach(RANK["attempt"])

    def _ready(self, statement: Statement) -> bool:
        """A line says that a load is done; whether it was news."""
        now = self._now
        if now is not None and now.load.purpose == "draft":
            now.finish(statement)
            self._end()
            now = self._now
        if now is None:
            runners = statement.id.startswith(("llama.", "ollama.runner.cpp_"))
            if runners or printed_again(self.loads, self._ready_time, statement):
                return False
            now = self._open(statement, inside=True)
        elif now.over and statement.id.startswith("ollama.load."):
            self._end()  # Ollama waits no more for what has failed: another attempt is ready
            now = self._open(statement)
        if now.over or now.load.purpose != "serve":
            return True
        self._ready_time = statement.line.time
        self.latest = now.load
        now.finish(statement)
        # Ollama waits for its runner: what fails between the runner's word and Ollama's fails the load.
        if not now.by_ollama or statement.id.startswith("ollama.load."):
            self._end()
        return True

    def _fail(self, failure: Failure, statement: Statement) -> None:
        """Notes what failed: the most specific of a failed load's lines is its cause."""
        if failure.scope not in ("load", "next"):
            return  # what fails for a request or the server says nothing about the load under way
        now = self._now
        if now is None and failure.scope == "load":
            now = self._open_failed(failure, statement)
        while now is not None and now.load.purpose in ("serve", "draft"):
            now.fail(failure)
            now = now.main

    def _open_failed(self, failure: Failure, statement: Statement) -> Underway | None:
        """A load of which the log shows only how it failed."""
        if not self._unplaced.tells_a_load(failure, statement, self.loads):
            return None
        now = self._unplaced.give(self._open(statement, inside=True), failure)
        self.starts_inside = now.load.first_line if self.count == 1 else self.starts_inside
        return now

    def _leave(self) -> None:
        """Another load begins: the one under way may go on beside it, or has ended without a word."""
        now = self._now
        if now is None or not now.may_go_on or now.load.purpose != "serve":
            self._give_up()
            return
        self._others.append(now)
        self._now = None
        if len(self._others) == MOST_UNDERWAY:
            self._others.pop(0).close()

    def _give_up(self) -> None:
        """A load that met a failure and never got ready has failed."""
        while self._now is not None:
            if self._now.load.outcome == "unknown" and self._now.causes:
                self._now.settle_failure(self._now.causes[-1].line)
            self._end()

    def _open(self, statement: Statement, *, inside: bool = False) -> Underway:
        self.count += 1
        if inside and self.count == 1:
            self.starts_inside = statement.line.number
        self._now = begun(self.count, statement)
        self.loads.append(load := self._now.load)
        self.latest = load
        if self._stages.get(statement.id) == "attempt":
            self._foreseen.give(load)  # not to a vocab-only pass in between
        return self._now

    def _end(self) -> None:
        """The load under way is done; a draft's main load goes on."""
        if self._now is not None:
            self._now.close()
            self._now = self._now.main
        self._fitting = False

    def finish(self) -> int | None:
        """Closes what is under way; the first line of a load whose end the log does not show, or None."""
        self._release()
        now = self._now
        self._close_others()
        if now is None:
            return None
        now = now.main or now
        if any(cause.ends_load for cause in now.causes):
            self._give_up()
            return None
        inside = now.load.first_line if now.unfinished else None
        while self._now is not None:
            self._end()
        return inside
