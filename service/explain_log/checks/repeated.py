"""One model loaded again and again: what it costs, and why where the log tells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.facts.models import Facts, ModelLoad, Repeats

LOADS_TO_TELL = 3
SOON_SECONDS = 600.0
KEEP_ALIVE_SECONDS = 300.0
_EVICTED = (
    "ollama.sched.evicting",
    "ollama.sched.debug_max_runners",
    "ollama.sched.debug_expire_now",
    "ollama.sched.retry_evict_all",
)
_CHANGED = ("ollama.sched.debug_reloading",)


@log_check
def repeated(facts: Facts) -> Iterator[Observation]:
    """Three loads or more of one model within a server run, one of them within 10 minutes of its last use.

    Source: server/sched.go, needsReload (changed options), eviction, and the keep-alive timer.
    """
    groups: dict[tuple[int | None, str], list[ModelLoad]] = {}
    for load in facts.loads:
        key = _key(load)
        if load.purpose == "serve" and load.outcome != "failed" and key and load.server_run is not None:
            groups.setdefault((load.server_run, key), []).append(load)
    worst = max((loads for loads in groups.values() if _soon(loads, facts)), key=len, default=None)
    if worst is not None:
        yield _observation(worst, facts, sum(1 for loads in groups.values() if _soon(loads, facts)))


def _key(load: ModelLoad) -> str | None:
    return load.model.digest or load.model.path or load.model.name


def _soon(loads: list[ModelLoad], facts: Facts) -> bool:
    if len(loads) < LOADS_TO_TELL:
        return False
    return any(_gap(before, after, facts) is not None for before, after in pairwise(loads))


def _gap(before: ModelLoad, after: ModelLoad, facts: Facts) -> float | None:
    """Seconds between a model's last known use and its next load, None where not known or over 10 minutes."""
    begins = _seconds(after.first_time)
    used = _last_use(before, after, facts)
    if begins is None or used is None:
        return None
    gap = begins - used
    return gap if 0 <= gap <= SOON_SECONDS else None


def _last_use(before: ModelLoad, after: ModelLoad, facts: Facts) -> float | None:
    """The end of the load, or of the last answer before another model was loaded: until then all were this one's."""
    others = [load.first_line for load in facts.loads if load.purpose == "serve" and before.last_line < load.first_line]
    until = min([after.first_line, *others])
    answered = facts.requests.answered if facts.requests else []
    times = [_seconds(time) for line, time in answered if before.last_line < line < until]
    known = [time for time in (_seconds(before.last_time), *times) if time is not None]
    return max(known, default=None)


def _observation(loads: list[ModelLoad], facts: Facts, models: int) -> Observation:
    pairs = list(pairwise(loads))
    gaps = [gap for gap in (_gap(a, b, facts) for a, b in pairs) if gap is not None]
    model = loads[0].model
    omitted = facts.loads_omitted.repeats if facts.loads_omitted is not None else {}
    more = omitted.get((loads[0].server_run, _key(loads[0]) or ""), Repeats())
    seconds = more.seconds + sum(load.load_seconds or 0.0 for load in loads)
    name = model.name or (model.path or model.digest or "").replace("\\", "/").rpartition("/")[2]
    values: dict[str, Value] = {
        "model": name,
        "count": len(loads) + more.count,
        "models": models,
        "soon": len(gaps),
        "shortest_seconds": round(min(gaps), 1),
        "seconds": round(seconds, 1),
    }
    variant = _reason(pairs, facts, values)
    lines = [line for load in loads for line in (load.lines.get("outcome") or [load.first_line])[:1]]
    return Observation("load.repeated", None, values, lines, variant=variant)


def _reason(pairs: list[tuple[ModelLoad, ModelLoad]], facts: Facts, values: dict[str, Value]) -> str:
    """What changed between loads: the context, another model's turn, or nothing but idle time."""
    contexts = list(dict.fromkeys(load.context.n_ctx for pair in pairs for load in pair if load.context.n_ctx))
    if len(contexts) > 1:
        values["contexts"] = ", ".join(str(n) for n in contexts[:6])
        return "num_ctx"
    if any(event.statement in _CHANGED for event in facts.events if pairs[0][0].first_line < event.line):
        return "options"
    if any(_evicted(before, after, facts) for before, after in pairs):
        return "eviction"
    gaps = [gap for gap in (_gap(a, b, facts) for a, b in pairs) if gap is not None]
    return "keep_alive" if gaps and min(gaps) >= KEEP_ALIVE_SECONDS else "default"


def _evicted(before: ModelLoad, after: ModelLoad, facts: Facts) -> bool:
    return any(e.statement in _EVICTED for e in facts.events if before.last_line < e.line <= after.last_line)


def _seconds(time: str | None) -> float | None:
    """A point in time for differences; the zone is left out, since requests' lines do not print it."""
    if time is None:
        return None
    from datetime import datetime

    try:
        return datetime.fromisoformat(time).replace(tzinfo=None).timestamp()
    except ValueError:
        return None
