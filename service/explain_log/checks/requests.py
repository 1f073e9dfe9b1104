"""Requests that failed, were given up or took long, and prompts that were cut."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.checks.versions import Server
from explain_log.facts.models import Event, Facts, RequestMarks

MOST_PATHS = 5
CONTEXT_STEPS = (4096, 8192, 16384, 32768, 65536, 131072, 262144)
_CUT_TO_HALF = (0, 30, 9)
"""From this release of Ollama on, a prompt that does not fit is cut to about half of the window."""
_CUT = (
    "ollama.request.prompt_truncated",
    "ollama.request.input_exceeds_context",
    "ollama.runner.cpp_truncated",
    "llama.server.prompt_truncated",
)
_CLIENT_LEFT = ("ollama.request.client_left",)


@log_check
def by_outcome(facts: Facts) -> Iterator[Observation]:
    """5xx are the server's errors, 4xx other than 499 the clients'. Source: gin's logger; server/routes.go."""
    requests = facts.requests
    if requests is None:
        return
    for kind in ("server_errors", "client_errors"):
        marks = requests.marks.get(kind)
        if marks is not None:
            values = _values(marks) | {"requests": requests.count}
            busy = kind == "server_errors" and set(marks.by_status) == {"503"}
            yield Observation(f"request.{kind}", None, values, marks.lines, variant="busy" if busy else "default")


@log_check
def cancelled(facts: Facts) -> Iterator[Observation]:
    """The client went away: a 499, or a line that says so. Source: server/routes.go, handleScheduleError."""
    marks = facts.requests.marks.get("cancelled") if facts.requests else None
    left = facts.events_of(*_CLIENT_LEFT)
    if marks is None and not left:
        return
    values: dict[str, Value] = _values(marks) if marks else {"count": len(left), "paths": ""}
    lines = [*(marks.lines if marks else []), *(event.line for event in left)]
    yield Observation("request.cancelled", None, values, lines, variant="status" if marks else "line")


@log_check
def slow(facts: Facts) -> Iterator[Observation]:
    """Over 60 s from the request to the end of its answer; queueing and loading count. Pulls are none."""
    marks = facts.requests.marks.get("slow") if facts.requests else None
    if marks is None or facts.requests is None:
        return
    values = _values(marks) | {"max_seconds": round(marks.max_seconds or 0.0, 1)}
    if facts.requests.median_seconds is not None:
        values["median_seconds"] = round(facts.requests.median_seconds, 2)
    loads = [load for load in facts.loads if load.load_seconds is not None]
    slowest = max(loads, key=lambda load: load.load_seconds or 0.0, default=None)
    operands = {"seconds": "fact:requests.max_seconds"}
    variant = "default"
    if slowest is not None and slowest.load_seconds is not None:
        values["load_seconds"] = round(slowest.load_seconds, 1)
        operands["load"] = f"fact:loads.{slowest.index}.load_seconds"
        variant = "with_load" if slowest.load_seconds >= 5 else "short_load"
    yield Observation("request.slow", None, values, marks.lines, operands, variant)


@log_check
def prompt_truncated(facts: Facts) -> Iterator[Observation]:
    """Prompts that were cut to fit the window. From 0.30.9 on the limit is about half of it.

    Source: runner/llamarunner/runner.go, NewSequence; llm/llama_server.go from 0.30 on.
    """
    cut = facts.events_of(*_CUT)
    if not cut:
        return
    count = sum(facts.event_counts.get(name, 0) for name in _CUT)
    values: dict[str, Value] = {"count": max(count, len(cut))}
    longest = max(_numbers(cut, "prompt", "n_prompt_tokens"), default=None)
    limits = _numbers(cut, "limit", "n_ctx")
    variant = "default"
    if longest is not None and limits:
        values |= {"longest": longest, "limit": max(limits)}
        server = Server.of(facts, None)
        variant = "half" if server.product == "ollama" and server.first >= _CUT_TO_HALF else "sizes"
        suggested = _enough(longest, facts)
        if suggested is not None:
            values["suggested"] = suggested
    yield Observation("context.prompt_truncated", None, values, [event.line for event in cut], variant=variant)


def _numbers(events: list[Event], *names: str) -> list[int]:
    return [value for event in events for name in names if isinstance(value := event.fields.get(name), int)]


def _enough(longest: int, facts: Facts) -> int | None:
    """The next usual context that holds the longest prompt and leaves a quarter for the answer, if trained for that."""
    trained = [load.model.n_ctx_train for load in facts.loads if load.model.n_ctx_train]
    wanted = next((step for step in CONTEXT_STEPS if step >= longest * 4 / 3), None)
    return wanted if wanted is not None and (not trained or wanted <= max(trained)) else None


def _values(marks: RequestMarks) -> dict[str, Value]:
    return {"count": marks.count, "paths": _listed(marks.by_path), "statuses": _listed(marks.by_status)}


def _listed(counts: dict[str, int]) -> str:
    """`/api/chat (12), /api/tags (1)`: the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name} ({count})" for name, count in ranked[:MOST_PATHS])
    return shown + (", …" if len(ranked) > MOST_PATHS else "")
