"""The page as text: what it shows, in what order, how wide, and harmless."""

import re

import pytest

from explain_log.checks.finding import Evidence
from explain_log.facts.models import ModelLoad
from explain_log.render.colours import paint
from explain_log.render.findings import line_ranges
from explain_log.render.grid import Grid, bar, fitted, shares
from explain_log.render.page import make_page
from explain_log.render.safe import visible
from explain_log.render.text import text_lines
from explain_log.render.width import columns
from explain_log.render.words import Words

COLOURS = [str(code) for code in range(30, 38)]
EVIL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202egnp.exe\u2066\x00\r\n"


def shown(report, width=80, language="en", *, colour=False) -> str:
    words = Words(language)
    return paint(text_lines(make_page(report, words), words, width), colour=colour)


def test_the_order_of_a_page(report):
    """Headline, sections in the contract's order, the table after the placement, findings, notes."""
    text = shown(report)
    parts = ["Test Model 8B", "Ollama 0.5.7", "server.log", "What happened", "Where it sits", "CUDA0", "What to do",
             "Findings", "Some layers are on the CPU", "Only the vocabulary", "x 1"]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_advice_has_all_that_is_needed_to_follow_it(report):
    """Action, effect, command, how to check and how to undo, in that order."""
    text = shown(report)
    parts = ["1. Set OLLAMA_X to 1.", "It frees 100 MiB.", "export OLLAMA_X=1", "look at the log", "unset OLLAMA_X"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_a_command_can_be_copied(report):
    """A command is not broken, however narrow the terminal; that is left to the terminal."""
    command = "curl http://127.0.0.1:11434/api/generate -d '{\"model\": \"m\",  \"options\": {\"num_ctx\": 8192}}'"
    report.findings[0].advice[0].command = command
    assert command in shown(report, 40)


def test_nothing_is_told_twice(report):
    """Advice that stands in the explanation is not repeated under its finding; other advice is there."""
    text = shown(report)
    assert text.count("Set OLLAMA_X to 1.") == 1
    assert text.count("Do something else.") == 1


def test_the_table_shows_what_the_report_holds(report):
    """A row a device: layers with the output marked, the buffers, their total."""
    rows = {line.split()[0]: line.split() for line in shown(report).splitlines() if line.startswith("  CUDA")}
    assert rows["CUDA0"][1:6] == ["17", "3000.50", "256.00", "300.25", "3556.75"]
    assert rows["CUDA1"][1] == "15+output"
    assert rows["CUDA_Host"][1:4] == ["12.50", "0.50", "13.00"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tables_columns_stand_under_each_other(report, language):
    """Totals end in the same column in either language."""
    lines = shown(report, 100, language).splitlines()
    rows = [line for line in lines if line.startswith("  CUDA")]
    ends = {columns(line[: line.index(total) + len(total)]) for line, total in zip(rows, ("3556.75", "2540.25", "13.00"), strict=True)}
    header = next(line for line in lines if "MiB" in line and "█" in line)
    assert ends == {columns(header.rstrip())}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(report, width, language):
    """The width is respected, in columns."""
    report.findings[0].title = "一个很长的标题" * 8
    report.explanation.sections[1].statements[0].text = "word " * 60
    assert max(map(columns, shown(report, width, language).splitlines())) <= width


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [30, 40, 80, 120])
def test_colours_are_all_that_differs(report, load, width, language):
    """Without its escapes the coloured page, which rich lays out, is the plain one."""
    report.loads = [ModelLoad(2, 0, 41, 50, outcome="failed"), load]
    report.loads[0].model.name = "通义千问 [bold]2.5[/bold] :smile: " * 3
    report.findings[0].detail = "见 [link=http://evil]这里[/link]，1 + 1 = 2"
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", shown(report, width, language, colour=True))
    assert [line.rstrip() for line in coloured.splitlines()] == shown(report, width, language).splitlines()


def test_colours_outweigh_what_rich_finds_in_the_environment(report, monkeypatch):
    """Whether colours are shown is decided before; NO_COLOR, TERM and COLUMNS do not change the page then."""
    expected = shown(report, colour=True)
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "20", "COLORTERM": "truecolor"}.items():
        monkeypatch.setenv(name, value)
    assert shown(report, colour=True) == expected
    assert set(re.findall(r"\x1b\[([0-9;]*)m", expected)) <= {"0", "1", "2", *COLOURS, *(f"1;{code}" for code in COLOURS)}


