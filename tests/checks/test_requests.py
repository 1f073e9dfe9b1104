"""Requests."""

import pytest

from explain_log.pipeline import report_of_text

GIN = '[GIN] 2025/06/01 - 10:00:{:02d} | {} |  {} |       127.0.0.1 | POST     "{}"'


def findings(*lines, language="en"):
    """The findings of a log, by id."""
    return {f.id: f for f in report_of_text("\n".join(lines) + "\n", language).findings}


def test_errors_of_the_server_and_of_clients_are_apart():
    """5xx, 4xx and 499 are three things; 200 is none."""
    found = findings(
        GIN.format(1, 200, "1.2s", "/api/chat"), GIN.format(2, 500, "3.1s", "/api/chat"), GIN.format(3, 404, "55.451µs", "/api/show"),
        GIN.format(4, 499, "9s", "/api/generate"), GIN.format(5, 500, "1m31s", "/api/generate"),
    )
    assert found["request.server_errors"].values["count"] == 2
    assert found["request.server_errors"].values["paths"] == "/api/chat (1), /api/generate (1)"
    assert found["request.client_errors"].values["count"] == 1
    assert found["request.cancelled"].values["count"] == 1
    assert [e.line for e in found["request.server_errors"].evidence] == [2, 5]


def test_a_client_that_left_in_words():
    """Without a 499."""
    line = 'time=2025-06-01T10:00:00.000Z level=INFO source=runner.go:1 msg="aborting completion request due to client closing the connection"'
    assert findings(line)["request.cancelled"].values["count"] == 1


def test_busy_is_not_the_queue():
    """queue_full needs its own message."""
    found = findings(GIN.format(1, 503, "1.2ms", "/api/chat"))
    assert "request.server_errors" in found
    assert "request.queue_full" not in found


@pytest.mark.parametrize(("seconds", "path", "slow"), [("1m1s", "/api/chat", True), ("59s", "/api/chat", False), ("10m5s", "/api/pull", False)])
def test_slow_is_over_a_minute(seconds, path, slow):
    """And pulls are not slow requests."""
    assert ("request.slow" in findings(GIN.format(1, 200, seconds, path))) == slow


def test_loading_is_told_apart():
    """Where the log has a load's time."""
    ready = 'time=2025-06-01T10:00:00.000Z level=INFO source=server.go:1 msg="llama runner started in 41.20 seconds"'
    start = 'time=2025-06-01T09:59:00.000Z level=INFO source=server.go:1 msg="starting llama server" cmd="ollama runner --model /m/sha256-aa --port 1"'
    found = findings(start, ready, GIN.format(1, 200, "1m31s", "/api/chat"))["request.slow"]
    assert found.values["load_seconds"] == pytest.approx(41.2)
    assert found.values["max_seconds"] == pytest.approx(91)


def test_cut_prompts():
    """How many, the longest, the limit; and a context that would hold it."""
    cut = 'time=2025-06-01T10:00:00.000Z level=WARN source=runner.go:1 msg="truncating input prompt" limit={} prompt={} keep=4 new={}'
    found = findings(cut.format(2048, 5000, 2048), cut.format(2048, 3000, 2048))["context.prompt_truncated"]
    assert (found.values["count"], found.values["longest"], found.values["limit"]) == (2, 5000, 2048)
    assert found.values["suggested"] == 8192
    old = 'INFO [update_slots] input truncated | n_ctx=2048 n_keep=0 n_left=2048 tid="1" timestamp=1720000000'
    assert findings(old)["context.prompt_truncated"].values["count"] == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_have_no_holes(language):
    """In either language."""
    found = findings(GIN.format(2, 500, "2m", "/api/chat"), GIN.format(3, 404, "1ms", "/x"), GIN.format(4, 499, "9s", "/y"), language=language)
    assert all("{" not in f.title + f.detail for f in found.values())
