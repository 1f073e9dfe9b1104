"""The contract's Report: everything that is known about a log, in one record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from explain_log.checks.finding import Finding
from explain_log.facts.models import ModelLoad, RequestSummary, ServerRun, as_json
from explain_log.narration.explanation import Explanation

SCHEMA_VERSION = "1.0"


@dataclass(eq=False)
class SourceFile:
    """One of the inputs and the lines it has in the report."""

    name: str
    first_line: int
    last_line: int


@dataclass(eq=False)
class UnknownShape:
    """Lines that no statement matches, by their shape."""

    shape: str
    count: int
    first_line: int
    example: str


@dataclass(eq=False)
class Source:
    """What was read."""

    name: str
    bytes: int
    lines: int
    files: list[SourceFile] = field(default_factory=list)
    recognised_lines: int = 0
    unrecognised: list[UnknownShape] = field(default_factory=list)
    envelopes: list[str] = field(default_factory=list)
    first_time: str | None = None
    last_time: str | None = None
    redactions: dict[str, int] = field(default_factory=dict)  # kind → how many different values became markers


@dataclass(eq=False)
class Report:
    """The contract's Report; `as_json` gives it as plain values."""

    source: Source
    language: str
    server_runs: list[ServerRun] = field(default_factory=list)
    loads: list[ModelLoad] = field(default_factory=list)
    loads_omitted: dict[str, Any] | None = None
    requests: RequestSummary | None = None
    findings: list[Finding] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    explanation: Explanation | None = None
    id: str | None = None
    schema_version: str = SCHEMA_VERSION


_ORDER = (
    "schema_version", "id", "language", "source", "server_runs", "loads", "loads_omitted", "requests", "findings",
    "terms", "explanation",
)


def report_json(report: Report) -> dict[str, Any]:
    """The report as plain values, in the contract's order."""
    return {name: as_json(getattr(report, name)) for name in _ORDER}


def report_text(report: Report) -> str:
    """The report as JSON text."""
    return json.dumps(report_json(report), ensure_ascii=False, indent=1)
