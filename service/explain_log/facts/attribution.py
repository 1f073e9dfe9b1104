"""Which load a failure is about that happened after its model was loaded, where the log tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from explain_log.facts.models import Event, ModelLoad, ServerRun

ONE_FAILURE_LINES = 200
"""So near to each other, lines are about one failure."""

_ONE_MODEL_ENGINES = ("llama.cpp-server", "llama.cpp-library")
_PORT = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]):([0-9]{2,5})/")
_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")


def attribute(
    events: list[Event], loads: list[ModelLoad], runs: list[ServerRun], blames: Callable[[str], bool]
) -> None:
    """Sets `load` of the events that tell of a failure while serving: None, and `among`, where several may be meant.

    The runner that crashes does not say which model it has. Ollama's lines after it may name its port or its file;
    else it is known only when no more than one model can be in memory.
    """
    served = [load for load in loads if load.purpose == "serve"]
    for failure in _failures(events, served, blames):
        named = [_named(event, served) for event in failure]
        for place, event in enumerate(failure):
            load = next((name for name in (*named[place:], *reversed(named[:place])) if name is not None), None)
            if load is None:
                candidates = _in_memory(event, served, runs)
                load = candidates[0] if len(candidates) == 1 else None
                event.among = [] if load is not None else [candidate.index for candidate in candidates]
            event.load = load.index if load is not None else None


def _failures(events: list[Event], served: list[ModelLoad], blames: Callable[[str], bool]) -> Iterator[list[Event]]:
    """The events of each failure that came after the load under way then had been done."""
    known = {load.index: load for load in served}
    together: list[Event] = []
    for event in events:
        load = known.get(event.load) if event.load is not None else None
        if load is None or load.outcome != "ready" or event.line <= load.last_line or not blames(event.statement):
            continue
        if together and (event.load != together[-1].load or event.line - together[-1].line > ONE_FAILURE_LINES):
            yield together
            together = []
        together.append(event)
    if together:
        yield together


def _named(event: Event, served: list[ModelLoad]) -> ModelLoad | None:
    """The load whose runner's port or model file the line names; ports are used again, so the latest before it."""
    port, blob = _PORT.search(event.text), _BLOB.search(event.text)
    for load in reversed(served):
        if load.first_line > event.line or load.outcome != "ready":
            continue
        if port is not None and str(load.asked.get("port", ("",))[0]) == port.group(1):
            return load
        if blob is not None and load.model.digest == blob.group(1):
            return load
    return None


def _in_memory(event: Event, served: list[ModelLoad], runs: list[ServerRun]) -> list[ModelLoad]:
    """The loads whose model may be in memory, the latest first: one a model, of the same run."""
    before = [load for load in served if load.first_line < event.line and load.outcome == "ready"]
    last = before[-1]
    same_run = [load for load in before if load.server_run == last.server_run]
    by_model: dict[object, ModelLoad] = {}
    for load in reversed(same_run):
        model = load.model
        by_model.setdefault(model.digest or model.path or model.name or load.index, load)
    run = runs[last.server_run] if last.server_run is not None else None
    alone = last.engine in _ONE_MODEL_ENGINES or run is None or run.product == "llama.cpp"
    if alone or (run is not None and run.config.get("OLLAMA_MAX_LOADED_MODELS") == "1"):
        return [last]
    runners = last.asked.get("runners")
    most = int(runners[0]) if runners is not None else len(by_model)
    return list(by_model.values())[: max(most, 1)]
