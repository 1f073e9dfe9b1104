"""Sums up the requests that a log shows."""

from __future__ import annotations

from explain_log.facts.durations import Durations
from explain_log.facts.models import RequestMarks, RequestSummary, ServerRun
from explain_log.facts.stretch import Stretch
from explain_log.facts.timings import TIMED, TimingCollector, median
from explain_log.statements import Statement

MOST_MARKED_LINES = 12
MOST_ANSWERED = 20_000
MOST_PATHS = 200
SLOW_SECONDS = 60.0
ANSWERS = (
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/v1/chat",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
)
_TRANSFERS = ("/api/pull", "/api/push", "/api/create", "/api/blobs", "/api/copy")


_GIN = "ollama.gin.request"
_TRUNCATED = "ollama.request.prompt_truncated"
_OWN = "llama.server.request_done"
# What a standalone llama-server answers with a model; health checks, pages and slots are no requests.
_OWN_ANSWERS = (
    "/completion",
    "/v1/",
    "/chat/completions",
    "/embed",
    "/infill",
    "/rerank",
    "/api/chat",
    "/api/generate",
)
_OWN_ASIDES = ("/v1/models",)


class Requests:
    """The requests of a log: those of its GIN lines, else those that a standalone llama-server answered."""

    def __init__(self) -> None:
        self._gin = RequestCounter(_GIN)
        self._own = RequestCounter(_OWN)
        self._timings = TimingCollector()

    def take(self, statement: Statement) -> None:
        """Counts a statement if it is a request, or says that a prompt was cut."""
        self._gin.take(statement)
        self._timings.take(statement)
        if statement.id == _OWN:
            path = statement.text("path") or ""
            if (
                path.startswith(_OWN_ANSWERS)
                and not path.startswith(_OWN_ASIDES)
                and statement.text("method") == "POST"
            ):
                self._own.take(statement)

    def take_stretch(self, stretch: Stretch) -> None:
        """Counts requests that were counted before."""
        self._gin.take_stretch(stretch)

    def is_plain(self, statement: Statement) -> bool:
        """Whether a statement other than a GIN line says nothing of requests."""
        return statement.id not in (_GIN, _OWN, _TRUNCATED, *TIMED)

    def settled(self) -> frozenset[str]:
        """The kinds of requests of which no more lines are wanted."""
        return self._gin.settled()

    def shown_lines(self) -> set[int]:
        """The lines that findings about requests may show."""
        return {*self._gin.shown_lines(), *self._own.shown_lines(), *(t.line for t in self._timings.timings)}

    def summary(self, runs: list[ServerRun]) -> RequestSummary | None:
        """The totals; the runner's internal calls under Ollama are none."""
        under_ollama = any(run.product == "ollama" for run in runs)
        summary = self._gin.summary() or (None if under_ollama else self._own.summary())
        if summary is not None:
            self._add_timings(summary)
        return summary

    def _add_timings(self, summary: RequestSummary) -> None:
        summary.timings = timings = self._timings.timings
        prefill = [t.prompt_tokens_per_second for t in timings if t.prompt_tokens_per_second is not None]
        generation = [t.tokens_per_second for t in timings if t.tokens_per_second is not None]
        summary.prefill_tokens_per_second, summary.generation_tokens_per_second = median(prefill), median(generation)


