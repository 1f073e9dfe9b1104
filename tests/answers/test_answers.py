"""Questions are answered without a model: from what they name, and where the log cannot tell that is said."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import cited
from tests.narration.conftest import example_report

from explain_log.answers import Asked, answered_by_rules
from explain_log.knowledge import load
from explain_log.pipeline import report_of_text

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))["question"]
TABLE = load().table("questions")
TOPICS = TABLE["topic"]
LANGUAGES = ("zh", "en")


def said(question, report, asked=None):
    return [sentence.text for sentence in answered_by_rules(question, report, asked)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row["en"])
class TestExample:
    def test_the_answer_rests_on_what_is_asked(self, row, language):
        """Each question's answer cites what it is about, within its first sentences, and says the value."""
        sentences = answered_by_rules(row[language], example_report(language))
        cites = {cite for sentence in sentences for cite in sentence.cites}
        assert cites >= set(row["cites"])
        assert row.get("says", "") in " ".join(s.text for s in sentences)
        assert len(sentences) <= 7

    def test_either_language_may_be_asked_in(self, row, language):
        """A Chinese question about an English report finds the same, and the answer is English."""
        other = "en" if language == "zh" else "zh"
        cites = {c for s in answered_by_rules(row[other], example_report(language)) for c in s.cites}
        assert cites & set(row["cites"])

    def test_every_cite_is_one(self, row, language):
        """Ids of answers name something in the report or the glossary."""
        report = example_report(language)
        for sentence in answered_by_rules(row[language], report):
            for cite in sentence.cites:
                assert cited(cite, report), cite


@pytest.mark.parametrize("language", LANGUAGES)
class TestUnknown:
    @pytest.mark.parametrize("topic", [t["id"] for t in TOPICS if "unknown" in t])
    def test_an_empty_log_tells_nothing(self, topic, language):
        """For each topic: a log without it says so, and how to find out."""
        row = next(t for t in TOPICS if t["id"] == topic)
        report = report_of_text("nothing of ours\n", language)
        texts = said(row["words"][language][0], report)
        assert row["unknown"][language] in texts

    @pytest.mark.parametrize("topic", [t["id"] for t in TOPICS if "none" in t])
    def test_what_is_not_there_is_said_not_to_be_there(self, topic, language):
        """“Any errors?” about a log without: none, in so many words."""
        row = next(t for t in TOPICS if t["id"] == topic)
        report = report_of_text("nothing of ours\n", language)
        assert row["none"][language] in said(row["words"][language][0], report)

    @pytest.mark.parametrize("question", ["今天天气怎么样", "sing me a song", "？", "", "🎉🎉", "x" * 5000])
    def test_what_names_nothing(self, question, language):
        """Is answered with what can be asked."""
        assert said(question, example_report(language)) == [TABLE["says"]["nothing"][language]]

    def test_what_no_log_tells_outweighs_the_rest(self, language):
        """The temperature of CUDA0 is not its KV cache."""
        question = {"zh": "CUDA0 的温度是多少？", "en": "What is the temperature of GPU CUDA0?"}[language]
        heat = next(t for t in TOPICS if t["id"] == "heat")
        assert said(question, example_report(language)) == [heat["unknown"][language]]

    @pytest.mark.parametrize("question", ["OLLAMA_KV_OVERHEAD?", "把OLLAMA_KV_OVERHEAD调大会怎样"])
    def test_a_setting_that_is_not_logged(self, question, language):
        """Names it and says where it would be, also without a blank before it, as Chinese is written."""
        assert any("OLLAMA_KV_OVERHEAD" in text for text in said(question, example_report(language)))

    @given(st.text(max_size=60))
    def test_any_question_is_answered(self, language, question):
        """Never nothing, never an error."""
        assert said(question, example_report(language))


class TestFollowUps:
    REPORT = property(lambda self: example_report("en"))

    def test_another_device(self):
        """“and CUDA7?” asks the same of another device."""
        first = Asked.of("How large is the KV cache on CUDA0?", self.REPORT)
        second = Asked.of("and CUDA7?", self.REPORT, first)
        assert "288 MiB" in " ".join(said("and CUDA7?", self.REPORT, second))

    def test_what_to_do_about_it(self):
        """“怎么改？” is about what was asked before."""
        report = example_report("zh")
        first = Asked.of("Flash Attention 开了吗？", report)
        second = Asked.of("怎么改？", report, first)
        assert any("OLLAMA_FLASH_ATTENTION" in text for text in said("怎么改？", report, second))

    def test_a_question_of_its_own_leans_on_nothing(self):
        """What names something is not about what was asked before."""
        first = Asked.of("How large is the KV cache?", self.REPORT)
        assert Asked.of("which version is it", self.REPORT, first).terms == []


class TestTable:
    """Laws of knowledge/questions.toml."""

    @pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t["id"])
    def test_what_a_topic_names_exists(self, topic):
        """Findings and facts are known, words and texts are there in both languages."""
        findings, labels = load().keys("findings"), {row["path"] for row in load().table("fact_labels")["fact"]}
        for name in topic.get("findings", []):
            assert name in findings or any(f.startswith(name[:-1]) for f in findings if name.endswith(".*")), name
        assert set(topic.get("facts", [])) <= labels
        assert set(topic.get("terms", [])) <= set(load().keys("terms"))
        for key in ("words", "none", "unknown"):
            assert key not in topic or set(topic[key]) == set(LANGUAGES)
        assert {"findings", "facts", "severities", "benign", "unknown"} & set(topic)

    def test_texts_have_the_same_fields(self):
        """The two languages of a text take the same values."""
        for name, texts in TABLE["says"].items():
            zh, en = (sorted(re.findall(r"\{\w+\}", texts[language])) for language in LANGUAGES)
            assert zh == en, name
