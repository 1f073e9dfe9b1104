"""Parts become lines, wrapped lines whole ones, glued lines two; nothing else changes."""

import textwrap
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.lines import lines_of_text, mended, unwrapped
from explain_log.lines.joining import completed

KNOWN = (
    ("llama_context: n_ctx = ", ""), ("llama_model_loader: loaded meta data from ", "(latest))"), ("llama_model_loader: - kv ", ""),
    ("load_backend: ", ""), ("server config", ""), ("starting runner", ""), ("[GIN] ", '"'), ("...", ""), ("srv start: couldn't bind, port: 11434", ""),
)  # fmt: skip


def recognise(line):
    """A line is known where it begins and ends like one of a few."""
    text = " ".join(line.text.split())
    for start, end in KNOWN:
        if text.startswith(start) and text.endswith(end):
            return SimpleNamespace(id=start)
    return None


def seen(text):
    """(number, span, text, known) of every line that is not blank."""
    return [
        (line.number, line.span, " ".join(line.text.split()), found is not None)
        for line, found in mended(lines_of_text(text), recognise)
        if line.text
    ]


def texts(text):
    """Only the texts."""
    return [row[2] for row in seen(text)]


def wrapped(lines, width):
    """As a terminal shows lines: cut wherever they reach its width."""
    return "\n".join(line[at : at + width] for line in lines for at in range(0, max(len(line), 1), width))


class TestParts:
    """Lines that a container runtime or docker cut."""

    def test_streams_do_not_mix(self):
        """The other stream's lines between two parts stay whole; each line has its first part's number, and they stay in order."""
        text = (
            "2026-08-01T10:00:00Z stderr P llama_context: \n2026-08-01T10:00:00Z stdout F [GIN] x\"\n"
            "2026-08-01T10:00:01Z stderr P n_ctx = \n2026-08-01T10:00:02Z stderr F 4096\n"
        )
        assert seen(text) == [(1, 3, "llama_context: n_ctx = 4096", True), (2, 1, '[GIN] x"', True)]

    def test_lines_wait_for_an_open_part(self):
        """Other lines, of other envelopes too, come behind it; so does what is still open in the end."""
        text = "2026-08-01T10:00:00Z stderr P a\nb\n2026-08-01T10:00:00Z stdout P c\n2026-08-01T10:00:00Z stderr F d\ne"
        assert [(line.number, line.text) for line in lines_of_text(text)] == [(1, "ad"), (2, "b"), (3, "c"), (5, "e")]

    def test_nothing_waits_for_ever(self):
        """A part that never goes on is given up, and what comes later is no part of it."""
        many = "\n".join(f"line {number}" for number in range(2, 400))
        text = f"2026-08-01T10:00:00Z stderr P a\n{many}\n2026-08-01T10:00:00Z stderr F b"
        lines = list(lines_of_text(text))
        assert [line.number for line in lines] == list(range(1, 401))
        assert (lines[0].text, lines[-1].text) == ("a", "b")

    def test_parts_on_one_line_take_up_one(self):
        """Carriage returns between parts make no more lines of them."""
        text = "2026-08-01T10:00:00Z stderr P a\r2026-08-01T10:00:00Z stderr P b\r2026-08-01T10:00:00Z stderr F c\nd"
        assert [(line.number, line.span, line.text) for line in lines_of_text(text)] == [(1, 1, "abc"), (2, 1, "d")]

    def test_a_log_that_ends_inside_a_line(self):
        """What is there of it counts."""
        assert texts("2026-08-01T10:00:00Z stderr P llama_context: n_ctx = 4") == ["llama_context: n_ctx = 4"]

    def test_processes_do_not_mix(self):
        """Two containers' parts, told apart by compose's name."""
        text = "\n".join(
            f"{name}-1  | 2026-08-01T10:00:00Z stderr {kind} {part}"
            for kind, part in (("P", "llama_context: n_ctx"), ("F", " = 1")) for name in ("a", "b")
        )
        assert texts(text) == ["llama_context: n_ctx = 1"] * 2

    def test_memory_stays_bounded(self):
        """Lines that never end, of many processes."""
        text = "\n".join(f"c{n}-1 | 2026-08-01T10:00:00Z stderr P {'x' * 100}" for n in range(200))
        assert len(list(lines_of_text(text))) == 200
        (line,) = lines_of_text("2026-08-01T10:00:00Z stderr P " + "\n2026-08-01T10:00:00Z stderr P ".join(["x" * 60_000] * 5))
        assert len(line.text) == 1 << 16


