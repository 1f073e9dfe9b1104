"""Sentences with the same numbers, one true and one false of the same log."""

import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

from explain_log.briefing import make_briefing
from explain_log.knowledge import load
from explain_log.narration.verifier import judge_text, verify_sentence
from explain_log.pipeline import report_of_text

LOGS = Path(__file__).parents[2] / "benchmarks" / "verifier" / "logs"
PAIRS = tomllib.loads((Path(__file__).parent / "told.toml").read_text(encoding="utf-8"))["pair"]


@lru_cache(maxsize=32)
def briefing(log, language):
    text = (LOGS / f"{log}.log").read_text(encoding="utf-8")
    return make_briefing(report_of_text(text, language), "memory", load())


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["true"][:40] for pair in PAIRS])
def test_one_passes_and_the_other_does_not(pair):
    """With ids: the false one is refused for the right reason. Without: only it is held against the log."""
    about = briefing(pair["log"], pair["language"])
    assert verify_sentence(pair["true"], pair["cites"], about, pair["language"]).accepted
    assert verify_sentence(pair["false"], pair["cites"], about, pair["language"]).code == pair["code"]
    assert all(claim.verdict != "contradicted" for claim in judge_text(pair["true"], about.report, load()))
    assert any(claim.verdict != "supported" for claim in judge_text(pair["false"], about.report, load()))
