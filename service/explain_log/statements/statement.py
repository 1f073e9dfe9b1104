"""A recognised line."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.knowledge.forms import Value
from explain_log.lines import Line


class Statement:
    """A line that a program is known to print.

    id: the statement's id in knowledge/statements.  fields: its typed values, in the printed units.
    severity: what it means for the reader.  facts: field → (fact path, factor to the fact's unit).
    """

    __slots__ = ("_facts", "fields", "id", "line", "severity")

    def __init__(
        self,
        statement_id: str,
        line: Line,
        fields: dict[str, Value],
        severity: str,
        facts: dict[str, list[str | float]],
    ) -> None:
        self.id = statement_id
        self.line = line
        self.fields = fields
        self.severity = severity
        self._facts = facts

    def on(self, line: Line) -> Statement:
        """The same statement on another line with the same text."""
        return Statement(self.id, line, dict(self.fields), self.severity, self._facts)

    @property
    def holds_facts(self) -> bool:
        """Whether lines of this statement may hold facts, be it that this one lacks them."""
        return bool(self._facts)

    def facts(self) -> Iterator[tuple[str, Value]]:
        """(fact path, value in the fact's unit) of every field that is a fact by itself."""
        for field, (path, scale) in self._facts.items():
            value = self.fields.get(field)
            if value is None:
                continue
            if scale != 1.0 and isinstance(value, (int, float)):
                # Twelve digits are more than any program prints; without them 8.03 B is 8029999999.999999.
                value = float(f"{value * float(scale):.12g}")
            yield self._named(str(path)), value

    def _named(self, path: str) -> str:
        """`load.devices[device].model_mib` with the device that this line names."""
        head, bracket, rest = path.partition("[")
        if not bracket:
            return path
        field, _, tail = rest.partition("]")
        return f"{head}[{self.fields.get(field)}]{tail}"

    def number(self, field: str) -> float | None:
        """A numeric field, or None where the line lacks it."""
        value = self.fields.get(field)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def integer(self, field: str) -> int | None:
        """A whole-number field, or None."""
        value = self.fields.get(field)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, field: str) -> str | None:
        """A field as text, or None."""
        value = self.fields.get(field)
        return None if value is None else str(value)

    def __repr__(self) -> str:
        return f"Statement({self.id}, {self.line.number}, {self.fields})"
