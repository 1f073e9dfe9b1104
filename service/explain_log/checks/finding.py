"""What checks give: observations, which become findings when they are put into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["info", "notice", "warning", "error"]
Value = float | int | str


@dataclass(eq=False)
class Observation:
    """A check's verdict before it is put into words.

    values: the numbers and names that the texts are made of.  lines: the log lines that show it.
    operands: symbol of the formula → fact id.  variant: which of a text's wordings this is.
    severity: where it differs from the table's.  without_advice: ids of advice that is not for this case.
    """

    id: str
    load: int | None = None
    values: dict[str, Value] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    operands: dict[str, str] = field(default_factory=dict)
    variant: str = "default"
    severity: Severity | None = None
    without_advice: frozenset[str] = frozenset()


@dataclass(eq=False)
class Unknown:
    """A check that lacks a fact: what it would have told, what is missing, and how to see that."""

    id: str
    load: int | None
    missing: tuple[str, ...]


@dataclass(eq=False)
class Evidence:
    """A log line that shows a finding."""

    line: int
    text: str


@dataclass(eq=False)
class Advice:
    """Something to do, in the report's language. effect: what it costs and gains in this log."""

    action: str
    setting: str | None
    value: str | None
    command: str
    effect: str
    check: str
    undo: str
    versions: str


@dataclass(eq=False)
class Finding:
    """A verdict in the report's language. `section` says where an explanation puts it."""

    id: str
    severity: Severity
    load: int | None
    title: str
    detail: str
    values: dict[str, Value]
    formula: str | None
    operands: dict[str, str] | None
    evidence: list[Evidence]
    advice: list[Advice]
    benign: bool
    section: str
    terms: list[str]

    @property
    def fact_id(self) -> str:
        """`finding:ID@LOAD`, without @ where it is about the whole log."""
        return f"finding:{self.id}" if self.load is None else f"finding:{self.id}@{self.load}"
