"""Which lines `--since` and `--until` give."""

import contextlib
import gzip
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.errors import InputError
from explain_log.lines import Origin, ends, parse_origin
from explain_log.lines.period import MOST_HELD, lines_between, parse_bound, split_zone

DAY = """\
before any time
time=2025-02-10T22:00:00.000+08:00 level=INFO msg=evening
belongs to the evening
time=2025-02-11T08:00:00.000+08:00 level=INFO msg=morning
[GIN] 2025/02/11 - 08:30:00 | 200 |  1.2s |  127.0.0.1 | GET      "/"
time=2025-02-11T09:30:59.999+08:00 level=INFO msg=later
belongs to later
time=2025-02-11T10:00:00.500+08:00 level=INFO msg=last
"""
ALL = [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.fixture
def log(tmp_path):
    """A log over two days; its last time is 10:00:00.500."""
    path = tmp_path / "day.log"
    path.write_text(DAY)
    return path


def numbers(path, since=None, until=None):
    """The numbers of the lines that are given."""
    return [line.number for line in lines_between([parse_origin(str(path))], since, until)]


def complaint(path, since=None, until=None):
    """The one line that is said instead."""
    with pytest.raises(InputError) as caught:
        numbers(path, since, until)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("since", "until", "wanted"),
    [
        ("2025-02-11", None, [4, 5, 6, 7, 8]),
        (None, "2025-02-10", [1, 2, 3]),
        ("2025-02-10", "2025-02-11", ALL),
        ("2025-02-11T08:30", "2025-02-11T09:30", [5, 6, 7]),
        ("2025-02-11 08:30:01", None, [6, 7, 8]),
        (None, "2025-02-11T08:00:00", [1, 2, 3, 4]),
        ("2025-02-11T10:00:00.5", None, [8]),
        ("2025-02-11T00:30Z", None, [5, 6, 7, 8]),
        ("2025-02-11T01:30+01:00", "2025-02-11T01:30:59Z", [5, 6, 7]),
        ("2025-02-11T08:30+0800", None, [5, 6, 7, 8]),
        ("30m", None, [6, 7, 8]),
        ("29m", None, [8]),
        ("1h30m", None, [5, 6, 7, 8]),
        ("90min", None, [5, 6, 7, 8]),
        ("0s", None, [8]),
        ("1d", None, ALL),
        (None, "1h", [1, 2, 3, 4, 5]),
        ("2h", "1h", [4, 5]),
        ("08:30", None, [5, 6, 7, 8]),
        ("8:30", "9:30", [5, 6, 7]),
        ("21:00", None, ALL),
        ("23:00", None, [4, 5, 6, 7, 8]),
        ("21:00", "23:00", [1, 2, 3]),
        ("21:00", "08:00", [1, 2, 3, 4]),
        (None, "23:00", [1, 2, 3]),
        (None, "08:15", [1, 2, 3, 4]),
        ("08:30:00", "08:30:00", [5]),
    ],
)
def test_the_lines_that_are_wanted(log, since, until, wanted):
    """Both ends are included to the precision they are written in; undated lines go with the last dated one."""
    assert numbers(log, since, until) == wanted


def test_until_an_hour_that_the_log_does_not_reach_is_all_of_it(tmp_path):
    """A log from 08:00 to 09:50 has no 10:00 of the day before."""
    path = tmp_path / "x.log"
    path.write_text("time=2025-02-11T08:00:00Z msg=a\ntime=2025-02-11T09:50:00Z msg=b\n")
    assert numbers(path, until="10:00") == [1, 2]
    assert numbers(path, since="08:30", until="10:00") == [2]


