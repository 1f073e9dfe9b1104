"""The whole report of the example log, in both languages."""

import re
import tomllib
from pathlib import Path

import pytest
from reading import values_of

from explain_log.knowledge import load as load_knowledge
from explain_log.lines import lines_of_text
from explain_log.pipeline import report_of_text
from explain_log.report import report_json
from explain_log.statements import Recogniser

HERE = Path(__file__).parent
LOG = (HERE.parents[1] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
LANGUAGES = ["zh", "en"]


@pytest.fixture(scope="module")
def reports():
    """The report in each language."""
    return {language: report_of_text(LOG, language, name="example.log") for language in LANGUAGES}


@pytest.fixture(scope="module")
def report(reports):
    """The English one, for what has no language."""
    return reports["en"]


def test_source(report):
    """All 106 lines are recognised, and nothing is left over."""
    assert {name: getattr(report.source, name) for name in EXPECTED["source"]} == EXPECTED["source"]
    assert report.source.unrecognised == []
    assert set(report.source.envelopes) == {"slog", "llama.cpp"}


def test_run(report):
    """One run, which was under way when the log began, of a release between 0.5.2 and 0.5.7."""
    (run,) = report.server_runs
    assert {name: getattr(run, name) for name in EXPECTED["run"]} == EXPECTED["run"]
    assert (run.version, run.listen, run.config, run.devices) == (None, None, {}, [])


@pytest.mark.parametrize("index", [1, 2])
def test_facts(report, index):
    """Each value is the log's, and stands on the line where it is."""
    assert len(report.loads) == 2
    load, wanted = report.loads[index - 1], EXPECTED["load"][str(index)]
    found = dict(values_of(load)) | {name: getattr(load, name) for name in ("index", "first_line", "last_line")}
    assert {path: found.get(path) for path in wanted} == pytest.approx({path: w["is"] for path, w in wanted.items()}, abs=0.0051)
    lines = {path: w["line"] for path, w in wanted.items() if "line" in w}
    assert {path: load.lines[path][0] for path in lines} == lines
    assert not set(EXPECTED["null"][str(index)]["paths"]) & set(found)


def test_the_model_of_the_load_is_the_one_of_the_pass_beside_it(report):
    """Its own metadata is missing; what it takes over says so."""
    load = report.loads[0]
    for path in ("model.name", "model.arch", "model.file_type", "model.n_head_kv", "model.size_mib", "model.digest"):
        assert "vocab-only pass of load 2, which agrees" in load.derived[path]
        assert path not in load.lines
    assert "81 layers with the output layer" in load.derived["model.name"]


def test_no_requests(report):
    """The log has no request lines."""
    assert report.requests is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_findings(reports, language):
    """Eighteen, each once; none of those that a misreading would give."""
    ids = [finding.id for finding in reports[language].findings]
    assert set(EXPECTED["findings"]) <= set(ids)
    assert not set(EXPECTED["absent"]) & set(ids)
    assert len(ids) == len(set(ids))


def test_findings_are_sorted(report):
    """Most severe first, then by line."""
    order = ["error", "warning", "notice", "info"]
    keys = [(order.index(f.severity), f.evidence[0].line) for f in report.findings]
    assert keys == sorted(keys)
    assert {f.severity for f in report.findings} == {"notice", "info"}


def test_what_is_benign(report):
    """The second pass and the tokenizer's note."""
    assert {f.id for f in report.findings if f.benign} == {"load.vocab_only", "tokenizer.eos_not_eog"}


def test_evidence_is_the_log_s_own_text(report):
    """Each finding shows its lines as they stand in the log."""
    log = LOG.splitlines()
    for finding in report.findings:
        assert finding.evidence, finding.id
        for evidence in finding.evidence:
            assert evidence.text == log[evidence.line - 1].strip()


def test_operands_are_facts_of_this_report(report):
    """Each operand of a formula names a value that is there."""
    found = {f"fact:loads.{load.index}.{path}" for load in report.loads for path, _ in values_of(load)}
    found |= {"fact:server_runs.1.version_range"}
    for finding in report.findings:
        assert set((finding.operands or {}).values()) <= found, finding.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_a_detail_are_in_its_values(reports, language):
    """A program can check each number that is shown: what the text itself has (2 ×, 4 bytes, 500 MiB/s) apart."""
    for finding in reports[language].findings:
        template = str(load_knowledge().finding(finding.id)["detail"][language])
        fixed = re.findall(r"\d+", re.sub(r"\{[^}]*\}", "", template))
        numbers = [v for v in finding.values.values() if not isinstance(v, str)]
        text = " ".join(str(v) for v in finding.values.values() if isinstance(v, str))
        for shown in re.findall(r"(?<![A-Za-z\d])\d+(?:\.\d+)?", finding.detail):
            near = any(abs(float(shown) - n) < 0.0051 for n in numbers)
            percent = any(f"{shown}%" in finding.detail and abs(float(shown) - n * 100) <= 0.51 for n in numbers)
            assert near or percent or shown in text or shown in fixed, (finding.id, shown, finding.detail)


@pytest.mark.parametrize("language", LANGUAGES)
def test_explanation(reports, language):
    """Every section that this log has something for, in its order, with its heading and sentences."""
    explanation = reports[language].explanation
    assert [section.id for section in explanation.sections] == EXPECTED["sections"]
    assert (explanation.language, explanation.origin, explanation.model, explanation.rejected) == (language, "rules", None, [])
    for section in explanation.sections:
        assert section.heading
        assert section.statements
        texts = [sentence.text for sentence in section.statements]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", EXPECTED["sections"])
def test_what_a_section_says(reports, language, section):
    """The numbers that matter are told where a reader looks for them."""
    (found,) = [s for s in reports[language].explanation.sections if s.id == section]
    text = " ".join(sentence.text for sentence in found.statements)
    assert [number for number in EXPECTED["says"][section] if number not in text.replace("、", ", ")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_explanation(reports, language):
    """Chinese has Han letters in every sentence, English has none."""
    for section in reports[language].explanation.sections:
        for sentence in section.statements:
            assert bool(re.search("[一-鿿]", sentence.text)) is (language == "zh"), sentence.text
            assert "{" not in sentence.text
            assert "！" not in sentence.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_cite_what_is_there(reports, language):
    """Facts, findings and terms that a sentence rests on are in the report or the glossary."""
    report = reports[language]
    facts = {f"fact:loads.{load.index}.{path}" for load in report.loads for path, _ in values_of(load)} | {"fact:server_runs.1.version_range"}
    findings = {finding.fact_id for finding in report.findings}
    for section in report.explanation.sections:
        for sentence in section.statements:
            for cite in sentence.cites:
                kind = cite.partition(":")[0]
                if kind == "term":
                    assert load_knowledge().term(cite.removeprefix("term:")) is not None
                elif kind == "line":
                    assert 1 <= int(cite.removeprefix("line:")) <= 106
                else:
                    assert cite in facts | findings, cite


def test_both_languages_say_as_much(reports):
    """Section by section the same number of sentences, with the same ids."""
    zh, en = (reports[language].explanation for language in LANGUAGES)
    for one, other in zip(zh.sections, en.sections, strict=True):
        assert [s.cites for s in one.statements] == [s.cites for s in other.statements]


def test_findings_are_the_same_in_both_languages(reports):
    """Only the words differ."""
    zh, en = (report_json(reports[language])["findings"] for language in LANGUAGES)
    for one, other in zip(zh, en, strict=True):
        for name in ("id", "severity", "load", "values", "formula", "operands", "evidence", "benign"):
            assert one[name] == other[name]
        assert one["title"] != other["title"]


def test_every_line_is_explained_in_both_languages():
    """Each of the 106 lines has a meaning, in Chinese and English."""
    recogniser, knowledge = Recogniser(load_knowledge()), load_knowledge()
    for line in lines_of_text(LOG):
        statement = recogniser.recognise(line)
        assert statement is not None, line.text
        meaning = knowledge.statement(statement.id).get("meaning")
        assert meaning, statement.id
        assert re.search("[一-鿿]", meaning["zh"])
        assert re.search("[a-z]", meaning["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_can_be_looked_up(reports, language):
    """Every term of the report is in the glossary."""
    assert reports[language].terms
    assert all(load_knowledge().term(name) for name in reports[language].terms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_misreadings_of_this_log_are_not_said(reports, language):
    """No sentence says what people got wrong about it."""
    text = " ".join(s.text for section in reports[language].explanation.sections for s in section.statements)
    wrong = {
        "zh": ["最大序列长度", "不均", "内存泄漏", "两个模型", "加载失败", "不支持 Flash Attention"],
        "en": ["maximum sequence length", "uneven", "unbalanced", "leak", "two models", "failed to load", "does not support flash attention"],
    }
    assert [phrase for phrase in wrong[language] if phrase in text] == []


def test_the_report_is_the_same_each_time():
    """Nothing in it depends on time or chance."""
    assert report_json(report_of_text(LOG, "zh")) == report_json(report_of_text(LOG, "zh"))
