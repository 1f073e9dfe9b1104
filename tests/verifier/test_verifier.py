"""The verifier: cases as data, and laws over the glossary and the rules' own sentences."""

import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain_log.briefing import make_briefing
from explain_log.knowledge import load
from explain_log.lines import Origin
from explain_log.narration.verifier import verify_sentence
from explain_log.pipeline import make_report

EXAMPLE = Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log"
CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text(encoding="utf-8"))["case"]
KV = "fact:loads.1.kv_cache.size_mib"


@lru_cache(maxsize=2)
def briefing(language):
    return make_briefing(make_report([Origin(str(EXAMPLE))], language), "memory", load())


def judge(text, cites, language="zh"):
    return verify_sentence(text, list(cites), briefing(language), language)


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_case(case):
    """The verdict is the one that the case expects, and a refusal says why in one line."""
    verdict = judge(case["text"], case["cites"], case["language"])
    assert (verdict.code or "OK") == case["expect"], verdict.reason
    assert verdict.accepted == (verdict.code is None)
    assert bool(verdict.reason) != verdict.accepted
    assert "\n" not in verdict.reason


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_rules_own_sentences_pass(language):
    """What the rules say about the example log holds before the verifier, sentence by sentence."""
    report = briefing(language).report
    sentences = [s for section in report.explanation.sections for s in section.statements if s.cites]
    assert len(sentences) > 20
    for sentence in sentences:
        verdict = judge(sentence.text, sentence.cites, language)
        assert verdict.accepted, (sentence.text, verdict.reason)


def _misreadings():
    for term in load().keys("terms"):
        for number, wrong in enumerate(load().term(term).get("misreading", [])):
            for language in ("zh", "en"):
                yield pytest.param(term, wrong, language, id=f"{term}-{number}-{language}")


@pytest.mark.parametrize(("term", "wrong", "language"), list(_misreadings()))
def test_every_misreading_is_refused_with_its_correction(term, wrong, language):
    """Each wrong claim of the glossary is caught as it stands there; the reason carries what is right."""
    verdict = judge(wrong["says"][language], [f"term:{term}"], language)
    assert verdict.code == "MISREADING"
    assert wrong["correction"][language] in verdict.reason


@given(st.sampled_from(["MiB", "GiB"]), st.integers(0, 4), st.booleans())
def test_every_rounding_of_a_cited_value_passes(unit, decimals, grouped):
    """5648.81 MiB is accepted in either unit with any number of decimals that keeps it within a tenth."""
    value = 5648.81 / (1024 if unit == "GiB" else 1)
    shown = f"{value:,.{decimals}f}" if grouped else f"{value:.{decimals}f}"
    assert judge(f"CUDA0 的权重是 {shown} {unit}。", ["fact:loads.1.devices.CUDA0.model_mib"]).accepted


@given(st.floats(0.01, 100).filter(lambda factor: not 0.93 < factor < 1.08))
def test_every_other_value_is_refused(factor):
    """A number that is more than 7 % off the only cited value is refused, whatever its size."""
    verdict = judge(f"KV 缓存一共 {2560 * factor:.2f} MiB。", [KV])
    assert verdict.code in ("NUMBER", "UNIT")


@given(st.text(max_size=200))
def test_no_text_breaks_it(text):
    """Whatever a model says gets a verdict."""
    verdict = judge(text, [KV])
    assert verdict.accepted or verdict.reason


@given(st.text(max_size=60))
def test_no_cite_breaks_it(cite):
    """Nor does whatever it cites."""
    assert judge("KV 缓存一共 2560 MiB。", [KV, cite]).code in (None, "UNCITED")
