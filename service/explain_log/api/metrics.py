"""What Prometheus may know: counts and times, never a text of a log, a key or a report's id."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG = (0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)


class Metrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        name = "explain_log_"
        self.requests = Counter(
            f"{name}requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.parse_seconds = Histogram(
            f"{name}parse_seconds", "Time to read a log, queue included", registry=registry, buckets=_SHORT
        )
        self.model_seconds = Histogram(
            f"{name}model_seconds", "Time a model took for an explanation", registry=registry, buckets=_LONG
        )
        self.statements = Counter(
            f"{name}statements", "Statements of the explanation: accepted by origin, refused by reason",
            ["verdict", "reason"], registry=registry,
        )  # fmt: skip
        self.models = Counter(f"{name}model_answers", "Explanations asked of a model", ["outcome"], registry=registry)
        self.cache = Counter(
            f"{name}cache", "Reports and explanations found or not", ["what", "outcome"], registry=registry
        )
        self.jobs = Counter(f"{name}jobs", "Jobs that ended", ["outcome"], registry=registry)
        self._queue = Gauge(f"{name}queue", "Who waits and who runs", ["queue", "state"], registry=registry)

    def watch(self, queue: str, waiting: Callable[[], float], running: Callable[[], float]) -> None:
        """Shows a queue's lengths as they are when asked."""
        self._queue.labels(queue, "waiting").set_function(waiting)
        self._queue.labels(queue, "running").set_function(running)

    def text(self) -> bytes:
        """All of them, for Prometheus."""
        return generate_latest(self._registry)
