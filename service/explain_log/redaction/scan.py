"""Looks for secrets and private texts in all lines while the log is read, at next to no cost for a line without any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from explain_log.lines import Line
from explain_log.redaction.redactor import Redactor, Rule

MOST_SUSPECTS = 100_000
MOST_SECRET_LINES = 1_000
MOST_EVIDENCE = 12
MOST_BLOCK_LINES = 200
_BATCH_LINES = 256


class Scan:
    """Takes every line, and looks at many at once.

    suspects: the numbers of lines that hold something.  spans: of those, which go on in how many lines of the input.
    """

    def __init__(self, redactor: Redactor) -> None:
        self.suspects: set[int] = set()
        self.overflowed = False
        self.spans: dict[int, int] = {}
        self.secret_lines: list[int] = []
        self.texts: dict[int, str] = {}
        self.values: dict[int, list[tuple[str, str]]] = {}
        self._redactor = redactor
        self._lines: list[Line] = []
        self._block_end: str | None = None
        self._block_lines = 0

    def take(self, line: Line) -> None:
        """Adds one line."""
        self._lines.append(line)
        if len(self._lines) >= _BATCH_LINES:
            self._look()

    def take_values(self, values: Iterable[tuple[int, str, str]]) -> None:
        """Adds private texts (line, kind, value) of lines that were looked at elsewhere."""
        for line, kind, value in values:
            self.values.setdefault(line, []).append((kind, value))

    def hides(self, text: str) -> bool:
        """Whether an unknown line is the inside of a key that began on an earlier one."""
        if self._block_end is not None:
            self._block_lines += 1
            if self._block_end in text or self._block_lines >= MOST_BLOCK_LINES:
                self._block_end = None
            return True
        if "-----" in text:
            rule = next((rule for rule in self._redactor.rules if rule.begins_block(text)), None)
            if rule is not None and rule.block_end is not None and rule.block_end not in text:
                self._block_end, self._block_lines = rule.block_end, 0
        return False

    def finish(self) -> dict[str, int]:
        """Looks at the last lines; how many different secrets the log holds, by kind."""
        self._look()
        secret = {rule.kind for rule in self._redactor.rules if rule.secret}
        return {kind: count for kind, count in self._redactor.counts.items() if kind in secret}

    def _look(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        blob = "\n".join([line.raw for line in lines])
        lower = blob.encode("utf-8", "replace").lower()  # of bytes it takes a tenth of the time
        found: dict[int, bool] = {}
        for rule in self._redactor.rules:
            for place in set(_places(rule, blob, lower)):
                raw = lines[place].raw
                if next(rule.values(raw), None) is not None or rule.begins_block(raw):
                    found[place] = found.get(place, False) or rule.secret
        for place in sorted(found):
            self._note(lines[place], secret=found[place])

    def _note(self, line: Line, *, secret: bool) -> None:
        if len(self.suspects) < MOST_SUSPECTS:
            self.suspects.add(line.number)
            if line.span > 1:
                self.spans[line.number] = line.span
        else:
            self.overflowed = True
        if not secret:
            return
        text = self._redactor.redact(line.raw)
        for rule in self._redactor.rules:
            if rule.begins_block(line.raw):
                self._redactor.mark(rule.kind, f"begins on line {line.number}")
                break
        if len(self.secret_lines) < MOST_SECRET_LINES and self.secret_lines[-1:] != [line.number]:
            self.secret_lines.append(line.number)
        if len(self.texts) < MOST_EVIDENCE:
            self.texts[line.number] = text


def _places(rule: Rule, blob: str, lower: bytes) -> Iterator[int]:
    """Which lines of the blob a rule is worth trying on; lower are its bytes in lower case."""
    near = rule.pattern("near")
    if near is not None:
        place = position = 0
        for match in near.finditer(blob):
            place += blob.count("\n", position, match.start())
            position = match.start()
            yield place
        return
    for hint in rule.hint_bytes:
        place = position = 0
        hit = lower.find(hint)
        while hit >= 0:
            place += lower.count(b"\n", position, hit)
            position = hit
            yield place
            end = lower.find(b"\n", hit)
            hit = -1 if end < 0 else lower.find(hint, end)