class TestYears:
    """Dates of journald have no year."""

    def times(self, *stamps):
        """The times that lines with these stamps get."""
        return [line.time for line in lines_of_text("\n".join(stamps))]

    def test_the_year_is_the_inner_lines(self):
        """Once a line has told it; before that there is no time."""
        slog = "Dec 31 23:59:58 host ollama[1]: time=2025-12-31T23:59:58Z level=INFO msg=x"
        assert self.times("Dec 31 23:59:57 h o[1]: x", slog, "Dec 31 23:59:59 h o[1]: x", "Jan 01 00:00:00 h o[1]: x") == [
            None,
            "2025-12-31T23:59:58Z",
            "2025-12-31T23:59:59",
            "2026-01-01T00:00:00",
        ]

    def test_a_late_line_of_the_old_year(self):
        """Lines may come out of order around midnight."""
        assert self.times("time=2026-01-01T00:00:00Z level=INFO msg=x", "Dec 31 23:59:59 h o[1]: x")[1] == "2025-12-31T23:59:59"


class TestWrapped:
    """Lines that a terminal broke."""

    LINES = (
        "llama_model_loader: loaded meta data from /models/a/very/long/path/that/goes/on/and/on/model.gguf (version GGUF V3 (latest))",
        "llama_context: n_ctx = 4096",
        'time=2026-08-01T10:00:00Z level=INFO source=a.go:1 msg="server config" env="map[A:1 B:2 C:3 D:4 E:5 F:6 G:7 H:8 I:9 J:10]"',
        "an unknown line of about as many letters as fit on one line of a terminal, so that it was broken too",
        "load_backend: loaded a backend whose name is so long that it takes up more than one line of the terminal",
    )

    @pytest.mark.parametrize("width", [60, 72, 80, 100])
    def test_hard_breaks(self, width):
        """A terminal breaks in the middle of words; the first line's number stays."""
        found = [row for row in seen(wrapped(self.LINES, width)) if row[3]]
        assert [row[2] for row in found] == [self.LINES[0], self.LINES[1], "server config", self.LINES[4]]
        assert found[0][0] == 1
        assert found[1][0] == 1 + found[0][1]

    def test_the_attributes_are_whole(self):
        """An open quote goes on in the next line."""
        (env,) = [line.attrs for line, _ in mended(lines_of_text(wrapped(self.LINES, 80)), recognise) if line.attrs]
        assert env == 'env="map[A:1 B:2 C:3 D:4 E:5 F:6 G:7 H:8 I:9 J:10]"'

    def test_breaks_at_blanks(self):
        """PowerShell breaks between words and keeps the blank or drops it."""
        line = (
            "llama_model_loader: loaded meta data from D:\\models\\a-model-with-a-name-that-is-long.gguf "
            "(version GGUF V3 that nobody has seen so far (latest))"
        )
        for blank in (" ", ""):
            text = f"{blank}\n".join(textwrap.wrap(f"ollama : {line}", 60)) + "\nllama_context: n_ctx = 4096"
            assert texts(text) == [line, "llama_context: n_ctx = 4096"]

    def test_quoted_wrapped_lines(self):
        """The quote marks are not part of the line."""
        text = "\n".join(f"> {part}" for part in wrapped(self.LINES[:2], 70).split("\n"))
        assert texts(text) == list(self.LINES[:2])

    def test_a_line_with_an_envelope_of_its_own_is_no_rest(self):
        """Nor is one that is known by itself."""
        text = "an unknown line that is long enough to be broken somewhere\n[GIN] x\n[GIN] y\""
        assert texts(text) == text.split("\n")

    def test_unknown_lines_stay_as_they_are(self):
        """A prompt of many long lines is given line by line, in order."""
        lines = [f"{number} is a line of a prompt that nobody has seen before, and so on" for number in range(40)]
        assert texts("\n".join(lines)) == lines

    def test_a_known_line_does_not_swallow_the_next(self):
        """Unless all lines of the log were broken at one width."""
        text = "load_backend: loaded CPU\nhello\n" + "x" * 500
        assert texts(text)[:2] == ["load_backend: loaded CPU", "hello"]


