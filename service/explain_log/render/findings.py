"""The findings of a report as a reader sees them: one a verdict, not one a load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explain_log.checks.finding import Advice, Evidence, Finding
from explain_log.facts.selection import serving
from explain_log.render.safe import visible
from explain_log.render.words import Words
from explain_log.report import Report

Told = set[tuple[str, str]]
"""The advice that the page has told already: (action, effect)."""

_MOST_RANGES = 4
_MOST_EVIDENCE = 2
_QUOTED = ("warning", "error")

EVERY_VERSION = ">=0"
"""Advice that works everywhere has no need to say so."""


@dataclass(eq=False)
class AdvicePart:
    """Something to do. steps: (label, text) of how to check and undo it."""

    action: str
    effect: str
    commands: list[str]
    steps: list[tuple[str, str]]


@dataclass(eq=False)
class FindingPart:
    """A finding: severity (or "benign"), its label, title, arithmetic, where it stands, and advice."""

    id: str
    severity: str
    label: str
    title: str
    detail: str
    where: str
    also: str
    evidence: list[tuple[int, str]]
    advice: list[AdvicePart]


def finding_parts(report: Report, words: Words, told: Told) -> list[FindingPart]:
    """One part a finding id, in the report's order; of several loads the last one's is told in full.

    Advice that is told already is not told again.
    """
    several = len(serving(report.loads)) > 1
    by_id: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_id.setdefault(finding.id, []).append(finding)
    return [_part(group, words, told, several=several) for group in by_id.values()]


def _part(group: list[Finding], words: Words, told: Told, *, several: bool) -> FindingPart:
    finding = max(group, key=lambda one: one.load or 0)
    severity = severity_of(finding)
    return FindingPart(
        id=finding.id,
        severity=severity,
        label=words(f"severity.{severity}"),
        title=visible(finding.title),
        detail=visible(finding.detail),
        where=_where(finding, words, several=several),
        also=_also(group, finding, words),
        evidence=_quoted(finding),
        advice=advice_parts(finding, words, told),
    )


def severity_of(finding: Finding) -> str:
    """The severity as a page shows it: what is harmless is benign."""
    return "benign" if finding.benign else finding.severity


def _where(finding: Finding, words: Words, *, several: bool) -> str:
    """The lines that show it, and of several loads the one that it is about."""
    lines = line_ranges([evidence.line for evidence in finding.evidence])
    load = words("findings.load", load=finding.load) if several and finding.load is not None else ""
    return " · ".join(filter(None, (load, lines)))


def _also(group: list[Finding], shown: Finding, words: Words) -> str:
    """Which other loads have the same finding."""
    others = sorted({one.load for one in group if one is not shown and one.load is not None})
    if not others:
        return ""
    return words("findings.also", loads=load_ranges(others, words))


def _quoted(finding: Finding) -> list[tuple[int, str]]:
    """The first lines that show a finding that wants attention."""
    if finding.severity not in _QUOTED:
        return []
    return [_line(evidence) for evidence in finding.evidence[:_MOST_EVIDENCE]]


def _line(evidence: Evidence) -> tuple[int, str]:
    return evidence.line, visible(" ".join(evidence.text.split()))


def advice_parts(finding: Finding, words: Words, told: Told) -> list[AdvicePart]:
    """A finding's advice that is not told yet."""
    return [advice_part(one, words, told) for one in finding.advice if _key(one) not in told]


def advice_part(advice: Advice, words: Words, told: Told) -> AdvicePart:
    """The advice as it is shown; notes that it is told."""
    told.add(_key(advice))
    commands = [visible(line) for line in advice.command.splitlines() if line.strip()]
    steps = [(words(f"findings.{name}"), visible(text)) for name, text in _steps(advice) if text]
    return AdvicePart(visible(advice.action), visible(advice.effect), commands, steps)


def _key(advice: Advice) -> tuple[str, str]:
    return advice.action, advice.effect


def _steps(advice: Advice) -> tuple[tuple[str, str], ...]:
    versions = "" if advice.versions == EVERY_VERSION else advice.versions
    return ("check", advice.check), ("undo", advice.undo), ("versions", versions)


def line_ranges(lines: list[int]) -> str:
    """`L13–15, L20` for 13, 14, 15 and 20; a long list is cut short."""
    return _listed([f"L{run}" for run, _ in runs_of(lines)], ", ")


def load_ranges(numbers: list[int], words: Words) -> str:
    """`1, 6–50` as the language lists them: Chinese writes 1、6–50."""
    return _listed([run for run, _ in runs_of(numbers)], words("punctuation.list"))


def runs_of(numbers: Iterable[int]) -> list[tuple[str, range]]:
    """The numbers in runs without a gap, each as text, `13–15` or `20`, and as it is."""
    runs: list[range] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1].stop:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return [(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]), run) for run in runs]


def _listed(shown: list[str], comma: str) -> str:
    return comma.join([*shown[:_MOST_RANGES], "…"] if len(shown) > _MOST_RANGES else shown)
