"""The lines of a whole log as they may be kept: by number, redacted, after the log was read once.

Reading has found which lines hold something; only those are looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.knowledge import Knowledge
from explain_log.lines import unwrapped
from explain_log.lines.splitting import Lines
from explain_log.redaction.redactor import Redactor
from explain_log.redaction.scan import Scan
from explain_log.statements import Recogniser

MOST_CHARACTERS = 4096
"""Of a line; what is longer is cut."""

_HIDDEN = "line"
_WORD = re.compile(r"[^\s{}\"\\]{5,}")


def kept_lines(texts: Iterator[str], scan: Scan, redactor: Redactor, knowledge: Knowledge) -> Iterator[tuple[int, str]]:
    """(line number, redacted text) of every line, in order.

    texts: the log, decoded, block by block.  scan, redactor: those with which it was read.
    """
    private = _PrivateFields(redactor, knowledge)
    block = Scan(redactor)
    joined: list[tuple[int, str]] = []
    joined_until = 0
    for number, text in _numbered(texts):
        if block.hides(text):
            yield number, redactor.mark(_HIDDEN, "inside of a key")
            continue
        if number in scan.spans:
            joined_until = number + scan.spans[number] - 1
        if number <= joined_until:
            joined.append((number, text))
            if number == joined_until:
                yield from _together(joined, redactor)
                joined = []
            continue
        shown = text
        if scan.overflowed or number in scan.suspects or len(text) > MOST_CHARACTERS:
            shown = redactor.redact_cut(text[:MOST_CHARACTERS], MOST_CHARACTERS)
        for kind, value in scan.values.get(number, ()):
            shown = _without(shown, kind, value, redactor)
        yield number, private.hidden(number, shown)
    yield from _together(joined, redactor)


def _numbered(texts: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Each line once; what stands between its carriage returns stays together."""
    held: tuple[int, str] | None = None
    for number, text in Lines().cut(texts):
        if held is not None and held[0] == number:
            held = (number, f"{held[1]}\r{text}")
            continue
        if held is not None:
            yield held
        held = (number, text)
    if held is not None:
        yield held


def _together(lines: list[tuple[int, str]], redactor: Redactor) -> Iterator[tuple[int, str]]:
    """Lines that were one before they were wrapped, with a secret in it: shown as one, the others empty."""
    if lines:
        whole = "".join(text.strip() if place else text for place, (_, text) in enumerate(lines))
        yield lines[0][0], redactor.redact_cut(redactor.redact(whole)[:MOST_CHARACTERS], MOST_CHARACTERS)
        for number, _ in lines[1:]:
            yield number, ""


def _without(text: str, kind: str, value: str, redactor: Redactor) -> str:
    """The text with a marker for a value; where it stands there in other characters, nothing of the text is left."""
    marker = redactor.mark(kind, value)
    return text.replace(value, marker) if value and value in text else marker


class _PrivateFields:
    """Fields of statements that hold what a request carried."""

    def __init__(self, redactor: Redactor, knowledge: Knowledge) -> None:
        self._redactor = redactor
        self._recognise = Recogniser(knowledge).recognise
        self._needles = {needle for name in redactor.fields for needle in _needles(knowledge, name)}

    def hidden(self, number: int, text: str) -> str:
        if not any(needle in text for needle in self._needles):
            return text
        statement = self._recognise(unwrapped(number, text))
        if statement is None or statement.id not in self._redactor.fields:
            return text
        row = self._redactor.fields[statement.id]
        for name in row["fields"]:
            value = statement.fields.get(name)
            if value:
                text = _without(text, row["kind"], str(value), self._redactor)
        return text


def _needles(knowledge: Knowledge, statement_id: str) -> Iterator[str]:
    """What stands in each line of a statement: its message, or the longest word of its wording, whose blanks vary."""
    record = knowledge.statement(statement_id) or {}
    yield from record.get("msg", [])
    for form in record.get("forms", []):
        words = _WORD.findall(re.sub(r"\{[^}]*\}", " ", form))
        if words:
            yield max(words, key=len)