class TestGlued:
    """Two lines on one."""

    def test_two_lines_of_one_function(self):
        """Interleaved writers lose a line end."""
        assert texts("llama_model_loader: - kv 0: a strllama_model_loader: - kv 1: b") == [
            "llama_model_loader: - kv 0: a str",
            "llama_model_loader: - kv 1: b",
        ]

    def test_dots_before_a_slog_line(self):
        """Progress has no line end of its own."""
        found = list(mended(lines_of_text('....time=2026-08-01T10:00:00Z level=WARN source=a.go:1 msg="starting runner" a=1'), recognise))
        assert [(line.text, line.attrs, line.level) for line, _ in found] == [("...", "", None), ("starting runner", "a=1", "warn")]

    def test_dots_before_a_line_of_llama_cpp(self):
        """The same with a function's name."""
        assert texts(".....llama_context: n_ctx = 1") == ["...", "llama_context: n_ctx = 1"]

    def test_a_slog_line_behind_another(self):
        """The first one's attributes end where the second begins."""
        line = "time=2026-08-01T10:00:00Z level=INFO source=a.go:1 msg=\"starting runner\" a=1"
        found = list(mended(lines_of_text(f"host-1  | {line}{line}"), recognise))
        assert [(line.text, line.attrs, line.process) for line, _ in found] == [("starting runner", "a=1", "host-1")] * 2

    def test_a_slog_line_behind_an_unknown_one(self):
        """A whole slog line is one wherever it stands."""
        text = 'cuda driver says 2time=2026-08-01T10:00:00Z level=INFO msg="starting runner"'
        assert seen(text) == [(1, 1, "cuda driver says 2", False), (1, 1, "starting runner", True)]

    @pytest.mark.parametrize("text", ["load_backend: load_backend: x", "error: an error: x", "llama_context: n_ctx = 1 time=2026", "...and so on"])
    def test_what_is_one_line_stays_one(self, text):
        """Only two whole lines are split."""
        assert len(texts(text)) == 1 or all(row[3] for row in seen(text))


def test_lines_without_envelopes_pass_as_they_are():
    """The same objects come out."""
    lines = [unwrapped(number, text) for number, text in enumerate(("llama_context: n_ctx = 1", "", "x"), 1)]
    assert [line for line, _ in mended(completed(lines), recognise)] == lines


@settings(deadline=None)
@given(st.lists(st.text(max_size=60) | st.sampled_from([*KNOWN, "...", "time=2026-", 'msg="', "2026-08-01T10:00:00Z stderr P "]).map(str), max_size=8))
def test_any_lines_can_be_mended(lines):
    """Nothing is raised, and every line that has text comes out once."""
    text = "\n".join(lines)
    numbers = [number for line, _ in mended(lines_of_text(text), recognise) for number in range(line.number, line.number + line.span)]
    given_numbers = [number for line in lines_of_text(text) for number in range(line.number, line.number + line.span)]
    assert set(numbers) == set(given_numbers)


class TestPrints:
    """Statements that are printed over several lines."""

    LAST = {"load_backend: ": "'"}

    def rows(self, *lines):
        """(number, span, known) of every line."""
        pairs = mended(lines_of_text("\n".join(lines)), recognise, self.LAST)
        return [(line.number, line.span, found is not None) for line, found in pairs]

    def test_all_lines_up_to_its_end_are_its(self):
        """Also where one in between ends alike, or is blank."""
        assert self.rows("load_backend: {% if", "a'", "", "b", "'", "llama_context: n_ctx = 1") == [(1, 5, True), (6, 1, True)]

    def test_what_follows_its_end_is_not(self):
        """Unknown lines behind it are other lines."""
        assert self.rows("load_backend: x", "'", "y", "z") == [(1, 2, True), (3, 1, False), (4, 1, False)]

    def test_without_an_end_it_is_one_line(self):
        """A known line, or one of a program that begins its own lines, comes before it, or the log ends."""
        assert self.rows("load_backend: x", "y", "llama_context: n_ctx = 1", "'") == [(1, 1, True), (2, 1, False), (3, 1, True), (4, 1, False)]
        assert self.rows("load_backend: x", "level=INFO msg=x", "'")[0] == (1, 1, True)
        assert self.rows("load_backend: 'x'", "'") == [(1, 1, True), (2, 1, False)]
        assert len(self.rows("load_backend: x", *["y"] * 2000, "'")) == 2002