@pytest.mark.parametrize("text", ["", " ", "yesterday", "30", "30x", "25:00", "9:60", "2025-13-01", "2025-02-30", "2025-02-11T25:00", "²m", "-5m", "9" * 99])
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_nonsense_is_refused(option, text):
    """The option is named, and what to write."""
    with pytest.raises(InputError, match=f"^{option} .*is no time; write 30m") as caught:
        parse_bound(option, text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
@settings(deadline=None)
def test_any_text_is_a_time_or_refused(text):
    """Nothing else is raised."""
    with contextlib.suppress(InputError):
        assert parse_bound("--since", text).option == "--since"


def test_a_log_without_times_is_refused(tmp_path):
    """One clear error, whatever the time's kind."""
    path = tmp_path / "x.log"
    path.write_text("llama_context: n_ctx = 4096\n" * 3)
    for since in ("30m", "09:30", "2025-02-11", "2025-02-11T09:30Z"):
        assert "the log has no times" in complaint(path, since=since)


def test_a_time_that_the_log_does_not_have_is_refused(log):
    """The times that it has are told."""
    said = complaint(log, since="2026-01-01")
    assert said == "--since 2026-01-01: no line is from then; the log's times are 2025-02-10T22:00:00 to 2025-02-11T10:00:00"
    assert "no line is from then" in complaint(log, since="1h", until="2h")
    assert numbers(log, since="99999d") == ALL


def test_odd_last_times_are_no_trap(tmp_path):
    """Go's zero time has nothing before it, and 2025-99-99 is no time to count from."""
    path = tmp_path / "x.log"
    path.write_text("time=0001-01-01T00:00:00Z msg=a\n")
    assert "before all times" in complaint(path, since="30m")
    assert "before all times" in complaint(path, since="23:00")
    path.write_text("time=2025-99-99T00:00:00Z msg=a\n")
    assert "--since 30m" in complaint(path, since="30m")


def test_an_empty_log_has_nothing_and_is_no_mistake(tmp_path):
    """What is empty is answered elsewhere."""
    path = tmp_path / "x.log"
    path.write_text("")
    assert numbers(path, since="30m") == []
    assert numbers(path, since="2025-02-11") == []


def test_a_zone_for_a_log_without_zones_is_refused(tmp_path):
    """Nobody can tell what 09:30Z is there."""
    path = tmp_path / "x.log"
    path.write_text("2023/12/18 10:00:00 routes.go:895: Listening on 127.0.0.1:11434\n")
    assert "have no zone" in complaint(path, since="2023-12-18T09:30Z")
    assert numbers(path, since="2023-12-18T09:30") == [1]


def test_lines_of_other_zones_are_moved_to_the_log_s(tmp_path):
    """A collector writes UTC, the program its own time."""
    path = tmp_path / "x.log"
    path.write_text("time=2025-02-11T01:00:00Z msg=a\ntime=2025-02-11T09:30:00.123456789+08:00 msg=b\ntime=2025-02-11T02:00:00Z msg=c\n")
    assert numbers(path, since="01:15", until="01:45") == [2]
    assert numbers(path, since="2025-02-11T01:15") == [2, 3]


def test_several_files_are_one_log(tmp_path):
    """The last time is the last file's; without one there, that of the file before."""
    first, second, third = (tmp_path / name for name in ("1.log", "2.log", "3.log"))
    first.write_text("time=2025-02-11T08:00:00Z msg=a\n")
    second.write_text("time=2025-02-11T09:00:00Z msg=b\nx\n")
    third.write_text("undated\n")
    origins = [Origin(str(path)) for path in (first, second, third)]
    assert [line.number for line in lines_between(origins, "30m", None)] == [2, 3, 4]
    assert [(o.first_line, o.last_line) for o in origins] == [(1, 1), (2, 3), (4, 4)]


def test_parts_and_archives_have_their_own_last_time(log, tmp_path):
    """FILE:1-5 ends at 08:30, and a gzip is read to its end first."""
    assert numbers(f"{log}:1-5", since="1h") == [4, 5]
    packed = tmp_path / "day.log.gz"
    packed.write_bytes(gzip.compress(DAY.encode()))
    assert numbers(packed, since="30m") == [6, 7, 8]
    wide = tmp_path / "wide.log"
    wide.write_bytes(DAY.encode("utf-16"))
    assert numbers(wide, since="30m") == [6, 7, 8]


def test_only_the_end_of_a_long_file_is_read_first(tmp_path, monkeypatch):
    """The last time is found without reading the file twice; where the end tells none, more of it is read."""
    path = tmp_path / "long.log"
    path.write_text(DAY + "undated\n" * 30_000)
    whole = []
    monkeypatch.setattr(ends, "read_lines", lambda origins: whole.append(origins) or iter(()))
    assert ends.last_time([Origin(str(path))]) == "2025-02-11T10:00:00.500+08:00"
    assert whole == []
    monkeypatch.setattr(ends, "TAILS", (64,))
    assert ends.last_time([Origin(str(path))]) is None
    assert len(whole) == 1


def test_standard_input_is_copied_and_the_copy_deleted(log, tmp_path, monkeypatch):
    """A pipe can be read only once; what is kept of it is gone in the end."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    os.mkdir(tmp_path / "t")
    with open(log, "rb") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        origin = Origin("-")
        assert [line.number for line in lines_between([origin], "30m", None)] == [6, 7, 8]
    assert (origin.name, origin.bytes) == ("-", len(DAY))
    assert os.listdir(tmp_path / "t") == []


def test_a_pipe_is_read_as_it_comes_where_the_time_is_whole(log, tmp_path, monkeypatch):
    """No copy is needed for a date."""
    monkeypatch.setattr("tempfile.mkdtemp", None)
    with open(log, "rb") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert [line.number for line in lines_between([Origin("-")], "2025-02-11T09:30", None)] == [6, 7, 8]


def test_what_cannot_be_read_is_said(tmp_path):
    """Also where the end is wanted first."""
    assert "no such file" in complaint(tmp_path / "absent.log", since="30m")
    assert "is a folder" in complaint(tmp_path, since="30m")


def test_lines_before_the_first_time_are_held_within_bounds(tmp_path):
    """Of a long beginning without times the last lines are given."""
    path = tmp_path / "x.log"
    path.write_text("undated\n" * (MOST_HELD + 5) + "time=2025-02-11T08:00:00Z msg=a\n")
    assert numbers(path, since="2025-02-11")[0] == 6


@pytest.mark.parametrize(
    ("time", "parts"),
    [
        ("2025-02-11T11:34:37.966+08:00", ("2025-02-11T11:34:37.966", "+08:00")),
        ("2025-02-11 11:34:37Z", ("2025-02-11T11:34:37", "+00:00")),
        ("2025-02-11T11:34:37-0330", ("2025-02-11T11:34:37", "-03:30")),
        ("2025-02-11T11:34:37", ("2025-02-11T11:34:37", None)),
    ],
)
def test_a_time_is_a_clock_and_a_zone(time, parts):
    """However the zone is spelled."""
    assert split_zone(time) == parts


def test_times_that_are_none_are_undated(tmp_path):
    """A line from 2025-99-99 belongs to the line before it."""
    path = tmp_path / "x.log"
    path.write_text("time=2025-02-11T08:00:00Z msg=a\ntime=2025-99-99T08:00:00+08:00 msg=b\ntime=2025-02-11T09:00:00Z msg=c\n")
    assert numbers(path, until="2025-02-11T08:30") == [1, 2]
