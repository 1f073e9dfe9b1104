"""Which statements say that something failed, and how specific each is about the cause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from explain_log.statements import Statement

MOST_MESSAGE = 300


@dataclass(frozen=True)
class Failure:
    """One line that says something failed. rank: the lower, the more specific about the cause."""

    finding: str
    rank: int
    fatal: bool
    scope: str
    message: str
    line: int

    @property
    def ends_load(self) -> bool:
        """Whether a load that has this line and then no more has failed, though nothing says so outright."""
        return self.fatal or self.scope == "load"


class FailureTable:
    """knowledge/failures.toml: statement → finding, rank, whether the load is over with it."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {}
        for row in table.get("failure", []):
            for statement in row.get("statements", []) or [row["statement"]]:
                self._rows.setdefault(statement, []).append(row)

    def statements(self) -> set[str]:
        """The ids of all statements in the table."""
        return set(self._rows)

    def of(self, statement: Statement) -> Failure | None:
        """What this statement says failed, or None."""
        for row in self._rows.get(statement.id, ()):
            if not _holds(row.get("where", {}), statement):
                continue
            message = statement.text("error") or statement.line.text
            return Failure(
                row["finding"], row.get("rank", 50), row.get("fatal", False), row.get("scope", "load"),
                message[:MOST_MESSAGE], statement.line.number,
            )
        return None


def _holds(where: dict[str, str], statement: Statement) -> bool:
    """Whether the named fields match their patterns."""
    return all(re.search(pattern, statement.text(field) or "", re.IGNORECASE) for field, pattern in where.items())
