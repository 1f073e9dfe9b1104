"""How many of 1,000 cases of the corpus the verifier judges rightly; benchmarks/verifier/run.py measures them all."""

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest

from explain_log.briefing import make_briefing
from explain_log.knowledge import load
from explain_log.narration.verifier import verify_sentence
from explain_log.pipeline import report_of_text

FOLDER = Path(__file__).parents[2] / "benchmarks" / "verifier"
CASES = [json.loads(line) for line in (FOLDER / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def briefing(log, language):
    text = (FOLDER / "logs" / f"{log}.log").read_text(encoding="utf-8")
    return make_briefing(report_of_text(text, language), "memory", load())


def sample(truth, fresh=False):
    """250 cases of the seen part that stay the same while the corpus grows little. fresh: written by strangers."""
    seen = [c for c in CASES if c["truth"] == truth and not c["aside"] and c.get("fresh", False) == fresh]
    return sorted(seen, key=lambda case: hashlib.sha256(case["id"].encode()).hexdigest())[:250]


def accepted(case):
    lines = (FOLDER / "logs" / f"{case['log']}.log").read_text(encoding="utf-8").splitlines()
    report = briefing(case["log"], case["language"])
    return verify_sentence(case["text"], case["cites"], report, case["language"], lines).accepted


def test_false_statements_are_refused():
    """At least 99 % of them."""
    cases = sample(truth=False)
    passed = [case["text"] for case in cases if accepted(case)]
    assert len(passed) <= 0.01 * len(cases), f"{len(passed)} of {len(cases)} pass: {passed[:5]}"


def test_true_statements_pass():
    """At least 97 % of them."""
    cases = sample(truth=True)
    refused = [case["text"] for case in cases if not accepted(case)]
    assert len(refused) <= 0.03 * len(cases), f"{len(refused)} of {len(cases)} are refused: {refused[:5]}"


MOST_WRONG = {False: 0.14, True: 0.17}
"""Of what strangers wrote, which is far harder; 12.6 % and 14.5 % were judged wrongly when this was written."""


@pytest.mark.parametrize("truth", [False, True])
def test_wordings_of_strangers(truth):
    """The goal is the same as above; until it is reached, no more than this may be judged wrongly."""
    cases = sample(truth, fresh=True)
    wrong = [case["text"] for case in cases if accepted(case) != truth]
    assert len(wrong) <= MOST_WRONG[truth] * len(cases), f"{len(wrong)} of {len(cases)}: {wrong[:5]}"
