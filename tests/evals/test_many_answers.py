"""Five hundred answers composed of the corpus of statements: what it calls false is in no report."""

import importlib.util
import statistics
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "narrator.py"


@pytest.fixture(scope="module")
def narrator():
    """benchmarks/narrator.py as a module."""
    spec = importlib.util.spec_from_file_location("narrator_benchmark", FILE)
    module = sys.modules["narrator_benchmark"] = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before


MOST_FALSE_SHOWN = 5
"""Of some hundred different false statements; the aim is none, 2 to 4 were shown when this was written."""


def test_hardly_anything_false_is_shown(narrator):
    """Models of all characters, lying ones too: false statements are kept from the reader, true ones are shown."""
    figures = narrator.run(500, 20, fresh=False)
    assert sum(figures.answers.values()) >= 500
    assert figures.shown["honest"] > figures.said["honest"] / 2
    assert len(figures.false_shown) <= MOST_FALSE_SHOWN


def test_the_first_statement_comes_at_once(narrator):
    """The reader waits at most 1.3 times as long as the model takes for its first sentence."""
    ratios = narrator.timed(8, 3)
    assert len(ratios) >= 5
    assert statistics.median(ratios) <= 1.3
