"""A load whose lines are still coming, and which of several loads under way a line is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from explain_log.facts.attribution import ONE_FAILURE_LINES
from explain_log.facts.buffers import LoadParts
from explain_log.facts.failures import Failure, error_of
from explain_log.facts.launch import set_engine, settle_request, take_request
from explain_log.facts.models import Estimate, ModelLoad
from explain_log.facts.record import derive, put
from explain_log.facts.times import seconds_between
from explain_log.statements import Statement

# The order of a load's moments. A moment that comes again from the beginning is another load.
RANK = {stage: rank for rank, stage in enumerate(("attempt", "metadata", "tensors", "context", "kv", "compute"))}
# Lines that mark no moment, but belong to one.
_TOPIC_RANK = {
    "llama.tensors": RANK["tensors"],
    "llama.context": RANK["context"],
    "llama.kv": RANK["kv"],
    "llama.compute": RANK["compute"],
    "llama.graph": RANK["compute"],
}
_STARTS_ARE_ONE_SECONDS = 1.5
_SUMMARY = (
    "ollama.load.offloaded_layers", "ollama.load.model_weights", "ollama.load.kv_cache", "ollama.load.compute_graph",
)  # fmt: skip
MOST_HELD = 600
MOST_UNPLACED = 20


@dataclass(eq=False)
class Underway:
    """rank: the last moment reached.  by_ollama: Ollama began it, and says when it is done.

    over: it has failed; what its runner still prints belongs to it.  waited: line in which Ollama last said that it
    still waits for the runner.  held: a file's header that came after the failure, until it is known whose it is.
    main: the load under way that this one, of a draft model, is a part of.
    """

    load: ModelLoad
    parts: LoadParts
    rank: int = -1
    causes: list[Failure] = field(default_factory=list)
    by_ollama: bool = False
    over: bool = False
    waited: int = 0
    held: list[Statement] | None = None
    main: Underway | None = None

    @property
    def may_go_on(self) -> bool:
        """Whether lines of it may still come when another load has begun."""
        return self.by_ollama and not self.over and not self.causes and self.load.outcome == "unknown"

    @property
    def unfinished(self) -> bool:
        """Whether neither its end nor its failure is in the log: Ollama's word counts, not its runner's."""
        if self.over or self.rank < 0:
            return False
        ready = self.load.lines.get("outcome") if self.load.outcome == "ready" else None
        return ready is None or (self.by_ollama and self.waited > ready[-1])

    def reach(self, rank: int) -> None:
        """Goes on to a moment of the load."""
        self.rank = max(self.rank, rank)

    def note(self, stage: str, statement: Statement, engine: str | None) -> None:
        """What Ollama says beside the load's lines: its engine, its request, that it waits, how many models it has."""
        if stage == "engine":
            set_engine(self.load, engine, statement.line.number)
        elif stage == "request":
            take_request(self.load, statement)
        elif stage == "waiting":
            self.waited = statement.line.number
        elif stage == "runners" and (count := statement.integer("count")) is not None:
            self.load.asked["runners"] = (count, statement.line.number)

    def finish(self, statement: Statement) -> None:
        """A line says that the load is done."""
        load, number = self.load, statement.line.number
        load.outcome = "ready"
        load.last_line = max(load.last_line, number)
        load.lines["outcome"] = [number]

    def fail(self, failure: Failure) -> None:
        """A line says that something failed; with a fatal one the load is over, and later ones may say why."""
        if self.over and failure.line - self.load.last_line > ONE_FAILURE_LINES:
            return
        self.causes.append(failure)
        self.load.last_line = max(self.load.last_line, failure.line)
        if failure.fatal and not self.over:
            self.over = True
            self.settle_failure(failure.line)
        elif self.over:
            self.load.error = error_of(self.causes)

    def settle_failure(self, line: int) -> None:
        """The load has failed, as this line shows."""
        self.load.outcome = "failed"
        self.load.lines["outcome"] = [line]
        self.load.error = error_of(self.causes)

    def judge_late(
        self, stage: str | None, statement: Statement, *, blamed: bool
    ) -> Literal["pass", "hold", "release", "fresh"]:
        """What to do with a line that comes after the load failed.

        The header of a file may be the runner's own, printed late, or that of a vocab-only pass with which the next
        load begins: it is held until a line shows that it is fresh, or that it is not.
        """
        if self.held is None:
            return "hold" if stage == "metadata" else "pass"
        if stage == "vocab_done" or (stage == "vocab_only" and statement.fields.get("vocab_only") in (True, 1)):
            return "fresh"
        if stage is not None or len(self.held) >= MOST_HELD:
            return "release"
        if not statement.id.startswith("llama."):
            return "pass"
        return "release" if blamed else "hold"

    def close(self) -> None:
        """No more lines come: takes from summaries and requests what nothing else told."""
        self.parts.settle_summary()
        settle_request(self.load)
        main = self.main.load if self.main is not None else None
        if main is not None and main.engine is not None:
            derive(self.load, "engine", main.engine, f"the program that loads its main model, load {main.index}")

    def is_its_runner(self, statement: Statement) -> bool:
        """Whether the runner that Ollama has just started says so itself."""
        return self.by_ollama and self.rank == RANK["attempt"] and not statement.id.startswith("ollama.")

    def is_printed_twice(self, stage: str, statement: Statement) -> bool:
        """A start line printed twice, at one place in time, is one attempt; collectors' stamps differ anyway."""
        load, line = self.load, statement.line
        if stage != "attempt" or self.rank != RANK["attempt"] or self.over or line.number - load.first_line > 2:
            return False
        return line.stamped or load.first_time == line.time


