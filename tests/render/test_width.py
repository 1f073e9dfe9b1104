"""Columns: Chinese takes two, combining characters none, and nothing is wider than it may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain_log.render.width import columns, cut, pad, wrap


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("中文", 4), ("，。", 4), ("e\u0301", 1), ("8 块 GPU", 8), ("Ａ", 2), ("日本語", 6), ("", 0), ("–█", 2)],
)
def test_columns(text, width):
    """East Asian wide characters are two columns, combining ones none."""
    assert columns(text) == width


def test_chinese_breaks_between_characters_but_not_before_punctuation():
    """A line neither begins with closing nor ends with opening punctuation."""
    assert wrap("一二三四，五", 8) == ["一二三", "四，五"]
    assert wrap("一二三（四五）", 8) == ["一二三", "（四五）"]


def test_latin_words_stay_whole_in_chinese():
    """Words and numbers are not broken where there is another place."""
    assert wrap("总上下文是 8192 个 token", 12) == ["总上下文是", "8192 个", "token"]


def test_a_word_wider_than_the_line_is_broken():
    """A path that does not fit is cut into pieces."""
    assert wrap("a /root/blobs/sha256", 8) == ["a", "/root/bl", "obs/sha2", "56"]


def test_the_first_line_may_be_shorter():
    """A mark before the text takes room on the first line only."""
    assert wrap("aa bb cc dd", 8, 5) == ["aa bb", "cc dd"]


def test_pad_and_cut():
    """Both count columns, not characters."""
    assert pad("中", 4) == "中  "
    assert pad("中", 4, right=True) == "  中"
    assert cut("中文字", 5) == "中文…"
    assert cut("abc", 3) == "abc"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])), st.integers(2, 30))
def test_no_line_is_too_wide_and_nothing_is_lost(text, width):
    """Whatever the text: lines fit, and all but blanks is there in its order."""
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(), st.integers(0, 20))
def test_what_is_cut_fits(text, width):
    """A cut text is never wider than asked for."""
    assert columns(cut(text, width)) <= max(width, 0)
