"""Sums up the requests that a log shows."""

from __future__ import annotations

from explain_log.facts.models import RequestMarks, RequestSummary, ServerRun
from explain_log.statements import Statement

MOST_MARKED_LINES = 12
MOST_ANSWERED = 20_000
SLOW_SECONDS = 60.0
_ANSWERS = ("/api/chat", "/api/generate", "/api/embed", "/v1/chat", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages")
_TRANSFERS = ("/api/pull", "/api/push", "/api/create", "/api/blobs", "/api/copy")


_GIN = "ollama.gin.request"
_OWN = "llama.server.request_done"
# What a standalone llama-server answers with a model; health checks, pages and slots are no requests.
_OWN_ANSWERS = ("/completion", "/v1/", "/chat/completions", "/embed", "/infill", "/rerank", "/api/chat", "/api/generate")
_OWN_ASIDES = ("/v1/models",)


class Requests:
    """The requests of a log: those of its GIN lines, else those that a standalone llama-server answered."""

    def __init__(self) -> None:
        self._gin = RequestCounter(_GIN)
        self._own = RequestCounter(_OWN)

    def take(self, statement: Statement) -> None:
        """Counts a statement if it is a request, or says that a prompt was cut."""
        self._gin.take(statement)
        if statement.id == _OWN:
            path = statement.text("path") or ""
            if path.startswith(_OWN_ANSWERS) and not path.startswith(_OWN_ASIDES) and statement.text("method") == "POST":
                self._own.take(statement)

    def summary(self, runs: list[ServerRun]) -> RequestSummary | None:
        """The totals; the runner's internal calls under Ollama are none."""
        under_ollama = any(run.product == "ollama" for run in runs)
        return self._gin.summary() or (None if under_ollama else self._own.summary())


class RequestCounter:
    """Counts one kind of request line; `summary()` is None for a log without any."""

    def __init__(self, statement_id: str) -> None:
        self._id = statement_id
        self._seconds: list[float] = []
        self._slowest = -1.0
        self._summary = RequestSummary()

    def take(self, statement: Statement) -> None:
        """Counts a statement if it is a request, or says that a prompt was cut."""
        if statement.id == "ollama.request.prompt_truncated":
            self._truncation(statement)
        if statement.id != self._id:
            return
        summary = self._summary
        summary.count += 1
        status, path = statement.text("status") or "?", (statement.text("path") or "?").partition("?")[0]
        summary.by_status[status] = summary.by_status.get(status, 0) + 1
        if path in summary.by_path or len(summary.by_path) < 200:
            summary.by_path[path] = summary.by_path.get(path, 0) + 1
        seconds = statement.number("seconds")
        if seconds is not None:
            if seconds > self._slowest:
                self._slowest = seconds
                summary.lines["max_seconds"] = [statement.line.number]
            self._seconds.append(seconds)
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
        if status.startswith("2") and path.startswith(_ANSWERS) and line.time and len(self._summary.answered) < MOST_ANSWERED:
            self._summary.answered.append((line.number, line.time))
        kinds = []
        if status == "499":
            kinds.append("cancelled")
        elif status.startswith("5") or status.startswith("4"):
            kinds.append("server_errors" if status.startswith("5") else "client_errors")
        if seconds is not None and seconds > SLOW_SECONDS and not path.startswith(_TRANSFERS):
            kinds.append("slow")
        for kind in kinds:
            marks = self._summary.marks.setdefault(kind, RequestMarks())
            marks.count += 1
            marks.by_path[path] = marks.by_path.get(path, 0) + 1
            marks.by_status[status] = marks.by_status.get(status, 0) + 1
            marks.max_seconds = max(seconds or 0.0, marks.max_seconds or 0.0)
            if len(marks.lines) < MOST_MARKED_LINES:
                marks.lines.append(line.number)

    def summary(self) -> RequestSummary | None:
        """The totals, median and 95th percentile, or None without requests."""
        if not self._summary.count:
            return None
        if self._seconds:
            ranked = sorted(self._seconds)
            count = len(ranked)
            self._summary.median_seconds = (ranked[(count - 1) // 2] + ranked[count // 2]) / 2
            self._summary.p95_seconds = ranked[-(-count * 95 // 100) - 1]  # nearest rank
            self._summary.max_seconds = ranked[-1]
        return self._summary