def begun(index: int, statement: Statement) -> Underway:
    """A load of which this is the first line."""
    number = statement.line.number
    load = ModelLoad(index=index, first_line=number, last_line=number)
    load.first_time = load.last_time = statement.line.time
    return Underway(load, LoadParts(load))


def is_summary(statement: Statement) -> bool:
    """Whether Ollama says what goes to which device."""
    return statement.id in _SUMMARY


class Unplaced:
    """Failures that no load was under way for: the cause of one that shows itself only in how it fails after them."""

    def __init__(self) -> None:
        self._failures: list[Failure] = []

    def tells_a_load(self, failure: Failure, statement: Statement, loads: list[ModelLoad]) -> bool:
        """Whether a failure is of a load that the log does not show; one that may be of anything is kept."""
        over = any(load.outcome != "failed" for load in loads[-1:])
        if statement.id == "ollama.sched.load_failed" or (statement.id.startswith("llama.load_error.") and not over):
            return True
        self._failures = [*self._failures[-MOST_UNPLACED:], failure]
        return False

    def give(self, now: Underway, failure: Failure) -> Underway:
        """The ones shortly before a load's first line are its own."""
        now.reach(RANK["attempt"])
        first = now.load.first_line
        near = [failure for failure in self._failures if first - failure.line <= ONE_FAILURE_LINES]
        now.causes += near
        now.load.first_line = min([first, *(failure.line for failure in near)])
        self._failures = []
        if now.load.engine is None and failure.message.startswith("mlx runner"):
            set_engine(now.load, "mlx", failure.line)
        return now


def whose(statement: Statement, stage: str | None, now: Underway | None, others: list[Underway]) -> Underway | None:
    """The one of the other loads that a statement is about, or None where it is about the present one or unknown.

    Runners do not sign their lines. What tells them apart: the model or the port that a line names, how long a load
    took, and how far each has come: a cache cannot be made before the weights are there.
    """
    named = _named(statement, others)
    if named is not None and (now is None or _named(statement, [now]) is None):
        return named if stage != "attempt" else None
    if stage == "ready":
        return _begun_then(statement, now, others)
    rank = RANK.get(stage or "", _TOPIC_RANK.get(statement.id.rpartition(".")[0], -1))
    if now is None or now.rank > RANK["metadata"] or rank < RANK["tensors"]:
        return None
    header_missing = now.rank == RANK["attempt"] and now.load.engine != "ollama-engine"
    if rank == RANK["tensors"] and not header_missing:
        return None
    return next((one for one in reversed(others) if rank - 1 <= one.rank <= rank), None)


def _named(statement: Statement, loads: list[Underway]) -> Underway | None:
    """The load whose model file or port a line names."""
    said = [value for value in statement.fields.values() if isinstance(value, str)]
    for one in reversed(loads):
        path, port = one.load.model.path, one.load.asked.get("port")
        if path is not None and any(path == value for value in said):
            return one
        if port is not None and any(f":{port[0]}/" in value for value in said):
            return one
    return None


def _begun_then(statement: Statement, now: Underway | None, others: list[Underway]) -> Underway | None:
    """The load that began as many seconds before this line as the line says that it took."""
    seconds = statement.number("seconds")
    if seconds is None:
        return None

    def off(one: Underway) -> float:
        since = seconds_between(one.load.first_time, statement.line.time)
        return abs(since - seconds) if since is not None else float("inf")

    best = min(others, key=off)
    if off(best) > _STARTS_ARE_ONE_SECONDS or (now is not None and off(now) <= off(best)):
        return None
    return best


def printed_again(loads: list[ModelLoad], ready_time: str | None, statement: Statement) -> bool:
    """Whether this is the end of the last load, printed once more: another load would have taken its seconds."""
    served = [load for load in loads if load.purpose == "serve"]
    if not served or served[-1].outcome != "ready":
        return False
    since = seconds_between(ready_time, statement.line.time)
    # Lines in reverse order, as some viewers show them, are of another load when they are apart.
    return since is None or -_STARTS_ARE_ONE_SECONDS < since < (statement.number("seconds") or 0.0)


class Foreseen:
    """What Ollama predicts before it loads: for the load that follows, or for the one that has just begun."""

    def __init__(self) -> None:
        self._estimate: Estimate | None = None
        self._lines: dict[str, list[int]] = {}

    def note(self, now: Underway | None, facts: list[tuple[str, Any]], number: int) -> None:
        """Takes the facts of one line, `load.estimate.…`."""
        if now is not None and now.rank == RANK["attempt"] and now.load.estimate is None:
            for path, value in facts:
                put(now.load, path.removeprefix("load."), value, number)
            return
        self._estimate = estimate = Estimate()
        self._lines = {}
        for path, value in facts:
            name = path.rpartition(".")[2]
            setattr(estimate, name, value)
            self._lines[f"estimate.{name}"] = [number]

    def give(self, load: ModelLoad) -> None:
        """Gives a load the prediction that came before it."""
        if self._estimate is not None:
            load.estimate, self._estimate = self._estimate, None
            load.lines |= self._lines
