"""A report as SARIF 2.1.0, for editors and code hosts: a rule for each finding id, a result for each finding.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.13 (sarifLog) to 3.49 (reportingDescriptor).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from explain_log import __version__
from explain_log.checks.finding import Evidence, Finding
from explain_log.checks.wording import fill
from explain_log.knowledge import load as load_knowledge
from explain_log.render.safe import visible
from explain_log.report import Report

Node = dict[str, Any]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "notice": "note"}
"""Severity → level. What is merely so (info, harmless) is informational, whose level the standard fixes as none."""

_TAGS = {"zh": "zh-CN", "en": "en-US"}
_UNKNOWN = "…"


class _AnyValue(dict[str, Any]):
    """Stands for the values of a finding that is not there: every one is an ellipsis."""

    def __missing__(self, name: str) -> str:
        return _UNKNOWN


def sarif_text(report: Report) -> str:
    """The report as SARIF, in JSON."""
    return json.dumps(sarif(report), ensure_ascii=False, indent=1) + "\n"


def sarif(report: Report) -> Node:
    """The report as SARIF, in plain values."""
    ids = list(dict.fromkeys(finding.id for finding in report.findings))
    places = _Places(report)
    run = {
        "tool": {
            "driver": {
                "name": "explain-log",
                "version": __version__,
                "language": _TAGS[report.language],
                "rules": [rule(finding_id, report.language) for finding_id in ids],
            }
        },
        "language": _TAGS[report.language],
        "invocations": [{"executionSuccessful": True}],
        "artifacts": [{"location": {"uri": uri}, "roles": ["analysisTarget"]} for uri in places.uris],
        "results": [_result(finding, ids.index(finding.id), places) for finding in report.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def rule(finding_id: str, language: str) -> Node:
    """What a finding id means, in both languages, the given one first. Raises KeyError for an unknown id."""
    entry = load_knowledge().finding(finding_id)
    if entry is None:
        raise KeyError(finding_id)
    languages = [language, *(other for other in _TAGS if other != language)]
    node: Node = {
        "id": finding_id,
        "shortDescription": {"text": _template(entry["title"], language)},
        "help": {"text": "\n\n".join(_help(entry, one) for one in languages)},
        "defaultConfiguration": {"level": _level(entry["severity"], benign=entry.get("benign", False))},
        "properties": {
            "tags": [entry["section"]],
            "title": {one: _template(entry["title"], one) for one in languages},
        },
    }
    return node


def _help(entry: Any, language: str) -> str:
    """The title, the formula, the terms with a sentence each, and what can be done."""
    lines = [_template(entry["title"], language)]
    if entry.get("formula"):
        lines.append(entry["formula"])
    for name in entry.get("terms", []):
        term = load_knowledge().term(name)
        if term is not None:
            lines.append(f"- {term['names'][language][0]}: {term['short'][language]}")
    lines += [f"→ {_template(advice['action'], language)}" for advice in entry.get("advice", [])]
    return "\n".join(lines)


def _template(text: Any, language: str) -> str:
    """A text of the knowledge without the values of a certain log."""
    chosen = text[language]
    if isinstance(chosen, dict):
        chosen = chosen.get("default") or next(iter(chosen.values()))
    return fill(chosen, _AnyValue(), language)


def _level(severity: str, *, benign: bool) -> str:
    return "none" if benign else LEVELS.get(severity, "none")


def _result(finding: Finding, rule_index: int, places: _Places) -> Node:
    level = _level(finding.severity, benign=finding.benign)
    locations = places.of(finding.evidence)
    node: Node = {
        "ruleId": finding.id,
        "ruleIndex": rule_index,
        "level": level,
        "kind": "informational" if level == "none" else "fail",
        "message": {"text": visible(" — ".join(filter(None, (finding.title, finding.detail))))},
        "locations": locations[:1],
        "partialFingerprints": {"findingAndFirstLine/v1": _fingerprint(finding)},
        "properties": {
            "severity": finding.severity,
            "load": finding.load,
            "values": finding.values,
            "advice": [asdict(advice) for advice in finding.advice],
        },
    }
    if locations[1:]:
        node["relatedLocations"] = [{"id": place, **location} for place, location in enumerate(locations[1:], 1)]
    return node


def _fingerprint(finding: Finding) -> str:
    """The same for the same verdict on the same text, wherever in a log it stands."""
    text = finding.evidence[0].text if finding.evidence else ""
    return sha256(f"{finding.id}\n{text}".encode("utf-8", "replace")).hexdigest()[:32]


class _Places:
    """Where the lines of a report are: a report counts on through several files, each file has its own lines."""

    def __init__(self, report: Report) -> None:
        source = report.source
        self._files = [(file.first_line, file.last_line, _uri(file.name)) for file in source.files]
        self._files = self._files or [(1, source.lines, _uri(source.name))]
        self._several = len(self._files) > 1
        self.uris = list(dict.fromkeys(uri for _, _, uri in self._files))

    def of(self, evidence: list[Evidence]) -> list[Node]:
        """A location for each run of lines; the whole log for a finding without lines."""
        runs: list[list[Evidence]] = []
        for one in sorted(evidence, key=lambda item: item.line):
            if runs and one.line == runs[-1][-1].line + 1 and self._file(one.line) == self._file(runs[-1][-1].line):
                runs[-1].append(one)
            else:
                runs.append([one])
        return [self._location(run) for run in runs] or [_location(self.uris[0])]

    def _location(self, run: list[Evidence]) -> Node:
        first, _, uri = self._file(run[0].line)
        before = first - 1 if self._several else 0  # of one file a part keeps the file's own numbers
        region: Node = {"startLine": run[0].line - before, "endLine": run[-1].line - before}
        if all(one.text for one in run):
            region["snippet"] = {"text": "\n".join(visible(one.text) for one in run)}
        return _location(uri, region)

    def _file(self, line: int) -> tuple[int, int, str]:
        return next((file for file in self._files if file[0] <= line <= file[1]), self._files[-1])


def _location(uri: str, region: Node | None = None) -> Node:
    place: Node = {"artifactLocation": {"uri": uri}}
    return {"physicalLocation": place if region is None else {**place, "region": region}}


def _uri(name: str) -> str:
    """A file's name as a URI: relative names stay relative, standard input is `stdin`."""
    if name == "-":
        return "stdin"
    path = name.replace("\\", "/")
    if path[1:3] == ":/":
        path = f"/{path}"
    quoted = quote(path, safe="/", errors="replace")
    return f"file://{quoted}" if quoted.startswith("/") else quoted
