"""What the rules answer would pass the verifier where it cites something: their words are held to the same."""

import tomllib
from pathlib import Path

import pytest
from tests.narration.conftest import example_report

from explain_log.answers import answered_by_rules
from explain_log.briefing import make_briefing
from explain_log.knowledge import load
from explain_log.narration.verifier import verify_sentence

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))["question"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row["en"])
def test_cited_sentences_pass(row, language):
    """Facts with their lines, findings and advice in an answer are what they cite."""
    report = example_report(language)
    briefing = make_briefing(report, "answer", load())
    for sentence in answered_by_rules(row[language], report):
        if sentence.cites:
            verdict = verify_sentence(sentence.text, sentence.cites, briefing, language)
            assert verdict.accepted, (sentence.text, verdict.reason)
