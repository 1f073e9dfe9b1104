"""Grouping unknown lines by shape."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.statements import Shapes, shapes
from explain_log.statements.shapes import MOST_SHAPE_CHARACTERS, shape_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("took 5.2 s, 17 tokens", "took <N> s, <N> tokens"),
        ('open "/a/b c" failed', "open <S> failed"),
        ("load /usr/share/ollama/x.gguf now", "load <P> now"),
        ("load C:\\models\\big\\x.gguf now", "load <P> now"),
        ("blob sha256-6a0746a1ec1aef3e7ec53868f220ff6e at 0x7ffee0", "blob <H> at <H>"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id <H>"),
        ("  many \t blanks  ", "many blanks"),
        ("错误 5", "错误 <N>"),
        ("", ""),
    ],
)
def test_what_varies_is_replaced(text, shape):
    """Strings, hashes, paths and numbers are named by what they are."""
    assert shape_of(text) == shape


def test_shapes_are_counted_and_ranked():
    """The most frequent first, then the one that came first; blank lines have no shape."""
    seen = Shapes()
    for number, text in enumerate(["b 1", "a 1", "a 2", "", "  ", "c", "a 3"], 1):
        seen.add(number, text)
    assert seen.most_frequent(2) == [("a <N>", 3, 2, "a 1"), ("b <N>", 1, 1, "b 1")]


def test_memory_is_bounded(monkeypatch):
    """However many shapes there are, so many are kept; those that are known go on being counted."""
    monkeypatch.setattr(shapes, "MOST_SHAPES", 2)
    seen = Shapes()
    for number, text in enumerate(["a", "b", "c", "a", "d"], 1):
        seen.add(number, text)
    assert seen.most_frequent(9) == [("a", 2, 1, "a"), ("b", 1, 2, "b")]


def test_examples_and_shapes_are_short():
    """A line of megabytes is no example."""
    seen = Shapes()
    seen.add(1, "word " * 100_000)
    ((shape, _, _, example),) = seen.most_frequent(1)
    assert len(shape) <= MOST_SHAPE_CHARACTERS
    assert len(example) <= 2 * MOST_SHAPE_CHARACTERS  # the report cuts it, after it is redacted


@given(st.text(max_size=400))
@settings(deadline=None, max_examples=200)
def test_any_text_has_a_shape(text):
    """Hostile lines raise nothing, and the shape stays short."""
    assert len(shape_of(text)) <= MOST_SHAPE_CHARACTERS