@pytest.mark.parametrize(
    ("room", "widths"), [(40, [3, 20, 10]), (30, [3, 13, 10]), (21, [3, 6, 8]), (20, [3, 6, 7]), (15, [3, 6]), (2, [3])]
)
def test_columns_give_way(room, widths):
    """A narrow terminal costs first the columns that may get narrower, then the last ones."""
    assert fitted([3, 20, 10], 2, room, (1, 2)) == widths


def test_a_narrow_list_of_loads_keeps_what_matters(report, load):
    """At 40 columns number, lines, model and outcome are still there, and no cell is cut off at the edge."""
    report.loads = [ModelLoad(2, 0, 41, 50, outcome="failed"), load]
    words = Words("en")
    grid = next(block for block in text_lines(make_page(report, words), words, 40) if isinstance(block, Grid))
    assert [cell[0][1] for cell in grid.rows[0]][:4] == ["#", "Lines", "Model", "Outco…"]


@pytest.mark.parametrize("colour", [False, True])
def test_log_text_cannot_act_on_the_terminal(report, colour):
    """Escapes, controls and bidirectional marks of the log are shown, not sent."""
    report.loads[0].model.name = EVIL
    report.loads[0].devices[0].device = EVIL
    report.findings[0].title = report.findings[0].detail = EVIL
    report.findings[0].evidence = [Evidence(1, EVIL)]
    report.source.name = report.source.unrecognised[0].example = EVIL
    report.explanation.sections[0].statements[0].text = EVIL
    text = shown(report, colour=colour)
    assert "\x1b]" not in text
    assert "\x1b[31m" not in text.replace("\x1b[1;31m", "")
    assert not set("\x07\x9b\u202e\u2066\x00\r") & set(text)
    assert "␛" in text
    assert "<U+202E>" in text


def test_markup_in_log_text_is_text(report):
    """Square brackets mean nothing."""
    report.findings[0].title = "[bold]x[/bold] [link=http://evil]"
    assert "[bold]x[/bold] [link=http://evil]" in shown(report)


def test_a_log_without_loads(report):
    """Without a load there is no table and the headline says so."""
    report.loads = []
    assert "No model load in this log" in shown(report)
    report.source.recognised_lines = 0
    assert "No line of Ollama or llama.cpp" in shown(report)


def test_several_loads_are_listed(report, load):
    """Several loads get a list; a finding says which load it is about, and which others have it."""
    failed = ModelLoad(2, 0, 41, 50, outcome="failed")
    report.loads = [failed, load]
    failed.index, load.index = 1, 2
    text = shown(report)
    assert "Load 2" in text
    assert "failed loads: 1" in text
    assert "load 1 · L13–15, L20" in text


def test_the_failed_load_is_the_headline(report, load):
    """When the last load failed the page begins with that."""
    load.outcome = "failed"
    assert shown(report).startswith("The model failed to load: Test Model 8B")


@pytest.mark.parametrize(
    ("lines", "text"),
    [([], ""), ([13, 14, 15], "L13–15"), ([20, 13, 13], "L13, L20"), ([1, 3, 5, 7, 9], "L1, L3, L5, L7, …")],
)
def test_line_ranges(lines, text):
    """Neighbouring lines are one range."""
    assert line_ranges(lines) == text


@pytest.mark.parametrize("sizes", [(1.0, 1.0, 1.0), (100.0, 0.1, 0.1), (0.0, 0.0, 3.0), (50.0, 50.0, 0.0)])
def test_bars_fit_and_hide_nothing(sizes):
    """A bar that fills its room does so exactly, and what is there is seen."""
    counts = shares(sizes, sum(sizes), 20)
    assert sum(counts) in (19, 20, 21)[:2]
    assert all((count > 0) == (size > 0) for count, size in zip(counts, sizes, strict=True))


def test_a_bar_of_nothing():
    """A device that holds nothing has no bar."""
    assert bar((0.0, 0.0, 0.0), 0.0, 10) == []


def test_visible_leaves_text_alone():
    """Chinese, accents, emoji and blanks are what they are."""
    for text in ("日志 é 🙂 a  b", "plain"):
        assert visible(text) == text
