"""Progress: on a terminal, after a second, and never in the way."""

import io
from types import SimpleNamespace

import pytest

from explain_log.cli import progress, streams
from explain_log.cli.progress import ReadingProgress, megabytes


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def put_in_place(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    """Makes the stream standard error for the code; pytest puts its own in place of sys.stderr."""
    for module in (progress, streams):
        monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands where a test puts it."""
    time = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def terminal(monkeypatch):
    """Standard error as a terminal of 80 columns."""
    stream = Terminal()
    put_in_place(monkeypatch, stream)
    monkeypatch.setattr(streams, "width", lambda: 80)
    return stream


def test_nothing_within_a_second(clock, terminal):
    """What is quick shows no progress."""
    reading = ReadingProgress("en")
    clock[0] = 0.9
    reading(10_000_000, 20_000_000)
    reading.line.wipe()
    assert terminal.getvalue() == ""


def test_share_and_rate_after_a_second(clock, terminal):
    """Then megabytes, share and rate are shown, and wiped away at the end."""
    reading = ReadingProgress("en")
    clock[0] = 2.0
    reading(150_000_000, 300_000_000)
    assert "150 MB of 300 MB, 50 %, 75 MB/s" in terminal.getvalue()
    clock[0] = 2.05
    reading(160_000_000, 300_000_000)
    assert "160 MB" not in terminal.getvalue()
    reading.line.wipe()
    assert terminal.getvalue().endswith(" \r")


def test_a_pipe_has_no_share(clock, terminal):
    """Of standard input nobody knows how much is to come."""
    reading = ReadingProgress("zh")
    clock[0] = 2.0
    reading(2_500_000_000, None)
    assert "2.50 GB" in terminal.getvalue()
    assert "%" not in terminal.getvalue()


def test_nothing_without_a_terminal(clock, monkeypatch):
    """A file or pipe as standard error gets no progress."""
    stream = io.StringIO()
    put_in_place(monkeypatch, stream)
    reading = ReadingProgress("en")
    clock[0] = 5.0
    reading(1, 2)
    assert stream.getvalue() == ""


def test_megabytes():
    """Sizes have as many digits as one wants to read."""
    assert [megabytes(n) for n in (1_500_000, 15_000_000, 1_500_000_000)] == ["1.5 MB", "15 MB", "1.50 GB"]
