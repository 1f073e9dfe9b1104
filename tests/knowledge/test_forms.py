"""Forms: splitting a wording into its parts, matching a line against them, converting what is found."""

import math
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain_log.knowledge.forms import (
    FIELD_TYPES,
    check_field_type,
    convert,
    leading_tokens,
    longest_literal,
    match_parts,
    split_form,
)


def match(form, text):
    """The fields of a text under a form."""
    return match_parts(split_form(form), text)


class TestSplitForm:
    """A form's parts."""

    def test_literals_and_fields_in_order(self):
        """A field is its name, type and unit."""
        assert split_form("a: {n:int tokens}, {s:str}!") == [
            "a: ", ("n", "int", "tokens"), ", ", ("s", "str", ""), "!",
        ]

    @pytest.mark.parametrize(
        ("form", "parts"),
        [
            ("{{", ["{"]), ("}}", ["}"]), ("{{}}", ["{}"]), ("a }} b {{ c", ["a } b { c"]),
            ("{{{n:int count}}}", ["{", ("n", "int", "count"), "}"]), ("{x:str}{{", [("x", "str", ""), "{"]),
            ("map[{x:str}]", ["map[", ("x", "str", ""), "]"]), ("", []), ("}", ["}"]),
        ],
    )
    def test_literal_braces_are_doubled(self, form, parts):
        """`{{` is a brace that begins no field."""
        assert split_form(form) == parts

    @pytest.mark.parametrize(
        ("form", "why"),
        [
            ("{a:str}{b:str}", "without text between"), ("{a:strange}", "unknown type"), ("{a:int}", "needs a known unit"),
            ("{a:int furlongs}", "needs a known unit"), ("{a:str tokens}", "takes no unit"), ("{a}", "begins no field"),
            ("{", "begins no field"), ("{}}{", "begins no field"), ("{:str}", "begins no field"), ("{{{", "begins no field"),
        ],
    )
    def test_what_breaks_the_format_is_refused(self, form, why):
        """The entry's author is told what is wrong."""
        with pytest.raises(ValueError, match=why):
            split_form(form)

    def test_types_of_attributes_are_checked_by_the_same_rule(self):
        """Every type is known; numbers have a unit, texts none."""
        for kind in FIELD_TYPES:
            check_field_type("x", kind, "tokens" if kind in ("int", "float") else "")

    @pytest.mark.parametrize(
        ("form", "tokens", "literal"),
        [
            ("llama_context: n_ctx = {n:int tokens}", ["llama_context:", "n_ctx", "="], "llama_context: n_ctx = "),
            ("a b c d", ["a", "b", "c"], "a b c d"), ("a{x:str} b", [], " b"), ("a b{x:str}", ["a"], "a b"),
            ("{x:str} tail", [], " tail"), ("{x:str}", [], ""),
        ],
    )
    def test_the_index_is_made_of_the_words_that_surely_begin_the_line(self, form, tokens, literal):
        """A word that runs on into a field is none of them."""
        assert leading_tokens(split_form(form), 3) == tokens
        assert longest_literal(split_form(form)) == literal


