"""Puts JSON records together that stand over several lines, as `journalctl -o json-pretty` and `jq` print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from explain_log.lines.envelopes import unwrap_text
from explain_log.lines.line import Line

_MOST_LINES = 200  # a record of journald's has some thirty fields
_BEGINNINGS = frozenset(("{", "[{", "[ {", "["))
_ENDS = frozenset(("}", "},", "}]", "} ]"))
_REST = frozenset(("]", "],"))


def whole_records(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, each record that holds a log's line as the one line that its first one begins; others unchanged."""
    held: list[Line] = []
    found = False
    for line in lines:
        if not held:
            if line.text in _BEGINNINGS:
                held = [line]
            elif found and line.text in _REST:
                line.text = ""
                yield line
            else:
                yield line
            continue
        held.append(line)
        whole = _record(held) if line.text in _ENDS else None
        if whole is not None:
            found = True
            held = []
            yield whole
        elif len(held) >= _MOST_LINES or _is_no_json(held):
            again, held = held, []
            yield from again
    yield from held


def _is_no_json(held: list[Line]) -> bool:
    """Whether what follows a brace is no member of an object."""
    last = held[-1].raw.strip()
    return not last or (held[-2].text in _BEGINNINGS and last[0] not in '"{}')


def _record(held: list[Line]) -> Line | None:
    """The record that the lines are, its envelopes taken off, or None where they are none."""
    first, last = held[0], held[-1]
    whole = Line(first.number, " ".join(line.raw.strip() for line in held).removeprefix("[").strip())
    whole.process, whole.time, whole.stamped = first.process, first.time, first.stamped
    whole.envelope = first.envelope
    whole.span = last.number + last.span - first.number
    unwrap_text(whole)
    return whole if len(whole.envelope) > len(first.envelope) else None
