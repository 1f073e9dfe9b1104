"""What 67 users' problems, and small logs of our own, ask of the findings, the facts and the explanation."""

import re
import runpy
from functools import cache
from pathlib import Path

import pytest

from explain_log.knowledge import CHECKOUT_FOLDER
from explain_log.knowledge.compile import read_findings
from explain_log.pipeline import report_of_text
from explain_log.report import report_json

BUILDER = runpy.run_path(str(Path(__file__).parent / "builder.py"))
COVERAGE = runpy.run_path(str(Path(__file__).parent / "coverage.py"))
MAPPING, LOGS = BUILDER["read_mapping"](), BUILDER["read_logs"]()
BY_NAME = {log.get("case") or log["name"]: log for log in LOGS}
FINDINGS = {entry.id for entry in read_findings(Path(CHECKOUT_FOLDER))}
LANGUAGES = ("en", "zh")
STATUS = re.compile(r"exit status|退出状态")
AFTERMATH = {"runner.terminated", "load.failed"}


def asked(name):
    """What the mapping asks of a case, or a log of our own of itself."""
    return MAPPING.get(name) or {key: dict.fromkeys(BY_NAME[name].get(key, [])) for key in ("expected", "forbidden")}


def rows(kind):
    """(log, finding) for each finding that is expected or forbidden; those the tool does not get right yet are marked."""
    for name, log in BY_NAME.items():
        wrong = log.get("wrong", {})
        for finding in asked(name).get(kind, {}):
            yield known_wrong(wrong.get(finding), name, finding)


def fact_rows():
    """(log, path, value) for each fact of a case."""
    for name, log in BY_NAME.items():
        facts = log.get("facts", {}) | dict.fromkeys(log.get("unknown", [])) | ({"loads.last.engine": log["engine"]} if "engine" in log else {})
        for path, value in facts.items():
            yield known_wrong(log.get("wrong", {}).get(path), name, path, value)


def known_wrong(reason, *values):
    """A row, marked where the tool is known to be wrong."""
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(*values, marks=marks, id=" ".join(str(value) for value in values[:2]))


@cache
def report(name, language="en"):
    """The report of a log, made once a process."""
    return report_of_text(BUILDER["build"](BY_NAME[name]), language)


@cache
def plain(name):
    """The report as the contract's JSON."""
    return report_json(report(name))


def ids(name):
    """The findings of a log."""
    return {finding.id for finding in report(name).findings}


def fact(name, path):
    """The value at a dotted path: loads and server runs by number, devices of a load by name."""
    head, _, rest = path.partition(".")
    value = plain(name)[head]
    if head in ("loads", "server_runs"):
        number, _, rest = rest.partition(".")
        value = value[-1 if number == "last" else int(number) - 1]
    while rest and value is not None:
        if isinstance(value, dict) and rest in value:
            return value[rest]
        step, _, rest = rest.partition(".")
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() else {entry["device"]: entry for entry in value}[step]
        else:
            value = value[step]
    return value


def sentences(name, language):
    """The explanation's sentences, in order."""
    return [sentence for section in report(name, language).explanation.sections for sentence in section.statements]


every_log = pytest.mark.parametrize("name", BY_NAME)


def test_every_case_has_a_log():
    """The 67 cases have one log each, and each says what it asks and why."""
    assert sorted(log["case"] for log in LOGS if "case" in log) == sorted(MAPPING)
    assert len(MAPPING) == 67
    assert len(BY_NAME) == len(LOGS)
    for case in MAPPING.values():
        assert case["source"].count("#") == 1
        assert case["title"]
        assert case.get("expected") or case.get("one_of_reason") or case.get("nothing")
        assert all([*case.get("expected", {}).values(), *case["forbidden"].values()])


@every_log
def test_findings_exist(name):
    """Nothing is expected or forbidden that the knowledge does not have."""
    case = asked(name)
    assert {*case.get("expected", {}), *case.get("forbidden", {}), *case.get("one_of", [])} <= FINDINGS
    assert not set(case.get("expected", {})) & set(case.get("forbidden", {}))


@pytest.mark.parametrize(("name", "finding"), list(rows("expected")))
def test_expected(name, finding):
    """A finding that the problem asks for is there, with the line that shows it."""
    found = [entry for entry in report(name).findings if entry.id == finding]
    assert found
    assert all(entry.evidence for entry in found)


@pytest.mark.parametrize(("name", "finding"), list(rows("forbidden")))
def test_forbidden(name, finding):
    """A finding that would mislead is not there."""
    assert finding not in ids(name)