class RequestCounter:
    """Counts one kind of request line; `summary()` is None for a log without any."""

    def __init__(self, statement_id: str) -> None:
        self._id = statement_id
        self._seconds = Durations()
        self._slowest = -1.0
        self._summary = RequestSummary()

    def take(self, statement: Statement) -> None:
        """Counts a statement if it is a request, or says that a prompt was cut."""
        if statement.id == _TRUNCATED:
            self._truncation(statement)
        if statement.id != self._id:
            return
        summary = self._summary
        summary.count += 1
        status, path = statement.text("status") or "?", (statement.text("path") or "?").partition("?")[0]
        if statement.line.text.endswith(">"):
            path += "…"  # a pager cut the line
        summary.by_status[status] = summary.by_status.get(status, 0) + 1
        if path in summary.by_path or len(summary.by_path) < MOST_PATHS:
            summary.by_path[path] = summary.by_path.get(path, 0) + 1
        seconds = statement.number("seconds")
        if seconds is not None:
            if seconds > self._slowest:
                self._slowest = seconds
                summary.lines["max_seconds"] = [statement.line.number]
            self._seconds.add((seconds,))
        self._mark(statement, status, path, seconds)
        if summary.first_line is None:
            summary.first_line = statement.line.number
        summary.last_line = statement.line.number

    def _truncation(self, statement: Statement) -> None:
        """`limit` is what the prompt was cut to; from 0.30.9 on it is about half the window."""
        truncated = self._summary.truncated
        truncated.count += 1
        tokens = statement.integer("prompt")
        if tokens is not None:
            truncated.max_prompt_tokens = max(tokens, truncated.max_prompt_tokens or 0)
        truncated.limit = statement.integer("limit") or truncated.limit

    def _mark(self, statement: Statement, status: str, path: str, seconds: float | None) -> None:
        """Notes requests that findings are about: errors, clients that left, slow ones; and when answers ended."""
        line = statement.line
        if (
            status.startswith("2")
            and path.startswith(ANSWERS)
            and line.time
            and len(self._summary.answered) < MOST_ANSWERED
        ):
            self._summary.answered.append((line.number, line.time))
        for kind in kinds_of(status, path, seconds):
            marks = self._summary.marks.setdefault(kind, RequestMarks())
            add_marked(marks, status, path, seconds)
            if len(marks.lines) < MOST_MARKED_LINES:
                marks.lines.append(line.number)

    def take_stretch(self, stretch: Stretch) -> None:
        """Counts requests that were counted before."""
        summary = self._summary
        if not stretch.statuses:
            return
        for status, count in stretch.statuses.items():
            summary.count += count
            summary.by_status[status] = summary.by_status.get(status, 0) + count
        for path, count in stretch.paths.items():
            if path in summary.by_path or len(summary.by_path) < MOST_PATHS:
                summary.by_path[path] = summary.by_path.get(path, 0) + count
        self._seconds.add(stretch.seconds, stretch.longest)
        if stretch.slowest and stretch.longest > self._slowest:
            self._slowest = stretch.longest
            summary.lines["max_seconds"] = [stretch.slowest]
        if stretch.answered is not None and len(summary.answered) < MOST_ANSWERED:
            summary.answered.append(stretch.answered)
        for kind, counted in stretch.marks.items():
            merge_marks(summary.marks.setdefault(kind, RequestMarks()), counted)
        first, summary.last_line = stretch.requests
        summary.first_line = summary.first_line or first

    def shown_lines(self) -> set[int]:
        """The lines that findings about them may show."""
        summary = self._summary
        lines = {line for marks in summary.marks.values() for line in marks.lines}
        lines |= {line for numbers in summary.lines.values() for line in numbers}
        return lines | {line for line in (summary.first_line, summary.last_line) if line is not None}

    def settled(self) -> frozenset[str]:
        """The kinds of requests of which no more lines are wanted."""
        marks = self._summary.marks
        return frozenset(kind for kind in marks if len(marks[kind].lines) >= MOST_MARKED_LINES)

    def summary(self) -> RequestSummary | None:
        """The totals, median and 95th percentile, or None without requests."""
        if not self._summary.count:
            return None
        count = self._seconds.count
        if count:
            ranks = [(count - 1) // 2, count // 2, -(-count * 95 // 100) - 1]  # nearest rank
            below, above, self._summary.p95_seconds = self._seconds.ranked(sorted(ranks))
            self._summary.median_seconds = (below + above) / 2
            self._summary.max_seconds = self._seconds.largest
        return self._summary


def kinds_of(status: str, path: str, seconds: float | None) -> list[str]:
    """What findings a request is about: errors, clients that left, slow ones. Transfers of models may take long."""
    kinds = []
    if status == "499":
        kinds.append("cancelled")
    elif status.startswith(("5", "4")):
        kinds.append("server_errors" if status.startswith("5") else "client_errors")
    if seconds is not None and seconds > SLOW_SECONDS and not path.startswith(_TRANSFERS):
        kinds.append("slow")
    return kinds


def add_marked(marks: RequestMarks, status: str, path: str, seconds: float | None, *, count: int = 1) -> None:
    """Counts one more request of a kind, or several that are alike; seconds: the longest one's."""
    marks.count += count
    marks.by_path[path] = marks.by_path.get(path, 0) + count
    marks.by_status[status] = marks.by_status.get(status, 0) + count
    marks.max_seconds = max(seconds or 0.0, marks.max_seconds or 0.0)


def merge_marks(marks: RequestMarks, more: RequestMarks) -> None:
    """Adds the counts of later requests of the same kind."""
    marks.count += more.count
    for path, count in more.by_path.items():
        marks.by_path[path] = marks.by_path.get(path, 0) + count
    for status, count in more.by_status.items():
        marks.by_status[status] = marks.by_status.get(status, 0) + count
    marks.max_seconds = max(more.max_seconds or 0.0, marks.max_seconds or 0.0)
