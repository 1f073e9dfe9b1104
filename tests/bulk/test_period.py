"""A part of a big log by its time is the same whether its lines were counted in bulk or not."""

from dataclasses import replace

import pytest

from explain_log.bulk.scanner import Scanner, Unread
from explain_log.errors import InputError
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import load
from explain_log.lines.period import Window
from explain_log.pipeline import _Reading

from .conftest import SMALL
from .make import WRAPPINGS, lines, wrapped

SPANS = [
    ("2025-02-11T12:00", None),
    (None, "2025-02-11T12:00"),
    ("2025-02-11T12:00", "2025-02-11T13:30:10"),
    ("12:30", None),
    ("1h", None),
    ("90m", "14:00"),
    ("2025-02-11T04:00:00Z", "2025-02-11T06:00:00Z"),
    ("2025-02-11", "2025-02-11"),
]


@pytest.mark.parametrize("span", SPANS)
def test_same_as_line_by_line(tmp_path, ordinary, in_bulk, span):
    """Whatever the span is, nothing differs."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(21, 4000, calm=True)), "utf-8")
    assert in_bulk(log, span=span) == ordinary(log, span=span)


@pytest.mark.parametrize("kind", [None, *WRAPPINGS])
def test_same_for_loud_and_wrapped_logs(tmp_path, ordinary, in_bulk, kind):
    """Lines that must be looked at, and lines that a collector dated."""
    log = tmp_path / "a.log"
    texts = lines(22, 2000)
    log.write_text("\n".join(texts if kind is None else wrapped(texts, kind)) + "\n", "utf-8")
    span = ("2025-02-11T12:00", "2025-02-11T13:00")
    assert in_bulk(log, span=span) == ordinary(log, span=span)


def test_same_with_several_processes(tmp_path, ordinary, in_bulk):
    """Other processes know the span."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(23, 6000, calm=True)), "utf-8")
    how = replace(SMALL, huge=1, chunk=1 << 15, piece=1 << 13, processes=2)
    span = ("2025-02-11T13:00", "2025-02-11T16:00")
    assert in_bulk(log, how=how, span=span) == ordinary(log, span=span)


def test_others_wait_where_the_span_begins(tmp_path, in_bulk, monkeypatch):
    """Lines before it and most lines within it are no single lines, whoever scans them."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(25, 12_000, calm=True)), "utf-8")
    read = []
    take = _Reading.take
    monkeypatch.setattr(_Reading, "take", lambda self, line, found: read.append(line.number) or take(self, line, found))
    how = replace(SMALL, huge=1, chunk=1 << 16, piece=1 << 13, processes=1)
    report = in_bulk(log, how=how, span=("2025-02-11T18:00", None))
    source = report["source"]
    assert source["recognised_lines"] > 5000
    assert len(read) < source["recognised_lines"] / 4


def test_scan_ahead_stops_where_the_span_begins():
    """What stands before it is counted; what is left is scanned later, and nothing is lost or told twice."""
    data = ("\n".join(lines(1, 3000, calm=True)) + "\n").encode()
    window = Window("2025-02-11T12:00", "~", "+08:00", 0)
    scanner = Scanner(load(), piece_bytes=1 << 13)
    *before, unread = scanner.scan_ahead(data, lambda: Settled(debug=True, window=window))
    assert isinstance(unread, Unread)
    assert before
    rest = list(scanner.scan(data, lambda: Settled(debug=True, window=window), unread.first - 1))
    ends = [
        part.last if isinstance(part, Stretch) else part.first - 1 + part.data.count(b"\n") for part in (*before, *rest)
    ]
    assert [part.first for part in (*before, *rest)] == [1, *(end + 1 for end in ends[:-1])]
    assert ends[-1] == data.count(b"\n")


def test_same_refusal(tmp_path, ordinary, in_bulk):
    """What is said where nothing is left."""
    log = tmp_path / "a.log"
    log.write_text("\n".join(lines(24, 1500, calm=True)), "utf-8")
    said = []
    for way in (ordinary, in_bulk):
        with pytest.raises(InputError) as error:
            way(log, span=("2027-01-01", None))
        said.append(str(error.value))
    assert said[0] == said[1]


def test_most_of_a_span_is_counted():
    """Before, within and behind it."""
    data = ("\n".join(lines(1, 3000, calm=True)) + "\n").encode()
    window = Window("2025-02-11T12:00", "2025-02-11T13:00", "+08:00", 1000)
    marks = frozenset(("server_errors", "client_errors", "cancelled", "slow"))
    settled = Settled(None, marks, debug=True, window=window)
    found = list(Scanner(load(), piece_bytes=1 << 14).scan(data, lambda: settled))
    counted = [part for part in found if isinstance(part, Stretch)]
    assert sum(part.lines for part in counted) > 2000
    assert sum(part.lines for part in counted if part.statuses) < sum(part.lines for part in counted)
