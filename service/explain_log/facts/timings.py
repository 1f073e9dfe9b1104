"""How fast requests were answered, where llama-server prints it: prefill and generation, request by request."""

from __future__ import annotations

from explain_log.facts.models import RequestTiming
from explain_log.statements import Statement

MOST_TIMINGS = 200
"""So many of the last requests are kept; the medians are over these."""

TIMED = _PROMPT, _EVAL = "llama.server.timing_prompt", "llama.server.timing_eval"
"""The statements that time a request: its prompt, its answer."""


class TimingCollector:
    """Pairs a request's prompt line with its generation line; `timings` are the last ones, in log order."""

    def __init__(self) -> None:
        self.timings: list[RequestTiming] = []
        self._open: RequestTiming | None = None

    def take(self, statement: Statement) -> None:
        """Adds a line of a request's timings; any other statement is passed over."""
        if statement.id == _PROMPT:
            timing = RequestTiming(statement.line.number, statement.integer("task"))
            timing.prompt_tokens = statement.integer("tokens")
            timing.prompt_tokens_per_second = _rate(statement)
            self.timings.append(timing)
            self._open = timing
            del self.timings[:-MOST_TIMINGS]
        elif statement.id == _EVAL and self._open is not None:
            task = statement.integer("task")
            if task is None or self._open.task is None or task == self._open.task:
                self._open.tokens = statement.integer("tokens")
                self._open.tokens_per_second = _rate(statement)
            self._open = None


def _rate(statement: Statement) -> float | None:
    """Tokens a second as printed; `inf` of a prompt that was cached is no rate."""
    rate = statement.number("speed")
    return rate if rate is not None and 0 < rate < 1e7 else None


def median(values: list[float]) -> float | None:
    """The middle value, the mean of the two middle ones of an even number, or None of none."""
    ranked = sorted(values)
    count = len(ranked)
    return (ranked[(count - 1) // 2] + ranked[count // 2]) / 2 if count else None
