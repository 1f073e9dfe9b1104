"""Which loads of a long log are kept: the failed ones and the last; the rest is counted and let go."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from explain_log.facts.models import Event, Facts, LoadsOmitted, ModelLoad, Repeats

MOST_LOADS = 200
LAST_LOADS = 100
MOST_FAILED = 500
"""So many failed ones are kept before the last loads, the latest of them: memory is bounded in a log of crashes too."""
MOST_MODELS = 200
_SLACK = 100

OnOmitted = Callable[[ModelLoad, Facts], None]


class Retention:
    """wanted: the index of a load that is kept whatever becomes of the others, with the one before and after it.

    on_omitted: is given each load before it is let go, with facts that hold it alone.
    """

    def __init__(self, wanted: int | None = None, on_omitted: OnOmitted | None = None) -> None:
        self._wanted = wanted
        self._on_omitted = on_omitted
        self._next = MOST_LOADS + _SLACK

    def is_due(self, loads: list[ModelLoad]) -> bool:
        """Whether there are enough loads to let some go."""
        return len(loads) > self._next

    def trim(
        self, facts: Facts, count: int, settle: Callable[[list[ModelLoad]], None], shown: Iterable[int]
    ) -> set[int]:
        """Lets loads go from `facts.loads`, in place; gives their indexes.

        count: how many loads there were in all.  settle: completes loads, which may need the next one for it.
        shown: lines that findings about something else may show.
        """
        loads = facts.loads
        if count <= MOST_LOADS or len(loads) <= LAST_LOADS:
            return set()
        head, last = loads[:-LAST_LOADS], loads[-LAST_LOADS:]
        failed = [load for load in head if load.outcome == "failed"][-MOST_FAILED:]
        stay = {load.index for load in failed} | {load.index for load in head if self._is_wanted(load)}
        gone = [load for load in head if load.index not in stay]
        if gone:
            settle([*head, *last[:2]])
            self._omit(gone, facts)
        facts.loads[:] = [load for load in head if load.index in stay] + last
        _forget_texts(facts, last[0].first_line, shown)
        self._next = len(facts.loads) + _SLACK
        return {load.index for load in gone}

    def _is_wanted(self, load: ModelLoad) -> bool:
        return self._wanted is not None and abs(load.index - self._wanted) <= 1

    def _omit(self, gone: list[ModelLoad], facts: Facts) -> None:
        omitted = facts.loads_omitted
        if omitted is None:
            omitted = facts.loads_omitted = LoadsOmitted(first_line=gone[0].first_line)
        events = _events_by_load(gone, facts.events)
        for load in gone:
            _count(omitted, load)
            if self._on_omitted is not None:
                own = events.get(load.index, [])
                alone = Facts(server_runs=facts.server_runs, loads=[load], events=own, texts=facts.texts)
                alone.line_count = facts.line_count
                self._on_omitted(load, alone)
        _forget_events(facts, events)


def _count(omitted: LoadsOmitted, load: ModelLoad) -> None:
    model = load.model
    name = model.name or (model.path or model.digest or "").replace("\\", "/").rpartition("/")[2] or "?"
    if name not in omitted.by_model and len(omitted.by_model) >= MOST_MODELS:
        name = "?"
    omitted.count += 1
    omitted.by_model[name] = omitted.by_model.get(name, 0) + 1
    omitted.first_line = min(omitted.first_line, load.first_line)
    omitted.last_line = max(omitted.last_line, load.last_line)
    if load.purpose != "serve":
        return
    omitted.served += 1
    omitted.failed += load.outcome == "failed"
    key = (load.server_run, model.digest or model.path or model.name or "")
    if load.outcome != "failed" and (key in omitted.repeats or len(omitted.repeats) < MOST_MODELS):
        repeats = omitted.repeats.setdefault(key, Repeats())
        repeats.count += 1
        repeats.seconds += load.load_seconds or 0.0


def _events_by_load(loads: list[ModelLoad], events: list[Event]) -> dict[int, list[Event]]:
    """The events within the lines of each load."""
    known = {load.index: load for load in loads}
    found: dict[int, list[Event]] = {}
    for event in events:
        load = known.get(event.load) if event.load is not None else None
        if load is not None and load.first_line <= event.line <= load.last_line:
            found.setdefault(load.index, []).append(event)
    return found


def _forget_events(facts: Facts, gone: dict[int, list[Event]]) -> None:
    """Drops the events of loads that are let go, unless one is the last of its statement."""
    last = {event.statement: event.line for event in facts.events}
    lines = {event.line for events in gone.values() for event in events if event.line != last[event.statement]}
    facts.events[:] = [event for event in facts.events if event.line not in lines]


def _forget_texts(facts: Facts, before: int, shown: Iterable[int]) -> None:
    """Drops the texts before a line that nothing can show any more."""
    kept = {*shown, *(event.line for event in facts.events), facts.debug_line}
    for load in facts.loads:
        kept.update(range(load.first_line, min(load.last_line + 1, before)))
        kept.update(line for lines in load.lines.values() for line in lines)
    for line in [line for line in facts.texts if line < before and line not in kept]:
        del facts.texts[line]
