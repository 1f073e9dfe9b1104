"""The log lines that findings rest on, each with its meaning and the findings that it leads back to."""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.checks.finding import Finding
from explain_log.render.findings import severity_of
from explain_log.render.html.anchors import Link, finding_id, line_id
from explain_log.render.known_lines import explained
from explain_log.render.safe import visible
from explain_log.report import Report

MOST_LINES = 400
MOST_OF_ONE = 40
"""So many lines are shown of all findings, and of one."""

SEVERITIES = ("error", "warning", "notice", "info", "benign")


@dataclass(eq=False)
class LineView:
    """A log line. severity: the worst of its findings."""

    id: str
    number: int
    text: str
    severity: str


@dataclass(eq=False)
class LineGroup:
    """Lines that follow each other and mean the same. gap: whether lines are left out before them."""

    meaning: str | None
    gap: bool = False
    lines: list[LineView] = field(default_factory=list)
    findings: list[Link] = field(default_factory=list)


def shown_lines(report: Report) -> tuple[frozenset[int], int]:
    """The numbers of the lines that a page shows, the first of every finding before more of any; how many are left."""
    wanted = [[evidence.line for evidence in finding.evidence if evidence.text] for finding in report.findings]
    chosen: set[int] = set()
    for place in range(MOST_OF_ONE):
        for lines in wanted:
            if place < len(lines) and len(chosen) < MOST_LINES:
                chosen.add(lines[place])
    every = {line for lines in wanted for line in lines}
    return frozenset(chosen), len(every - chosen)


def line_groups(report: Report, shown: frozenset[int], language: str) -> list[LineGroup]:
    """The chosen lines in their order, with what they mean in a language."""
    texts: dict[int, str] = {}
    behind: dict[int, list[Finding]] = {}
    for finding in report.findings:
        for evidence in finding.evidence:
            if evidence.line in shown:
                texts.setdefault(evidence.line, evidence.text)
                behind.setdefault(evidence.line, []).append(finding)
    groups: list[LineGroup] = []
    for number in sorted(texts):
        findings = sorted(behind[number], key=lambda finding: SEVERITIES.index(severity_of(finding)))
        line = LineView(line_id(language, number), number, visible(texts[number]), severity_of(findings[0]))
        meaning = _meaning(texts[number], language)
        gap = bool(groups) and groups[-1].lines[-1].number != number - 1
        if not groups or gap or groups[-1].meaning != meaning:
            groups.append(LineGroup(meaning, gap=gap))
        groups[-1].lines.append(line)
        groups[-1].findings += [link for link in _links(findings, language) if link not in groups[-1].findings]
    return groups


def _links(findings: list[Finding], language: str) -> list[Link]:
    links = {finding_id(language, one): Link(one.id, f"#{finding_id(language, one)}") for one in findings}
    return list(links.values())


def _meaning(text: str, language: str) -> str | None:
    """What a line means by itself; a damaged or joined one may be none that is known."""
    meanings = (answer["meaning"] for answer in explained(text, language))
    return next((visible(meaning) for meaning in meanings if meaning), None)
