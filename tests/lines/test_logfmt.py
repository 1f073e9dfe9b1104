"""slog's text format and Go's escapes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.lines.logfmt import parse, scan_value, unescape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1 b=two", {"a": "1", "b": "two"}),
        ('a="x y" b=""', {"a": "x y", "b": ""}),
        ('a="he said \\"no\\"" b=1', {"a": 'he said "no"', "b": "1"}),
        ('a="ends in \\\\" b=1', {"a": "ends in \\", "b": "1"}),
        ('"a b"=1 ""=2', {"a b": "1", "": "2"}),
        ("words before a=1", {"a": "1"}),
        ('"quoted words" a=1', {"a": "1"}),
        ("a=1 a=2", {"a": "1"}),
        ("a= b=2", {"a": "", "b": "2"}),
        ("nothing here", {}),
        ('a="never closed b=1', {"a": "never closed b=1"}),
        ("", {}),
        ("   ", {}),
        ("layers.model=33 memory.available=\"[23.7 GiB]\"", {"layers.model": "33", "memory.available": "[23.7 GiB]"}),
    ],
)
def test_pairs(text, expected):
    """Every pair once, the first counts; other text is passed over."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        ("no escape", "no escape"),
        ("a\\nb\\tc\\r\\\\\\\"", 'a\nb\tc\r\\"'),
        ("\\x41\\u4e2d\\U0001F600", "A中😀"),
        ("\\ud83d", "\ufffd"),
        ("\\U00110000", "\\U00110000"),
        ("\\xzz \\x4", "\\xzz \\x4"),
        ("\\x+1\\u 12a\\x-1", "\\x+1\\u 12a\\x-1"),
        ("C:\\Users\\q", "C:\\Users\\q"),
        ("\\", "\\"),
    ],
)
def test_escapes(quoted, plain):
    """An escape that is none stays as it is; half a surrogate pair is no character."""
    assert unescape(quoted) == plain


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
@settings(deadline=None, max_examples=200)
def test_quoting_a_value_and_scanning_it_gives_it_back(text):
    """JSON's quotes are a part of Go's, apart from surrogate pairs."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\\/", "/")
    assert scan_value(f"{quoted} rest", 0) == (text, len(quoted))


@pytest.mark.parametrize("text", ["\\" * 60_000 + '"', '"' + '\\"' * 30_000, '"' * 60_000, "a=" * 30_000, '"a"=' * 15_000, "= " * 30_000])
def test_hostile_text_takes_linear_time(text):
    """64 Ki of quotes, escapes or equal signs are no work."""
    parse(text)
    unescape(text)