class TestMatch:
    """A line against a form."""

    @pytest.mark.parametrize(
        ("form", "text", "fields"),
        [
            ("n = {n:int tokens}", "n = -5", {"n": -5}),
            ("n = {n:int tokens}", "n = 5 ", {"n": 5}),
            ("n = {n:int tokens}", "n = 5x", None),
            ("n = {n:int tokens}", "m = 5", None),
            ("n = {n:int tokens}", "n =", None),
            ("n = {n:int tokens}", "", None),
            ("plain", "plain", {}),
            ("plain", "plain and more", None),
            ("{a:str} of {b:str}", "1 of 2 of 3", {"a": "1", "b": "2 of 3"}),
            ("{a:path} of {b:str}", "1 of 2 of 3", {"a": "1 of 2", "b": "3"}),
            ("{a:str}: {b:str}", ": : x", {"a": ":", "b": "x"}),
            ("({a:str})", "(f(x))", {"a": "f(x)"}),
            ("({a:word})", "(f(x))", {"a": "f(x)"}),
            ("({a:path})", "(f(x))", {"a": "f(x)"}),
            ("({a:str})", "()", None),
            ("({a:text})", "()", {"a": ""}),
            ("({a:text})", "(", None),
            ("({a:str})", "(x", None),
            ("msg: {a:text}", "msg:", {"a": ""}),
            ("msg: {a:text}", "msg: x", {"a": "x"}),
            ("msg: {a:text}", "msg:x", None),
            ("{w:word} {a:text}", "word", {"w": "word", "a": ""}),
            ("{w:word} {a:text}", "word rest of it", {"w": "word", "a": "rest of it"}),
            ("a{x:text}", "a", {"x": ""}),
            ("{x:text}", "anything", {"x": "anything"}),
            ("{x:text}, {n:int count}", ", 5", {"x": "", "n": 5}),
            ("[{x:str}] aa", "[x] aa aa", None),
            ("size {s:size} of {d:duration}", "size 2 GiB of 1m30s", {"s": 2048.0, "d": 90.0}),
            ("{x:sizes} free", "[1 GiB 512 MiB] free", {"x": [1024.0, 512.0]}),
        ],
    )
    def test_fields_run_to_the_first_place_where_the_next_literal_stands(self, form, text, fields):
        """`path` to the last; the literal that closes the form closes the line; `text` may be empty."""
        assert match(form, text) == fields

    def test_compiled_parts_are_lists(self):
        """JSON knows no tuples."""
        assert match_parts(["n = ", ["n", "int", "tokens"]], "n = 5") == {"n": 5}
        assert match_parts(["n: ", ["n", "text", ""]], "n:") == {"n": ""}
        assert match_parts([], "") == {}


class TestConvert:
    """The typed value of a text."""

    @pytest.mark.parametrize(
        ("kind", "raw", "value"),
        [
            ("int", "0", 0), ("int", "-12", -12), ("int", "+1", None), ("int", "1.0", None), ("int", "", None),
            ("int", "-", None), ("int", "1_000", None), ("int", "٣", None), ("int", "²", None), ("int", "--1", None),
            ("int", "9" * 40, int("9" * 40)), ("int", "9" * 41, None), ("int", "9" * 60_000, None),
            ("float", "1e-05", 1e-05), ("float", "-0.5", -0.5), ("float", "inf", math.inf), ("float", "1_0", None),
            ("float", "0x10", None), ("float", "1.2.3", None), ("float", "1" * 50, None), ("float", "٣.5", None), ("float", ".", None),
            ("hex", "0xDEADbeef", "0xDEADbeef"), ("hex", "12ab", "12ab"), ("hex", "0x", None), ("hex", "xyz", None),
            ("bool", "True", True), ("bool", "enabled", True), ("bool", "0", False), ("bool", "off", False), ("bool", "maybe", None),
            ("word", "a-b", "a-b"), ("word", "a b", None), ("str", " x ", "x"), ("str", "  ", None), ("path", "/a b", "/a b"),
            ("text", "", ""), ("text", "  ", ""),
            ("duration", "0", 0.0), ("duration", "0s", 0.0), ("duration", "1.5s", 1.5), ("duration", "1h1m1s", 3661.0),
            ("duration", "55.451µs", 55.451e-6), ("duration", "55.451μs", 55.451e-6), ("duration", "250ms", 0.25), ("duration", "-2s", -2.0),
            ("duration", "-", None), ("duration", "--2s", None), ("duration", "5", None), ("duration", "s", None), ("duration", "1.5", None),
            ("duration", "1.2.3s", None), ("duration", "1y", None), ("duration", "1s2", None), ("duration", "1" * 60_000 + "s", None),
            ("duration", "-0", None), ("duration", "²s", None), ("duration", "1s.", None),
            ("size", "23.7 GiB", 23.7 * 1024), ("size", "0 B", 0.0), ("size", "36 GB", 36e9 / 1024**2), ("size", "512KiB", 0.5),
            ("size", "GiB", None), ("size", "5", None), ("size", "5 GiBs", None), ("size", "nan GiB", None), ("size", "inf GiB", None),
            ("size", "1e300 GiB", None), ("size", "1 TiB", 1024.0**2),
            ("sizes", "[]", []), ("sizes", "[1 GiB, 2 GiB]", [1024.0, 2048.0]), ("sizes", "[1]", None), ("sizes", "[1 x]", None),
            ("sizes", "1 GiB", None), ("sizes", "[", None), ("sizes", "[nan MiB]", None),
        ],
    )
    def test_values(self, kind, raw, value):
        """What is not of the type is no value: never a guess."""
        found = convert(kind, raw)
        assert found == (pytest.approx(value) if isinstance(value, float) else value)
        assert type(found) is type(value)

    def test_nan_is_a_float(self):
        """llama.cpp prints it."""
        assert math.isnan(convert("float", "nan"))


