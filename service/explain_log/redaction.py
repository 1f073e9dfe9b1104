"""The boundary that secrets and private texts do not pass: what they are is in knowledge/redaction.toml.

`Scan` looks at every line while the log is read and finds those that hold anything; `redact_facts` then
replaces it by typed markers, `[REDACTED:api_key#1]`, in all that leaves the facts. The values themselves are kept
in memory only as long as a report is made: a marker's number tells which are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from explain_log.facts.assemble import MOST_EVENT_TEXT
from explain_log.facts.failures import MOST_MESSAGE
from explain_log.facts.models import Facts, RequestSummary
from explain_log.knowledge import Knowledge
from explain_log.lines import Line
from explain_log.statements.shapes import MOST_SHAPE_CHARACTERS, shape_of

MOST_VALUES = 10_000
"""So many values of a kind are told apart; all further ones share a number."""

MOST_SUSPECTS = 100_000
MOST_SECRET_LINES = 1_000
MOST_EVIDENCE = 12
MOST_BLOCK_LINES = 200
_BATCH_LINES = 256
_TAIL = 256
_BEFORE, _BEHIND = 24, 8
_MEMO = 10_000

_MARKER = re.compile(r"\[REDACTED:[a-z_]+#\d+\]")


class Rule:
    """One [[rule]] of knowledge/redaction.toml. Its patterns are compiled when they are first needed."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.kind: str = row["kind"]
        self.secret: bool = row["severity"] == "secret"
        self.hints: tuple[str, ...] = tuple(row.get("hints", ()))
        self.hint_bytes = [hint.encode() for hint in self.hints]
        self.block_end: str | None = row.get("block_end")
        self._row = row
        self._compiled: dict[str, re.Pattern[str] | None] = {}

    def pattern(self, name: str) -> re.Pattern[str] | None:
        """One of the rule's patterns, or None where it has none of that name."""
        if name not in self._compiled:
            source = self._row.get(name)
            self._compiled[name] = None if source is None else re.compile(source)
        return self._compiled[name]

    def is_near(self, text: str, lower: str) -> bool:
        """Whether the pattern is worth trying; lower is the text in lower case."""
        near = self.pattern("near")
        return any(hint in lower for hint in self.hints) if near is None else near.search(text) is not None

    def begins_block(self, text: str) -> bool:
        """Whether a value begins here that goes on in the next lines."""
        pattern = self.pattern("pattern")
        return self.block_end is not None and pattern is not None and pattern.search(text) is not None

    def values(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in the text the values stand that are to go."""
        where, pattern, unless = self.pattern("where"), self.pattern("pattern"), self.pattern("unless")
        if pattern is None or (where is not None and where.search(text) is None):
            return
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            value = text[start:end]
            if not value or _MARKER.fullmatch(value) or (unless is not None and unless.fullmatch(value)):
                continue
            if not self._spared_by_neighbours(text, start, end):
                yield start, end

    def _spared_by_neighbours(self, text: str, start: int, end: int) -> bool:
        after, before = self.pattern("not_after"), self.pattern("not_before")
        if after is not None and after.search(text[max(0, start - _BEFORE) : start]):
            return True
        return before is not None and before.search(text[end : end + _BEHIND]) is not None


class Redactor:
    """Replaces values by markers; knows those of one report, so that the same value gets the same number."""

    def __init__(self, knowledge: Knowledge) -> None:
        table = knowledge.table("redaction")
        self.rules = [Rule(row) for row in table["rule"]]
        self.fields: dict[str, dict[str, Any]] = {row["id"]: row for row in table["statement"]}
        self._known: dict[str, dict[str, int]] = {}
        self._memo: dict[str, str] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How many different values of each kind were found, by kind."""
        return {kind: len(known) for kind, known in sorted(self._known.items())}

    def mark(self, kind: str, value: str) -> str:
        """The marker that stands for a value."""
        known = self._known.setdefault(kind, {})
        number = known.get(value)
        if number is None:
            number = min(len(known) + 1, MOST_VALUES)
            if len(known) < MOST_VALUES:
                known[value] = number
        return f"[REDACTED:{kind}#{number}]"

    def redact(self, text: str) -> str:
        """The text with markers in place of what must not be shown."""
        done = self._memo.get(text)
        if done is None:
            done = self._redacted(text)
            if len(self._memo) < _MEMO:
                self._memo[text] = done
        return done

    def _redacted(self, text: str) -> str:
        lower = text.lower()
        for rule in self.rules:
            if rule.is_near(text, lower):
                out, position = [], 0
                for start, end in rule.values(text):
                    out += [text[position:start], self.mark(rule.kind, text[start:end])]
                    position = end
                text = "".join([*out, text[position:]])
        return text

    def redact_cut(self, text: str, limit: int) -> str:
        """The same for a text that was cut at so many characters: half a secret at its end is one as well."""
        return self.redact(text if len(text) < limit else _without_last_word(text))


def _without_last_word(text: str) -> str:
    """Without what stands after the last blank, but no more than a secret needs to be known by its beginning."""
    return text[: max(text.rfind(" ") + 1, len(text) - _TAIL)] + "…"


class Scan:
    """Looks for secrets and private texts in all lines, many at once: a line without any costs next to nothing."""

    def __init__(self, redactor: Redactor) -> None:
        self.suspects: set[int] = set()
        self.overflowed = False
        self.secret_lines: list[int] = []
        self.texts: dict[int, str] = {}
        self._redactor = redactor
        self._lines: list[Line] = []
        self._block_end: str | None = None
        self._block_lines = 0

    def take(self, line: Line) -> None:
        """Adds one line."""
        self._lines.append(line)
        if len(self._lines) >= _BATCH_LINES:
            self._look()

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


def redact_facts(facts: Facts, redactor: Redactor, scan: Scan | None = None) -> None:
    """Replaces secrets and private texts in all that the facts hold, in place.

    scan: what was found in the lines while they were read; without it every text is looked at.
    """
    suspects = facts.texts.keys() if scan is None or scan.overflowed else facts.texts.keys() & scan.suspects
    for number in sorted(suspects):
        facts.texts[number] = redactor.redact_cut(facts.texts[number], MOST_EVENT_TEXT)
    for event in facts.events:
        if event.line in suspects:
            event.text = redactor.redact_cut(event.text, MOST_EVENT_TEXT)
            event.fields = _redacted(event.fields, redactor)
        row = redactor.fields.get(event.statement, {"fields": ()})
        for name in row["fields"]:
            if event.fields.get(name):
                event.fields[name] = redactor.mark(row["kind"], str(event.fields[name]))
    for record in (*facts.server_runs, *facts.loads):
        _redact_record(record, redactor)
    if facts.requests is not None:
        _redact_paths(facts.requests, redactor)
    if scan is not None:
        for number, text in scan.texts.items():
            facts.texts.setdefault(number, _cut(text, MOST_EVENT_TEXT))


UnknownRow = tuple[str, int, int, str]


def redact_shapes(rows: list[UnknownRow], redactor: Redactor) -> list[UnknownRow]:
    """Unknown lines by shape, made safe: (shape, count, first line, example); the same shape only once."""
    safe: dict[str, UnknownRow] = {}
    for shape, count, first_line, example in rows:
        text = redactor.redact_cut(example, 2 * MOST_SHAPE_CHARACTERS)
        shown = shape if text == example else shape_of(text)
        _, before, first, kept = safe.get(shown, ("", 0, first_line, _cut(text, MOST_SHAPE_CHARACTERS)))
        safe[shown] = (shown, before + count, first, kept)
    return list(safe.values())


def _cut(text: str, limit: int) -> str:
    """The beginning of a text, which does not end within a marker."""
    for marker in _MARKER.finditer(text):
        if marker.start() < limit < marker.end():
            return text[: marker.start()]
    return text[:limit]


def _redact_record(record: Any, redactor: Redactor) -> None:
    """All texts of a record and of what it holds; `lines` and `derived` hold none of the log."""
    for name, value in vars(record).items():
        if name == "message":  # of a load's error, which was cut
            setattr(record, name, redactor.redact_cut(value, MOST_MESSAGE))
        elif name not in ("lines", "derived") and value is not None:
            setattr(record, name, _redacted(value, redactor))


def _redacted(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.redact(value)
    if isinstance(value, dict):
        return {key: _redacted_pair(key, item, redactor) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_redacted(item, redactor) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        _redact_record(value, redactor)
    return value


def _redacted_pair(key: Any, value: Any, redactor: Redactor) -> Any:
    """A value under its name, which may be what tells that it is a secret."""
    if not isinstance(value, str):
        return _redacted(value, redactor)
    name = f"{key}="
    pair = redactor.redact(name + value)
    return pair.removeprefix(name) if pair.startswith(name) else redactor.redact(value)


def _redact_paths(requests: RequestSummary, redactor: Redactor) -> None:
    """Request paths are keys; two that differ only in what was masked are one."""
    paths: dict[str, int] = {}
    for path, count in requests.by_path.items():
        shown = redactor.redact(path)
        paths[shown] = paths.get(shown, 0) + count
    requests.by_path = paths
