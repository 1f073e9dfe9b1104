"""Puts statements together that are printed over several lines, such as a model's chat template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from explain_log.lines.known import S
from explain_log.lines.line import Line

_MOST_LINES = 1000


def whole_prints(
    pairs: Iterable[tuple[Line, S | None]], last_lines: Mapping[str, str]
) -> Iterator[tuple[Line, S | None]]:
    """The lines; to each that begins a statement of several lines belong those up to its end, where that is there.

    last_lines: how the last line ends, by the statement's id.
    """
    held: list[tuple[Line, S | None]] = []
    end = begun = ""
    for line, found in pairs:
        if held:
            if len(held) < _MOST_LINES and _goes_on(line, found, begun):
                held.append((line, found))
                continue
            yield from _together(held, end)
            held = []
        if found is not None and found.id in last_lines and not line.text.endswith(last_lines[found.id]):
            held, begun, end = [(line, found)], found.id, last_lines[found.id]
        else:
            yield line, found
    yield from _together(held, end)


def _goes_on(line: Line, found: S | None, begun: str) -> bool:
    """Whether a line may belong to the statement before it: nothing else, and no beginning of a program's own."""
    if found is not None:
        return found.id.startswith(begun)
    return not line.begins_as_printed


def _together(held: list[tuple[Line, S | None]], end: str) -> Iterator[tuple[Line, S | None]]:
    """One line that takes up all to the last one with the end, and what follows that."""
    places = [place for place, (line, _) in enumerate(held) if place and line.text.endswith(end)]
    if places:
        first, last = held[0][0], held[places[-1]][0]
        first.span = last.number + last.span - first.number
        yield held[0]
        held = held[places[-1] + 1 :]
    yield from held