HOSTILE = [
    ("{a:str} of {b:str}", " of" * 20_000), ("{a:path} of {b:str}", "x of " * 12_000 + "of"),
    ("{a:str}, {b:str}, {c:str}, {d:int count}", "x, " * 20_000), ("({a:str})", "(" * 60_000), ("{s:sizes} x", "[" + "1 GiB " * 10_000 + "x"),
    ("aaaaaaaaab{a:str}aaaaaaaaab{b:text}", "a" * 60_000), ("{d:duration}", "1s" * 30_000), ("{n:int count}", "-" * 60_000),
    ("{x:str} aaaaaaaaaaaaaaab {y:str}", "a" * 60_000), ("{x:text}", " " * 60_000),
]


@pytest.mark.parametrize(("form", "text"), HOSTILE)
def test_matching_takes_linear_time(form, text):
    """No line, however it is made, keeps the program busy."""
    parts = split_form(form)
    started = time.process_time()
    for _ in range(10):
        match_parts(parts, text[: 1 << 16])
    assert time.process_time() - started < 1.0


literal = st.text("abc:=([ ", min_size=1, max_size=5).map(lambda text: f" {text.strip()}x ")
number = st.integers(-(10**12), 10**12)


@given(st.lists(st.tuples(literal, number), min_size=1, max_size=6))
@settings(deadline=None, max_examples=150)
def test_printing_a_form_and_matching_it_gives_the_same_numbers(pairs):
    """fill in, match: nothing is lost."""
    form = "".join(f"{text}{{n{place}:int count}}" for place, (text, _) in enumerate(pairs))
    line = "".join(f"{text}{value}" for text, value in pairs)
    assert match(form, line) == {f"n{place}": value for place, (_, value) in enumerate(pairs)}


@given(st.text(max_size=30), st.text("{}a:int str", max_size=12))
@settings(deadline=None, max_examples=300)
def test_any_form_is_split_or_refused(prefix, rest):
    """Nothing but ValueError comes out, and literal text is kept apart from doubled braces."""
    form = prefix + rest
    try:
        parts = split_form(form)
    except ValueError:
        return
    assume(all(isinstance(part, str) for part in parts))
    assert "".join(parts) == form.replace("{{", "{").replace("}}", "}")


@given(st.text(max_size=80), st.sampled_from(sorted(FIELD_TYPES)))
@settings(deadline=None, max_examples=300)
def test_any_text_converts_or_does_not(raw, kind):
    """Hostile values raise nothing."""
    convert(kind, raw)


@given(st.floats(0, 1e9), st.sampled_from(["B", "KiB", "MiB", "GiB"]))
@settings(deadline=None, max_examples=100)
def test_sizes_with_and_without_a_blank_are_the_same(value, unit):
    """`5MiB` is `5 MiB`."""
    text = f"{value:.3f}"
    assert convert("size", f"{text} {unit}") == convert("size", f"{text}{unit}")
