"""SARIF: what the standard asks for, and that nothing of the findings is lost."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, FormatChecker

from explain_log.checks.finding import Evidence, Finding
from explain_log.knowledge import load as load_knowledge
from explain_log.lines import parse_origin
from explain_log.pipeline import make_reports
from explain_log.render.sarif import rule, sarif, sarif_text
from explain_log.report import SourceFile

EXAMPLE = "examples/deepseek-r1-70b-8gpu.log"
# The standard's schema, 136 KB of others' text, is not kept here: an npm package carries it (tests/browser/package.json).
SCHEMA = Path(__file__).parents[1] / "browser/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def both():
    """The example's SARIF in both languages, with its reports."""
    return [(report, sarif(report)) for report in make_reports([parse_origin(EXAMPLE)], ("zh", "en"))]


def evidence(*lines):
    """A finding on these lines."""
    return Finding("oom.gpu", "error", None, "Title", "Detail", {"a": 1}, None, None, [Evidence(n, f"line {n}") for n in lines], [], False, "memory", [])


def test_it_follows_the_schema(both, report):
    """The standard's own schema finds nothing, in either language, with and without lines."""
    if not SCHEMA.exists():
        assert "CI" not in os.environ, "run .ci/tools first"
        pytest.skip("the schema is not installed: npm install --prefix tests/browser")
    validator = Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")), format_checker=FormatChecker())
    report.findings.append(evidence())
    for node in [*(node for _, node in both), sarif(report)]:
        assert [error.message for error in validator.iter_errors(node)] == []


def test_a_result_for_each_finding_and_a_rule_for_each_id(both):
    """In the report's order; the index leads to the rule."""
    for report, node in both:
        (run,) = node["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [result["ruleId"] for result in run["results"]] == [finding.id for finding in report.findings]
        assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
        assert len({entry["id"] for entry in rules}) == len(rules)
        for finding, result in zip(report.findings, run["results"], strict=True):
            assert result["message"]["text"].startswith(finding.title)
            assert result["properties"]["values"] == finding.values


@pytest.mark.parametrize(
    ("severity", "benign", "level", "kind"),
    [
        ("error", False, "error", "fail"),
        ("warning", False, "warning", "fail"),
        ("notice", False, "note", "fail"),
        ("info", False, "none", "informational"),
        ("warning", True, "none", "informational"),
    ],
)
def test_levels(report, severity, benign, level, kind):
    """A level other than none belongs to what fails, as section 3.27.10 of the standard has it."""
    report.findings = [evidence(1)]
    report.findings[0].severity, report.findings[0].benign = severity, benign
    (result,) = sarif(report)["runs"][0]["results"]
    assert (result["level"], result["kind"]) == (level, kind)


def places(node, name="locations"):
    """(file, first line, last line) of the first result's places."""
    found = [place["physicalLocation"] for place in node["runs"][0]["results"][0].get(name, [])]
    return [(p["artifactLocation"]["uri"], *(p.get("region", {}).get(key) for key in ("startLine", "endLine"))) for p in found]


def test_lines_become_regions(report):
    """Lines that follow each other are one region; the first is the result's place, the others are related."""
    report.findings = [evidence(13, 14, 20, 30)]
    node = sarif(report)
    assert places(node) == [("server.log", 13, 14)]
    assert places(node, "relatedLocations") == [("server.log", 20, 20), ("server.log", 30, 30)]
    region = node["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["snippet"] == {"text": "line 13\nline 14"}


def test_a_finding_without_lines_is_about_the_whole_log(report):
    """Its place has no region."""
    report.findings = [evidence()]
    assert places(sarif(report)) == [("server.log", None, None)]


def test_several_files_have_their_own_lines(report):
    """The report counts on through them; a region does not reach over the end of a file."""
    report.source.files = [SourceFile("a.log", 1, 10), SourceFile("b.log", 11, 40)]
    report.findings = [evidence(10, 11, 12)]
    node = sarif(report)
    assert places(node) == [("a.log", 10, 10)]
    assert places(node, "relatedLocations") == [("b.log", 1, 2)]
    assert [artifact["location"]["uri"] for artifact in node["runs"][0]["artifacts"]] == ["a.log", "b.log"]


def test_a_part_of_one_file_keeps_the_numbers_of_the_file(report):
    """`FILE:10-20` begins at line 10."""
    report.source.files = [SourceFile("a.log", 10, 20)]
    report.findings = [evidence(13)]
    assert places(sarif(report)) == [("a.log", 13, 13)]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("my log #1.txt", "my%20log%20%231.txt"),
        ("/var/log/日志", "file:///var/log/%E6%97%A5%E5%BF%97"),
        ("C:\\logs\\a b.log", "file:///C%3A/logs/a%20b.log"),
        ("-", "stdin"),
        ("a:b", "a%3Ab"),
    ],
)
def test_names_become_addresses(report, name, uri):
    """Whatever a file is called."""
    report.source.files, report.source.name = [], name
    report.findings = [evidence(1)]
    assert places(sarif(report))[0][0] == uri


@pytest.mark.parametrize("finding_id", load_knowledge().keys("findings"))
def test_every_finding_has_a_rule_in_both_languages(finding_id):
    """Titles without the values of a certain log, help with both languages, no placeholder left."""
    for language in ("zh", "en"):
        node = rule(finding_id, language)
        titles = node["properties"]["title"]
        assert set(titles) == {"zh", "en"}
        assert node["shortDescription"]["text"] == titles[language]
        assert titles["zh"] in node["help"]["text"]
        assert titles["en"] in node["help"]["text"]
        assert not [text for text in (node["help"]["text"], *titles.values()) if "{" in text.replace("{\"", "")]


def test_what_a_log_holds_is_shown_harmless(report):
    """Escapes and marks that reorder text are visible in messages and snippets."""
    report.findings = [evidence(1)]
    report.findings[0].title = "\x1b[31m\u202e"
    report.findings[0].evidence[0].text = "\x1b[2J"
    text = sarif_text(report)
    assert "\\u001b" not in text
    assert "\u202e" not in text


def test_the_same_verdict_on_the_same_text_has_the_same_fingerprint(report):
    """Wherever in a log it stands; another text has another."""
    report.findings = [evidence(1), evidence(1), evidence(2)]
    report.findings[1].evidence[0].line = 99
    one, moved, other = (result["partialFingerprints"] for result in sarif(report)["runs"][0]["results"])
    assert one == moved
    assert one != other
