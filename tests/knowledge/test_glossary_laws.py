"""The laws of docs/knowledge-format.md over every glossary entry."""

import re
import runpy
from pathlib import Path

import pytest

from explain_log.checks import Wording, run_checks
from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.knowledge import load as load_knowledge
from explain_log.knowledge.compile import read_findings, read_statements, read_terms
from explain_log.narration.verifier.terms import misreadings

KNOWLEDGE = Path(CHECKOUT_FOLDER)
CASES = runpy.run_path(str(Path(__file__).parents[1] / "checks" / "cases.py"))
TERMS = read_terms(KNOWLEDGE)
IDS = {term.id for term in TERMS}
MISREADINGS = [(term, misreading) for term in TERMS for misreading in term.misreading]
HAN = "一-鿿"
every_term = pytest.mark.parametrize("term", TERMS, ids=lambda term: term.id)
every_misreading = pytest.mark.parametrize(("term", "misreading"), MISREADINGS, ids=lambda x: getattr(x, "id", ""))


def test_there_are_enough_terms():
    """A log needs about that many."""
    assert len(TERMS) >= 80


def test_ids_and_names_lead_to_one_term():
    """No two entries of one id, and no name that two entries claim."""
    assert len(IDS) == len(TERMS)
    owners = {}
    for term in TERMS:
        for name in {*map(str.lower, term.names.zh), *map(str.lower, term.names.en)}:
            owners.setdefault(name, set()).add(term.id)
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


@every_term
def test_both_languages_are_there(term):
    """Names, short and text; Chinese in Chinese, English in English."""
    assert term.names.zh
    assert term.names.en
    for text in (term.short, term.text):
        assert re.search(f"[{HAN}]", text.zh)
        assert not re.search(f"[{HAN}，。；：（）]", re.sub(r"'[^']*'|“[^”]*”", "", text.en))
        assert "！" not in text.zh
        assert "您" not in text.zh


@every_term
def test_units_and_versions_are_in_both_languages(term):
    """The unit has a name, and each note on versions stands in Chinese and in English with the same versions in it."""
    units = load_knowledge().table("unit_names")
    assert term.unit is None or set(units[term.unit]) == {"zh", "en"}
    notes = zip(term.versions.zh, term.versions.en, strict=True) if term.versions else ()
    for zh, en in notes:
        assert re.search(f"[{HAN}]", zh)
        assert not re.search(f"[{HAN}，。；：（）]", en.replace("…", ""))
        assert set(re.findall(r"\d+\.\d+\.\d+|b\d{4}", zh)) == set(re.findall(r"\d+\.\d+\.\d+|b\d{4}", en)), zh
        assert set(re.findall(r"20\d\d", zh)) == set(re.findall(r"20\d\d", en)), zh


def test_every_unit_name_is_used():
    """No name for a unit that no term has."""
    assert set(load_knowledge().table("unit_names")) == {term.unit for term in TERMS} - {None}


@every_term
def test_short_is_one_sentence(term):
    """A hover shows it."""
    assert term.short.zh.rstrip("。").count("。") == 0
    assert len(re.findall(r"[.!?] +[A-Z]", term.short.en)) == 0
    assert len(term.text.zh) >= len(term.short.zh) or len(term.text.en) >= 40


@every_term
def test_what_it_points_to_exists(term):
    """`see` names other terms."""
    assert set(term.see) <= IDS - {term.id}


@every_term
def test_sources_name_a_file_and_a_function(term):
    """A reader can look it up."""
    for source in term.source.split(";"):
        assert re.search(r"[\w/-]+\.(cpp|h|c|go|cu|hpp|py|md|cuh|m)\b|/", source), source
    assert re.search(r"[,:]", term.source)


@every_misreading
def test_misreadings_are_there_in_both_languages(term, misreading):
    """What people say wrongly, and what is right."""
    assert re.search(f"[{HAN}]", misreading.says.zh)
    assert re.search(f"[{HAN}]", misreading.correction.zh)
    assert not re.search(f"[{HAN}]", misreading.says.en + misreading.correction.en)


@every_misreading
def test_phrases_catch_their_own_misreading(term, misreading):
    """In each language the verifier finds the wrong claim as it is told, without any cite."""
    for language in ("zh", "en"):
        found = misreadings(getattr(misreading.says, language), [], language, load_knowledge())
        assert misreading.correction.model_dump()[language] in [each.names["correction"] for each in found], language


def test_every_class_of_synonyms_is_used():
    """No class of words that no phrase names, and none that is missing."""
    classes = set(load_knowledge().table("synonyms")["class"])
    phrases = [
        phrase
        for _, misreading in MISREADINGS
        for kind in (misreading.about, misreading.wrong, misreading.right)
        if kind is not None
        for phrase in (*kind.zh, *kind.en)
    ]
    assert set(re.findall("<([a-z_]+)>", " ".join(phrases))) == classes


def right_texts():
    """(where, language, text) of everything that this project says itself: glossary, findings with the example's values, meanings."""
    for term in TERMS:
        for text in (term.short, term.text):
            yield f"term:{term.id}", "zh", text.zh
            yield f"term:{term.id}", "en", text.en
        for misreading in term.misreading:
            yield f"term:{term.id}", "zh", misreading.correction.zh
            yield f"term:{term.id}", "en", misreading.correction.en
    for entry in read_statements(KNOWLEDGE):
        if entry.meaning is not None:
            yield f"statement {entry.id}", "zh", entry.meaning.zh
            yield f"statement {entry.id}", "en", entry.meaning.en
    for case in CASES["read_cases"]():
        if "bug" in case:
            continue
        facts = CASES["facts_of"](case)
        observations = run_checks(facts)[0]
        for language in ("zh", "en"):
            wording = Wording(load_knowledge(), language)
            for observation in observations:
                if wording_knows(observation.id):
                    finding = wording.finding(observation, facts)
                    texts = [finding.title, finding.detail, wording.say(observation) or ""]
                    texts += [t for a in finding.advice for t in (a.action, a.effect, a.check, a.undo)]
                    for text in texts:
                        yield f"finding:{observation.id}", language, text


FINDINGS = {entry.id for entry in read_findings(KNOWLEDGE)}


def wording_knows(finding_id):
    """Whether a finding has its texts."""
    return finding_id in FINDINGS


def test_no_phrase_finds_a_mistake_in_what_is_right():
    """The verifier would refuse the project's own words; a term or a finding is cited with its texts."""
    trips = [
        (where, found[0].cites, text)
        for where, language, text in dict.fromkeys(right_texts())
        if (found := misreadings(text, [where], language, load_knowledge()))
    ]
    assert trips == []


def test_a_finding_explains_its_terms():
    """Every term that a finding names can be looked up."""
    assert {name for entry in read_findings(KNOWLEDGE) for name in entry.terms} <= IDS
