"""What the corpus calls true follows from its log, and what it calls false differs from that: worked out here."""

import json
import re
import runpy
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from explain_log.citations import facts_at, finding_at, lines_of_cite
from explain_log.knowledge import load
from explain_log.pipeline import report_of_text

FOLDER = Path(__file__).parents[2] / "benchmarks" / "verifier"
CASES = [json.loads(line) for line in (FOLDER / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
TRUE = [case for case in CASES if case["truth"]]
FALSE = [case for case in CASES if not case["truth"]]
LOGS = sorted({case["log"] for case in CASES})
ARITHMETIC = runpy.run_path(str(Path(__file__).parent / "arithmetic.py"))
QUOTED = re.compile(r"“([^”]+)”|`([^`]+)`|\"([^\"]+)\"")
DEVICE = re.compile(r"(?:CUDA|Metal|CPU)(?:_Mapped|_Host|\d+)?")


@cache
def text_of(log):
    return (FOLDER / "logs" / f"{log}.log").read_text(encoding="utf-8")


@cache
def report_of(log):
    return report_of_text(text_of(log), "en")


def parts(cite):
    kind, _, name = cite.partition(":")
    return kind, name


def digits_hidden(text):
    """The text without its numbers."""
    return re.sub(r"\d[\d,.]*", "#", text)


def case_id(case):
    return f"{case['id']} {case['text'][:30]}"


def test_the_corpus_is_large_and_balanced():
    """Logs, cases, languages and truths are as many as the figures ask; a fifth stays aside."""
    assert len(LOGS) >= 24
    assert len(CASES) >= 2400
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert 0.45 <= len(TRUE) / len(CASES) <= 0.55
    assert min(Counter(case["language"] for case in CASES).values()) >= 0.4 * len(CASES)
    assert 0.17 <= sum(case["aside"] for case in CASES) / len(CASES) <= 0.23
    assert sum(case["kind"] in ("by_hand", "term") for case in TRUE) >= 500


def test_every_kind_of_falsehood_is_there():
    """Each way of going wrong that the verifier has a code for, in both languages."""
    kinds = Counter((case["kind"], case["language"]) for case in FALSE)
    for kind in ("number", "unit", "device", "subject", "polarity", "direction", "cause", "misreading", "advice",
                 "setting", "quote", "absence", "language", "name"):  # fmt: skip
        assert min(kinds[kind, "zh"], kinds[kind, "en"]) >= 3, kind


def test_nothing_is_both_true_and_false():
    """No sentence about a log is called both."""
    truths = {(case["log"], case["language"], case["text"]) for case in TRUE}
    assert not [case["text"] for case in FALSE if (case["log"], case["language"], case["text"]) in truths]


@pytest.mark.parametrize("log", LOGS)
def test_every_id_names_something(log):
    """The ids are real ones of the log's report."""
    report = report_of(log)
    for cite in {cite for case in CASES if case["log"] == log for cite in case["cites"]}:
        kind, name = parts(cite)
        found = {
            "fact": lambda name=name: facts_at(report, name),
            "finding": lambda name=name: finding_at(report, name),
            "term": lambda name=name: load().term(name),
            "line": lambda cite=cite: lines_of_cite(report, cite),
        }[kind]()
        assert found, cite


@cache
def pool_of(log):
    """Every number of the log, of its findings and of what the load's own figures make."""
    report = report_of(log)
    texts = [text_of(log), *(f"{f.title} {f.detail} {f.values}" for f in report.findings)]
    texts += [f"{a.action} {a.effect} {a.value}" for f in report.findings for a in f.advice]
    return frozenset(n for text in texts for n in ARITHMETIC["in_log"](text)) | {0.0, 1.0, 2.0, 100.0}


@pytest.mark.parametrize("log", LOGS)
def test_numbers_of_true_statements_follow_from_the_log(log):
    """Each number stands in the log or is worked out from the cited facts and terms."""
    report = report_of(log)
    for case in (case for case in TRUE if case["log"] == log):
        facts = [fact.value for cite in case["cites"] if cite[:5] == "fact:" for fact in facts_at(report, cite[5:])]
        cited = [float(value) for value in facts if isinstance(value, (int, float)) and not isinstance(value, bool)]
        pool = pool_of(log) | set(cited)
        terms = [str(load().term(name)) for kind, name in map(parts, case["cites"]) if kind == "term"]
        pool |= {n for text in terms for n in ARITHMETIC["in_log"](text)}
        pool |= {float(name) for kind, name in map(parts, case["cites"]) if kind == "line"}
        for value, decimals in ARITHMETIC["numbers"](case["text"]):
            assert ARITHMETIC["follows"](value, decimals, pool, cited[:12]), (value, case["text"])


@pytest.mark.parametrize("kind", ["number", "unit", "device"])
def test_a_mutation_differs_from_the_truth(kind):
    """A number is another number, a unit another unit at the same number, a device another one."""
    for case in (case for case in FALSE if case["kind"] == kind):
        assert case["text"] != case["was"]
        if case.get("fresh"):  # by hand, with numbers in words too
            continue
        if kind == "number" and digits_hidden(case["text"]) == digits_hidden(case["was"]):
            new, old = ([value for value, _ in ARITHMETIC["numbers"](case[key])] for key in ("text", "was"))
            changed = [(a, b) for a, b in zip(new, old, strict=True) if a != b]
            assert changed
            assert all(abs(a - b) > 0.003 * max(a, b) for a, b in changed), case["text"]
        if kind == "device" and digits_hidden(case["text"]) == digits_hidden(case["was"]):
            new, old = (DEVICE.findall(case[key]) + ARITHMETIC["numbers"](case[key]) for key in ("text", "was"))
            assert new != old


def test_a_device_that_is_said_to_hold_a_value_does_not():
    """A single buffer of another device is another number there."""
    checked = 0
    for case in (case for case in FALSE if case["kind"] == "device" and len(case["cites"]) == 1):
        found = re.fullmatch(r"fact:(loads\.\d+\.devices)\.(\w+)\.(\w+)", case["cites"][0])
        names = set(DEVICE.findall(case["text"]))
        if not found or len(names) != 1 or DEVICE.sub("", case["text"]) != DEVICE.sub("", case["was"]):
            continue
        base, device, field = found.groups()
        (other,) = names
        there = facts_at(report_of(case["log"]), f"{base}.{other}.{field}")
        here = facts_at(report_of(case["log"]), f"{base}.{device}.{field}")
        assert not there or abs(there[0].value - here[0].value) > 0.005 * here[0].value, case["text"]
        checked += 1
    assert checked >= 20


@pytest.mark.parametrize("truth", [True, False])
def test_quotations_are_in_the_log_or_not(truth):
    """A true quotation stands in the log but for runs of blanks; an altered one does not."""
    checked = 0
    for case in (case for case in CASES if case["kind"] == "quote" and case["truth"] == truth):
        quoted = next(part for match in QUOTED.findall(case["text"]) for part in match if part)
        assert (quoted in " ".join(text_of(case["log"]).split())) == truth, case["text"]
        checked += 1
    assert checked >= 80


def test_the_other_language_is_another():
    """Half of the letters, at least, are not of the language that was asked for, or both languages are mixed."""
    for case in (case for case in FALSE if case["kind"] == "language"):
        han = len(re.findall(r"[\u4e00-\u9fff]", case["text"]))
        words = len(re.findall(r"[A-Za-z]{3,}", case["text"]))
        assert (han > 3) if case["language"] == "en" else (words >= 3)


def test_the_corpus_is_what_its_sources_make():
    """The file is written by make_corpus.py and by nothing else."""
    done = subprocess.run([sys.executable, str(FOLDER / "make_corpus.py"), "--check"], check=False)
    assert done.returncode == 0, "run benchmarks/verifier/make_corpus.py"
