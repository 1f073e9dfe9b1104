"""Which Ollama release wrote a log that does not say so, from `source=FILE:LINE` and the message.

A release prints a given message from a given line of a given file. Intersecting the releases of all
such pairs leaves a range, often of a few releases.
"""

from __future__ import annotations

from explain_log.knowledge import Knowledge
from explain_log.lines import Line


def version_key(version: str) -> tuple[int, ...]:
    """Orders versions: 0.5.13 after 0.5.7. Suffixes such as -rc1 are left out."""
    steps = version.lstrip("v").split("-")[0].split(".")
    return tuple(int(step) for step in steps if step.isdecimal() and len(step) < 9)


class Fingerprint:
    """Collects the evidence of one server run."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._possible: set[int] | None = None
        self._seen: set[tuple[str, str]] = set()
        self.lines: list[int] = []

    def add(self, line: Line) -> None:
        """Takes one slog line into account; lines of no known place tell nothing."""
        if line.source is not None:
            self.add_place(line.number, line.source, line.text)

    def add_place(self, number: int, source: str, message: str) -> bool:
        """The same for a line of which only this is known; whether it tells more than was known."""
        if (source, message) in self._seen or len(self._seen) > 5_000:
            return False
        self._seen.add((source, message))
        releases = releases_of(self._knowledge, source, message)
        if not releases:
            return False
        together = releases if self._possible is None else self._possible & releases
        if together and together != self._possible:
            self._possible = together
            self.lines.append(number)
            return True
        return False

    def range(self) -> list[str] | None:
        """[first, last] release that could have written all that was seen, or None."""
        if not self._possible:
            return None
        names = self._knowledge.record("releases", "ollama")
        assert names is not None
        return [names[min(self._possible)][0], names[max(self._possible)][0]]


def releases_of(knowledge: Knowledge, source: str, message: str) -> set[int]:
    """The releases (as positions in the list of releases) that print this message from this place."""
    file, _, number = source.rpartition(":")
    entries = (knowledge.record("source_lines", file) or {}).get(number, [])
    found: set[int] = set()
    order = _order(knowledge) if entries else {}
    for template, ranges in entries:
        if not matches_verbs(template, message):
            continue
        for span in ranges.split(","):
            first, _, last = span.partition("-")
            found.update(range(order[first], order[last or first] + 1))
    return found


_ORDERS: dict[int, dict[str, int]] = {}


def _order(knowledge: Knowledge) -> dict[str, int]:
    known = _ORDERS.get(id(knowledge))
    if known is None:
        releases = knowledge.record("releases", "ollama") or []
        known = _ORDERS[id(knowledge)] = {row[0]: place for place, row in enumerate(releases)}
    return known


def matches_verbs(template: str, message: str) -> bool:
    """Whether a message is one of a Go format string: each verb (`%s`, `%0.2f`) stands for any text."""
    literals = _literals(" ".join(template.split()))
    if len(literals) == 1:
        return literals[0] == message
    if not message.startswith(literals[0]) or not message.endswith(literals[-1]):
        return False
    position = len(literals[0])
    for literal in literals[1:-1]:
        found = message.find(literal, position)
        if found < 0:
            return False
        position = found + len(literal)
    return position <= len(message) - len(literals[-1])


def _literals(template: str) -> list[str]:
    """The texts between the verbs of a format string; `%%` is a percent sign."""
    literals, position = [""], 0
    while position < len(template):
        char = template[position]
        position += 1
        if char != "%":
            literals[-1] += char
            continue
        if template[position : position + 1] == "%":
            literals[-1] += "%"
            position += 1
            continue
        while position < len(template) and not template[position].isalpha():
            position += 1
        position += 1
        literals.append("")
    return literals
