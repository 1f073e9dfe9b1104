"""What other programs put around a line is taken off, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.lines import unwrapped
from explain_log.lines.envelopes import looks_like_time
from explain_log.lines.pasting import plain


def taken_off(raw):
    """A line without its envelopes."""
    return unwrapped(1, raw)


class TestColours:
    """Terminal escapes."""

    @pytest.mark.parametrize(
        "raw",
        [
            "\x1b[32mready\x1b[0m", "\x1b[1;38;5;196mready\x1b[m", "\x1b]0;title\x07ready", "\x1b]8;;http://x\x1b\\ready\x1b]8;;\x1b\\",
            "ready\x1b(B\x1b[m", "\x1b[?25lready\x1b[?25h", "\x1b[2K\x1b[1Gready", "\x1b7ready\x1b8", "ready\x1b", "\x1b[>4;1mready",
        ],
    )
    def test_every_kind_of_escape_is_taken_off(self, raw):
        """Colours, titles, links, character sets, cursor moves, a lone escape."""
        line = taken_off(raw)
        assert line.text == "ready"
        assert line.envelope == ("ansi",)
        assert line.raw == "ready"

    def test_hostile_escapes_take_linear_time(self):
        """64 Ki unfinished escapes are no work."""
        for raw in ("\x1b[" * 32_000, "\x1b[" + "1;" * 32_000, "\x1b]" * 32_000, "\x1b(" * 32_000, "\x1b[" + " " * 64_000):
            taken_off(raw)


class TestSlog:
    """`time=… level=… source=… msg=…`."""

    def test_all_parts(self):
        """Time, level, source, message and attributes go to their places."""
        line = taken_off('time=2025-02-11T11:34:37.966+08:00 level=WARN source=sched.go:646 msg="a \\"b\\"" seconds=5.1 model=/x')
        assert (line.text, line.time, line.level, line.source) == ('a "b"', "2025-02-11T11:34:37.966+08:00", "warn", "sched.go:646")
        assert line.attrs == "seconds=5.1 model=/x"
        assert line.envelope == ("slog",)

    @pytest.mark.parametrize(
        ("level", "expected"),
        [("INFO", "info"), ("DEBUG-4", "trace"), ("TRACE", "trace"), ("WARN+1", "warn"), ("ERROR", "error"), ("odd", "info")],
    )
    def test_levels(self, level, expected):
        """Trace was DEBUG-4 before it had a name."""
        assert taken_off(f"level={level} msg=x").level == expected

    @pytest.mark.parametrize("source", ["C:\\\\a\\\\b\\\\routes.go:1", "/home/x/routes.go:1", "routes.go:1"])
    def test_sources_lose_their_folders(self, source):
        """Windows builds print the whole path."""
        assert taken_off(f'level=INFO source="{source}" msg=x').source == "routes.go:1"

    @pytest.mark.parametrize(
        "raw", ["time=5 foo=bar", "time=5", "time=", "msg", "model=llama", "t", "level=INFO", "time=1 time=2 msg=x", "length = 5"]
    )
    def test_what_is_no_slog_stays_as_it_is(self, raw):
        """Nothing is noted of a line that only begins like one."""
        line = taken_off(raw)
        assert (line.text, line.time, line.level, line.envelope) == (raw, None, None, ())

    def test_a_time_that_is_none_is_not_noted(self):
        """The report's times are ISO 8601."""
        assert taken_off("time=yesterday level=INFO msg=x").time is None
        assert looks_like_time("2025-02-11 11:34:37")
        assert not looks_like_time("2025-02-11")

    def test_an_open_quote_runs_to_the_end(self):
        """A line that was cut keeps its message."""
        assert taken_off('level=INFO msg="starting runn').text == "starting runn"

    def test_an_empty_message(self):
        """The first attribute's key stands for it, so that a statement can be found by it."""
        line = taken_off('level=INFO msg="" a=1')
        assert (line.text, line.attrs) == ("[a]", "a=1")