@pytest.mark.parametrize("name", [number for number, case in MAPPING.items() if "one_of" in case])
def test_one_of(name):
    """Where the contract leaves the choice, one of the findings is there."""
    assert ids(name) & set(MAPPING[name]["one_of"])


@pytest.mark.parametrize(("name", "path", "value"), list(fact_rows()))
def test_facts(name, path, value):
    """A fact of the problem's log is read as it stands there."""
    found = fact(name, path)
    assert found == (pytest.approx(value, rel=1e-5, abs=0.06) if isinstance(value, float) else value)


@pytest.mark.parametrize(("name", "finding", "values"), [(name, finding, values) for name, log in BY_NAME.items() for finding, values in log.get("values", {}).items()])
def test_values(name, finding, values):
    """A finding shows the numbers of the problem."""
    found = next(entry for entry in report(name).findings if entry.id == finding)
    assert {key: found.values.get(key) for key in values} == values


@pytest.mark.parametrize(("name", "finding", "load"), [(name, finding, load) for name, log in BY_NAME.items() for finding, load in log.get("finding_load", {}).items()])
def test_whose(name, finding, load):
    """A finding is about the load that the log means."""
    assert [entry.load for entry in report(name).findings if entry.id == finding] == [load]


@every_log
@pytest.mark.parametrize("language", LANGUAGES)
def test_explained(name, language):
    """There is an explanation in the language, and each sentence says something."""
    told = sentences(name, language)
    assert report(name, language).explanation.language == language
    assert told
    assert all(sentence.text.strip() for sentence in told)


@pytest.mark.parametrize("name", [name for name, log in BY_NAME.items() if "cause" in log])
@pytest.mark.parametrize("language", LANGUAGES)
def test_cause_comes_first(name, language):
    """What is said first of a failure names the cause; an exit status alone is none."""
    failures = {entry.id for entry in report(name, language).findings if entry.severity == "error"}
    told = sentences(name, language)
    first = next(place for place, sentence in enumerate(told) if any(cite.removeprefix("finding:").partition("@")[0] in failures for cite in sentence.cites))
    failed = [sentence.text for sentence in told[: first + 1] if any("line:" in cite or "finding:" in cite for cite in sentence.cites)]
    assert re.search(BY_NAME[name]["cause"], " ".join(failed), re.IGNORECASE)
    if not failures <= AFTERMATH:
        assert not STATUS.search(failed[0])


@pytest.mark.parametrize("name", [name for name, log in BY_NAME.items() if "says" in log])
@pytest.mark.parametrize("language", LANGUAGES)
def test_says(name, language):
    """What the explanation has to say somewhere."""
    assert re.search(BY_NAME[name]["says"], " ".join(sentence.text for sentence in sentences(name, language)))


@pytest.mark.parametrize("name", [name for name, log in BY_NAME.items() if "begins" in log])
@pytest.mark.parametrize("language", LANGUAGES)
def test_begins(name, language):
    """What the reader is told first, and what is not said at all."""
    told = [sentence.text for sentence in sentences(name, language)]
    assert re.search(BY_NAME[name]["begins"], told[0])
    assert not any(re.search(BY_NAME[name]["never_says"], text) for text in told if "never_says" in BY_NAME[name])


@pytest.mark.parametrize("name", [known_wrong(log.get("wrong", {}).get("lines"), name) for name, log in BY_NAME.items()])
def test_lines_are_known(name):
    """Our lines follow the statements' forms: none is unknown to the tool."""
    known = BY_NAME[name].get("unknown_lines", 0)
    assert sum(shape.count for shape in report(name).source.unrecognised) == known


def test_every_finding_is_held():
    """Each finding has a case, a log of our own or a row in the checks' tables, and coverage.md says which."""
    covered, table = COVERAGE["covered"](), COVERAGE["page"](FINDINGS)
    bare = [finding for finding in sorted(FINDINGS) if not any(covered.get(finding, {}).get(kind) for kind in ("cases", "logs", "checks"))]
    assert bare == []
    assert (Path(__file__).parent / "coverage.md").read_text(encoding="utf-8") == table


@pytest.mark.parametrize("finding", ["oom.gpu", "oom.system", "oom.killed", "load.timeout", "load.cancelled", "split.uneven", "log.secrets", "gpu.permission",
                                     "gpu.driver_too_old", "gpu.unsupported", "runner.segfault", "runner.terminated", "kv.quantized_ignored", "context.shifted",
                                     "context.full", "server.models_dir", "cpu.no_avx", "model.unknown_architecture", "context.clamped"])
def test_rare_findings_have_several(finding):
    """What hardly a real log shows is held by several logs of different eras."""
    row = COVERAGE["covered"]()[finding]
    assert len(row["cases"]) + len(row["logs"]) >= 2
