"""Cutting text into lines, by the contract's rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.lines import splitting
from explain_log.lines.splitting import LINE_CHARACTERS, Lines


def cut(text, size=None):
    """The numbered lines of a text given in pieces of a size, and their count."""
    size = size or len(text) or 1
    lines = Lines()
    found = list(lines.cut(iter([text[start : start + size] for start in range(0, len(text), size)])))
    return found, lines.count


@pytest.mark.parametrize("size", [1, 2, 3, None])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n", [(1, "")]),
        ("\r\n", [(1, "")]),
        ("\r", [(1, "")]),
        ("a", [(1, "a")]),
        ("a\n", [(1, "a")]),
        ("a\r\n", [(1, "a")]),
        ("a\nb", [(1, "a"), (2, "b")]),
        ("a\r\nb\r\n", [(1, "a"), (2, "b")]),
        ("a\n\nb\n", [(1, "a"), (2, ""), (3, "b")]),
        ("1%\r2%\r3%\ndone\n", [(1, "1%"), (1, "2%"), (1, "3%"), (2, "done")]),
        ("1%\r2%\r\ndone\n", [(1, "1%"), (1, "2%"), (2, "done")]),
        ("\r\r\n\rx\n", [(1, ""), (2, "x")]),
        ("done\n1%\r2%", [(1, "done"), (2, "1%"), (2, "2%")]),
        ("done\n1%\r2%\r", [(1, "done"), (2, "1%"), (2, "2%")]),
        ("a\r\r\nb\n", [(1, "a"), (2, "b")]),
        ("a\rb\rc", [(1, "a"), (2, "b"), (3, "c")]),
        ("a\rb\r", [(1, "a"), (2, "b")]),
        ("a\r\rb\r", [(1, "a"), (2, ""), (3, "b")]),
        ("a\n\r", [(1, "a"), (2, "")]),
        ("a\rb\rc\rd\re\rf\n", [(1, letter) for letter in "abcdef"]),
        ("a\u2028b\x0bc\x85d\n", [(1, "a\u2028b\x0bc\x85d")]),
    ],
)
def test_lines_by_the_contract(text, expected, size):
    """LF and CRLF end lines, a bare CR starts new text, a file without LF is cut at CR; pieces do not matter."""
    found, count = cut(text, size)
    assert found == expected
    assert count == (expected[-1][0] if expected else 0)


def test_a_long_line_is_cut_and_the_next_one_is_whole():
    """A line of 50 MB costs no memory; the lines after it keep their numbers."""
    found, count = cut("x" * (3 * LINE_CHARACTERS) + "\nnext\n", 1_000)
    assert found == [(1, "x" * LINE_CHARACTERS), (2, "next")]
    assert count == 2


def test_what_follows_a_long_progress_bar_is_not_lost():
    """The limit is one of each part, not of all that carriage returns overwrite."""
    bar = "".join(f"pulling 6a0746a1ec1a: {percent:3}% ▕████▏\r" for percent in range(101)) * 100
    assert len(bar) > 2 * LINE_CHARACTERS
    for size in (None, 1_000):
        found, count = cut(f"first\n{bar}llama_context: n_ctx = 8192\nlast\n", size)
        assert found[-2:] == [(2, "llama_context: n_ctx = 8192"), (3, "last")]
        assert count == 3


def test_the_first_lf_decides_however_late_it_comes():
    """Megabytes of progress before the first LF are one line."""
    bar = "pulling manifest\r" * 100_000
    found, count = cut(f"{bar}done\nnext", 100_000)
    assert count == 2
    assert found[-2:] == [(1, "done"), (2, "next")]


def test_reading_ahead_for_the_first_lf_is_bounded(monkeypatch):
    """A text without LF in so much is cut at CR; what comes later is cut at both."""
    monkeypatch.setattr(splitting, "HELD_CHARACTERS", 10)
    found, _ = cut("aaaa\rbbbb\rcccc\r\ndddd\n", 4)
    assert [text for _, text in found] == ["aaaa", "bbbb", "cccc", "dddd"]


def test_numbers_go_on_from_the_first_number():
    """Several files number on."""
    lines = Lines(101)
    assert list(lines.cut(iter(["a\nb"]))) == [(101, "a"), (102, "b")]
    assert lines.count == 2


pieces = st.lists(st.sampled_from(["a", "bc", "\n", "\r", "\r\n", "错", "", "\r\r"]), max_size=40).map("".join)


@given(pieces, st.integers(1, 9))
@settings(deadline=None, max_examples=300)
def test_lines_do_not_depend_on_the_size_of_pieces(text, size):
    """One block or many: the same lines."""
    assert cut(text, size) == cut(text)


@given(pieces)
@settings(deadline=None, max_examples=300)
def test_lines_are_what_the_rule_says(text):
    """A second implementation of the rule, in three lines, agrees."""
    plain = text.replace("\r\n", "\n")
    plain = plain.replace("\r", "\n") if "\n" not in plain else plain
    lines = plain.split("\n")[: -1 if plain.endswith("\n") or not plain else None]
    expected = [(number, part) for number, line in enumerate(lines, 1) for part in line.split("\r") if part or "\r" not in line]
    expected += [(number, "") for number, line in enumerate(lines, 1) if line and not line.strip("\r")]
    assert sorted(cut(text)[0], key=lambda found: found[0]) == sorted(expected, key=lambda found: found[0])
