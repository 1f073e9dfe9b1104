"""The findings as a page shows them: by severity, one a verdict, with arithmetic, lines and advice."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from explain_log.checks.finding import Finding, Value
from explain_log.checks.wording import number
from explain_log.citations import facts_at
from explain_log.facts.selection import serving
from explain_log.render.findings import AdvicePart, Told, advice_parts, severity_of
from explain_log.render.html.anchors import Link, finding_id, line_links, term_id
from explain_log.render.html.lines import SEVERITIES
from explain_log.render.safe import visible
from explain_log.render.words import Words
from explain_log.report import Report

_OPEN = ("error", "warning")
_DIGITS = 4


@dataclass(eq=False)
class Operand:
    """A symbol of the formula, its value, and the fact that it is."""

    symbol: str
    value: str
    fact: str


@dataclass(eq=False)
class OtherFinding:
    """The same verdict about another load."""

    anchor: str
    load: str
    title: str
    lines: list[Link]


@dataclass(eq=False)
class FindingView:
    """A verdict. open: whether it is unfolded at first. where: its lines as text, "" without any."""

    anchor: str
    id: str
    severity: str
    open: bool
    title: str
    detail: str
    load: str
    lines: list[Link]
    formula: str
    operands: list[Operand]
    values: list[tuple[str, str]]
    advice: list[AdvicePart]
    terms: list[Link]
    others: list[OtherFinding] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The lines as text."""
        return ", ".join(link.text for link in self.lines)


@dataclass(eq=False)
class SeverityView:
    """The findings of one severity, with its name."""

    severity: str
    label: str
    findings: list[FindingView]


def severity_views(report: Report, words: Words, shown: Container[int], told: Told) -> list[SeverityView]:
    """All findings, most severe first. Advice that is told already is not told again."""
    several = len(serving(report.loads)) > 1
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault((severity_of(finding), finding.id), []).append(finding)
    views = []
    for severity in SEVERITIES:
        same = [group for (kind, _), group in groups.items() if kind == severity]
        findings = [_view(group, report, words, shown, told, several=several) for group in same]
        if findings:
            views.append(SeverityView(severity, words(f"weight.{severity}"), findings))
    return views


def _view(
    group: list[Finding], report: Report, words: Words, shown: Container[int], told: Told, *, several: bool
) -> FindingView:
    """The last load's finding in full, those of the others in a line each."""
    finding = max(group, key=lambda one: one.load or 0)
    language = words.language
    others = [one for one in group if one is not finding]
    return FindingView(
        anchor=finding_id(language, finding),
        id=finding.id,
        severity=severity_of(finding),
        open=severity_of(finding) in _OPEN,
        title=visible(finding.title),
        detail=visible(finding.detail),
        load=_load(finding, words) if several or others else "",
        lines=_links(finding, language, shown),
        formula=visible(finding.formula or ""),
        operands=_operands(finding, report),
        values=[(visible(name), _shown(value)) for name, value in finding.values.items()],
        advice=advice_parts(finding, words, told),
        terms=[Link(visible(name), f"#{term_id(language, name)}") for name in finding.terms],
        others=[
            OtherFinding(finding_id(language, one), _load(one, words), visible(one.title), _links(one, language, shown))
            for one in others
        ],
    )


def _load(finding: Finding, words: Words) -> str:
    return words("html.whole_log") if finding.load is None else words("html.other_load", load=finding.load)


def _links(finding: Finding, language: str, shown: Container[int]) -> list[Link]:
    return line_links(language, [evidence.line for evidence in finding.evidence], shown)


def _operands(finding: Finding, report: Report) -> list[Operand]:
    """What stands for each symbol of the formula; the value where it is a single one."""
    operands = []
    for symbol, fact in (finding.operands or {}).items():
        found = facts_at(report, fact.removeprefix("fact:"))
        value = _shown(found[0].value) if len(found) == 1 else ""
        operands.append(Operand(visible(symbol), value, visible(fact.removeprefix("fact:"))))
    return operands


def _shown(value: Value) -> str:
    return visible(value) if isinstance(value, str) else number(value, _DIGITS)
