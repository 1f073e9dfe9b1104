"""Texts are kept for lines that findings may show, and memory does not grow with the log."""

from functools import partial
from pathlib import Path

import pytest

from explain_log.facts import assemble
from explain_log.facts.models import as_json
from explain_log.facts.texts import Texts, numbers_in
from explain_log.pipeline import report_of_text

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.log"))
QUIET = 'time=2025-02-11T11:00:00.000+08:00 level=DEBUG source=sched.go:573 msg="evaluating already loaded" model=/x\n'


def test_only_named_and_recent_lines_stay():
    """What no fact names goes; the last ones stay in any case."""
    texts: dict[int, str] = {}
    named = [3, {"lines": {"context.n_ctx": [5]}}]
    keeper = Texts(texts, [named], most=20, recent=4)
    for number in range(1, 1001):
        keeper.add(number, "text")
    assert {3, 5, 998, 999, 1000} <= texts.keys()
    assert len(texts) <= 21


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_evidence_does_not_depend_on_it(path, monkeypatch):
    """Dropping as much as can be leaves the report as it is, however many lines follow what it shows."""
    text = path.read_text(encoding="utf-8") + QUIET * 500
    before = as_json(report_of_text(text, "en"))
    monkeypatch.setattr(assemble, "Texts", partial(Texts, most=1, recent=40))
    assert as_json(report_of_text(text, "en")) == before


def test_numbers_of_statements_that_wait_are_found():
    """Who collects lines may hold statements until later ones complete them."""
    from explain_log.lines import Line
    from explain_log.statements import Statement

    waiting = {"load": [Statement("ollama.x", Line(17, "text"), {}, "info", {})]}
    assert 17 in numbers_in([waiting])
