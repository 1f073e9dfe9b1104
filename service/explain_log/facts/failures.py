"""Which statements say that something failed, and how specific each is about the cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from explain_log.facts.models import LoadError
from explain_log.statements import Statement

MOST_MESSAGE = 300
_NAMES_NO_CAUSE = 60
"""From this rank on a line says only that something ended or failed."""

# What a runner's end adds to the reason that it gave: it says nothing by itself.
_EXIT_STATUS = re.compile(r"\s*\(exit: exit status \d+\)$|(?<=terminated: )exit status (?:0x)?[0-9a-f]+:? (?=\S)")


@dataclass(frozen=True)
class Failure:
    """One line that says something failed. rank: the lower, the more specific about the cause.

    final: Ollama's own last word on a load, which its client was told too.
    """

    finding: str
    rank: int
    fatal: bool
    scope: str
    message: str
    line: int
    final: bool = False

    @property
    def ends_load(self) -> bool:
        """Whether a load that has this line and then no more has failed, though nothing says so outright."""
        return self.fatal or self.scope == "load"


class FailureTable:
    """knowledge/failures.toml: statement → finding, rank, whether the load is over with it."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._rows = rows_by_statement(table.get("failure", []))
        self._told = rows_by_statement(table.get("event", []))
        self._before = ("", 0)
        self._final = frozenset(table.get("final", {}).get("statements", ()))

    def statements(self) -> set[str]:
        """The ids of all statements in the table, those that are worth telling without a failure too."""
        return {*self._rows, *self._told}

    def blames(self, statement_id: str) -> bool:
        """Whether lines of this statement may say that something failed."""
        return statement_id in self._rows

    def of(self, statement: Statement) -> Failure | None:
        """What this statement says failed, or None; the line before may already have said what for."""
        before, self._before = self._before, (statement.id, statement.line.number)
        for row in self._rows.get(statement.id, ()):
            if not holds(row.get("where", {}), statement.fields, statement.line.raw):
                continue
            if follows(row, *before, statement.line.number):
                return None
            message = _EXIT_STATUS.sub("", statement.text("error") or statement.line.text)
            return Failure(
                row["finding"], row.get("rank", 50), row.get("fatal", False), row.get("scope", "load"),
                message[:MOST_MESSAGE], statement.line.number, statement.id in self._final,
            )
        return None


def error_of(failures: list[Failure]) -> LoadError:
    """Why a load failed: kind and line are those of the most specific failure.

    The message is Ollama's own last word, which the client was told, unless that names no cause ("exit status 2").
    """
    cause = min(failures, key=lambda failure: failure.rank)
    last_words = [failure for failure in failures if failure.final and failure.rank < _NAMES_NO_CAUSE]
    return LoadError(cause.finding, (last_words[-1] if last_words else cause).message, cause.line)


def follows(row: dict[str, Any], before: str, line_before: int, line: int) -> bool:
    """Whether the line right before a row's line is one after which it says no more than why that happened."""
    return before in row.get("unless_after", ()) and line - line_before == 1


def rows_by_statement(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each statement, in the order of the file."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for statement in row.get("statements", []) or [row["statement"]]:
            found.setdefault(statement, []).append(row)
    return found


def holds(where: dict[str, str], fields: Mapping[str, Any], text: str) -> bool:
    """Whether the named fields match their patterns; `text` is the whole line."""
    return all(
        re.search(pattern, text if name == "text" and name not in fields else str(fields.get(name, "")), re.IGNORECASE)
        for name, pattern in where.items()
    )
