"""Opposites, settings as they are, causes and what a log does not tell: cases as data over the corpus's logs."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from explain_log.briefing import make_briefing
from explain_log.knowledge import load
from explain_log.narration.verifier import judge_text, verify_sentence
from explain_log.narration.verifier.meanings import meanings, pieces
from explain_log.narration.verifier.stances import is_turned, stances_in
from explain_log.pipeline import report_of_text

LOGS = Path(__file__).parents[2] / "benchmarks" / "verifier" / "logs"
CASES = tomllib.loads((Path(__file__).parent / "opposites.toml").read_text(encoding="utf-8"))["case"]


@cache
def text_of(log):
    return (LOGS / f"{log}.log").read_text(encoding="utf-8")


@cache
def report_of(log, language):
    return report_of_text(text_of(log), language)


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_case(case):
    """With ids the sentence passes or does not; without them a true one is not contradicted, a false one not borne out."""
    report, lines = report_of(case["log"], case["language"]), text_of(case["log"]).splitlines()
    briefing = make_briefing(report, "memory", load())
    verdict = verify_sentence(case["text"], case["cites"], briefing, case["language"], lines)
    assert verdict.accepted == case["accepted"], verdict.reason
    told = {claim.verdict for claim in judge_text(case["text"], report, load(), lines)}
    assert "contradicted" not in told if case["accepted"] else told - {"supported"}, told


def test_what_nothing_bears_out_is_told_so():
    """A sentence about the log that no check can read is no claim that holds; one about nothing of it is no claim."""
    report = report_of("seed", "en")
    unread = judge_text("The server dreams of larger graphics cards.", report, load())
    assert [claim.verdict for claim in unread] == ["unsupported"]
    assert not judge_text("I hope that this helps.", report, load())


@pytest.mark.parametrize(("text", "plus"), [
    ("was found", True), ("was not found", False), ("found no GPU", False), ("检测到", True), ("没检测到", False),
    ("差不多够用", True), ("并不够用", False),
])  # fmt: skip
def test_a_negation_turns_a_word_round(text, plus):
    """Before it or behind it; letters that only look like a negation turn nothing."""
    stance = stances_in(text)[0]
    assert (stance.plus != is_turned(text, stance, 0)) == plus


def test_words_that_mean_the_same_are_one():
    """In either language; a word that says nothing of its own does not count."""
    assert pieces("video memory") == pieces("显存")
    assert pieces("the and of this") == frozenset()


def test_no_word_says_both():
    """No word is plus and minus of one axis."""
    for ids in meanings().axes.ids.values():
        assert not {f"-{each}" for each in ids} & ids