class TestGoLog:
    """Go's older logger."""

    @pytest.mark.parametrize(
        ("raw", "text", "source", "level", "attrs"),
        [
            ("2023/12/18 10:00:00 routes.go:895: Listening on x", "Listening on x", "routes.go:895", None, ""),
            ("2023/12/18 10:00:00.123456 a/b/routes.go:8: hi", "hi", "routes.go:8", None, ""),
            ("2024/01/31 10:00:00 routes.go:1187: INFO server config env=x", "server config", "routes.go:1187", "info", "env=x"),
            ("2024/01/31 10:00:00 llama.go:5: WARN plain words", "plain words", "llama.go:5", "warn", ""),
            ("2024/01/31 10:00:00 INFO server config env=x", "server config", None, "info", "env=x"),
        ],
    )
    def test_all_parts(self, raw, text, source, level, attrs):
        """Source, level and attributes where they are."""
        line = taken_off(raw)
        assert (line.text, line.source, line.level, line.attrs) == (text, source, level, attrs)
        assert line.time == raw[:10].replace("/", "-") + "T" + raw[11:19]
        assert line.envelope == ("go-log",)

    @pytest.mark.parametrize("text", ["no source: here", "llama_context: n_ctx = 1", "INFO [main] build info | build=1"])
    def test_a_stamp_alone_is_anybody_s(self, text):
        """Without a file and a level it is not Go's slog that printed the line."""
        line = taken_off(f"2023/12/18 10:00:00 {text}")
        assert (line.text, line.raw, line.level, line.stamped, line.envelope) == (text, text, None, True, ("timestamp",))
        assert line.time == "2023-12-18T10:00:00"

    @pytest.mark.parametrize(
        "raw", ["2023/12/18 aa:bb:cc x", "2023/12/18", "20x3/12/18 10:00:00 x", "2023/12/18 10:00:00x"]
    )
    def test_what_is_none_stays_as_it_is(self, raw):
        """A date alone makes no envelope."""
        assert taken_off(raw).text == raw
        assert taken_off(raw).time is None


class TestGin:
    """Request lines keep their text."""

    def test_the_time_is_told(self):
        """The text stays, since the whole line is the statement."""
        raw = '[GIN] 2025/01/31 - 12:34:56 | 200 |   1.2s |       127.0.0.1 | POST     "/api/chat"'
        line = taken_off(raw)
        assert (line.text, line.time, line.envelope) == (raw, "2025-01-31T12:34:56", ("gin",))

    def test_a_line_without_a_time(self):
        """Gin's other messages have none."""
        line = taken_off("[GIN] listening")
        assert (line.time, line.envelope) == (None, ("gin",))
        assert taken_off("[GIN-debug] GET /").envelope == ()


class TestLlamaPrefix:
    """llama.cpp's own clock and level."""

    @pytest.mark.parametrize(
        ("raw", "text", "level"),
        [
            ("0.00.123.456 I llama_context: n_ctx = 1", "llama_context: n_ctx = 1", "info"),
            ("12.34.567.890 W x", "x", "warn"),
            ("0.00.123.456 no level", "no level", None),
            ("E main: error", "main: error", "error"),
            ("D  two blanks", "two blanks", "debug"),
        ],
    )
    def test_all_parts(self, raw, text, level):
        """The clock is relative and tells no time."""
        line = taken_off(raw)
        assert (line.text, line.level, line.time, line.envelope) == (text, level, None, ("llama.cpp",))

    @pytest.mark.parametrize("raw", ["0.00.123.456", "0.0.123.456 x", "1.2 x", "I", "Info x", "0.00.12a.456 I x", "127.0.0.1 x"])
    def test_what_is_none_stays_as_it_is(self, raw):
        """Versions, addresses and words are no clock."""
        assert taken_off(raw).text == raw


def test_envelopes_may_be_nested():
    """Whatever is around a line, in any order."""
    line = taken_off('\x1b[2mtime=2025-02-11T11:34:37Z level=INFO msg="0.00.123.456 W llama: x"\x1b[0m')
    assert (line.text, line.level, line.envelope) == ("llama: x", "warn", ("ansi", "slog", "llama.cpp"))


def test_zeros_blanks_and_marks_around_a_line_are_no_text():
    """A file that was joined from others has marks inside."""
    assert taken_off("\ufeff\x00\x00  x \t").text == "x"
    assert taken_off("\x00\x00").text == ""
    assert repr(taken_off("x")) == "Line(1, 'x', envelope=())"


def quoted(text):
    """As Go's slog writes a value."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


# A message that is no envelope itself.
message = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=60).map(
    lambda text: " ".join(f"llama: {text}".split())
)
ENVELOPES = [
    ("slog", lambda text: f"time=2025-02-11T11:34:37.966+08:00 level=INFO source=a.go:1 msg={quoted(text)} a=1"),
    ("go-log", lambda text: f"2023/12/18 10:00:00 routes.go:895: {text}"),
    ("llama.cpp", lambda text: f"0.00.123.456 I {text}"),
    ("ansi", lambda text: f"\x1b[32m{text}\x1b[0m"),
]


@given(message.filter(lambda text: plain(text) == text), st.sampled_from(ENVELOPES))
@settings(deadline=None, max_examples=200)
def test_putting_an_envelope_on_and_taking_it_off_gives_the_same_text(text, envelope):
    """wrap, unwrap: nothing is lost and nothing is added."""
    name, wrap = envelope
    line = taken_off(wrap(text))
    assert line.text == text
    assert line.envelope == (name,)


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=300)
def test_any_text_is_unwrapped_without_an_error(text):
    """Hostile lines raise nothing and give text that can be printed."""
    taken_off(text.encode("utf-8", "replace").decode()).text.encode("utf-8")
