"""The answer that chat models usually give about the seed log: what is wrong in it is found and put right."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from explain_log.knowledge import load
from explain_log.narration import verifier
from explain_log.pipeline import report_of_text

FOLDER = Path(__file__).parents[2] / "benchmarks" / "verifier"
LANGUAGES = ("zh", "en")
UNFINISHED = "Two misreadings are not found in all their words yet."


def labels(language):
    return tomllib.loads((FOLDER / f"usual_wrong_answer.{language}.toml").read_text(encoding="utf-8"))["claim"]


@cache
def answer(language):
    return (FOLDER / f"usual_wrong_answer.{language}.md").read_text(encoding="utf-8")


@cache
def judged(language):
    log = (FOLDER / "logs" / "seed.log").read_text(encoding="utf-8")
    return verifier.judge_text(answer(language), report_of_text(log, language), load(), log.splitlines())


def claims_at(language, text):
    """The claims in the place where the answer says this."""
    start = answer(language).index(text)
    return [claim for claim in judged(language) if claim.span[0] < start + len(text) and claim.span[1] > start]


def labelled(truth):
    return [(language, label) for language in LANGUAGES for label in labels(language) if label["truth"] == truth]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_are_of_the_answer(language):
    """Each claim stands in the answer once, each false one has what the correction must say."""
    for label in labels(language):
        assert answer(language).count(label["text"]) == 1
        assert label["truth"] or label["says"]
    assert sum(line.startswith("- ") for line in answer(language).splitlines()) == len(labels(language))


@pytest.mark.xfail(strict=True, reason=UNFINISHED)
def test_false_claims_are_found_and_put_right():
    """Each is contradicted or unsupported, with a correction that says the right thing and names its line."""
    wrong = []
    for language, label in labelled(truth=False):
        objected = [claim for claim in claims_at(language, label["text"]) if claim.verdict != "supported"]
        told = " ".join(claim.correction or "" for claim in objected)
        lines = {line for claim in objected for line, _ in claim.evidence}
        contradicted = any(claim.verdict == "contradicted" for claim in objected)
        if not any(says in told for says in label["says"]):
            wrong.append((label["text"], told))
        elif contradicted and label["lines"] and not lines & set(label["lines"]):
            wrong.append((label["text"], lines))
    assert wrong == []


def test_true_claims_are_not_contradicted():
    """None of them."""
    wrong = []
    for language, label in labelled(truth=True):
        claims = claims_at(language, label["text"])
        if any(claim.verdict == "contradicted" for claim in claims):
            wrong.append(label["text"])
    assert wrong == []
