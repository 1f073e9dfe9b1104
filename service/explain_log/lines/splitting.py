"""Cuts decoded text into numbered lines, by the contract's rule.

A line ends at LF or CRLF. A bare CR starts new text within the same line number (progress bars);
a text without any LF is cut at CR. A last line without an end counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain

LINE_CHARACTERS = 1 << 16
"""Longer lines are cut for reading: no statement needs more, and one line may be gigabytes."""

HELD_CHARACTERS = 1 << 24
"""So much is read ahead for the first LF. A text without one in so much counts as a text without any."""


class Lines:
    """Cuts blocks of text; `count` is the number of lines so far."""

    def __init__(self, first_number: int = 1) -> None:
        self.count = 0
        self._before = first_number - 1

    def cut(self, blocks: Iterator[str]) -> Iterator[tuple[int, str]]:
        """(line number, text) of every line; of lines with bare CRs every part that is not empty."""
        pending, begun, given = "", False, False
        for block in _one_line_end(blocks):
            *whole, rest = block.split("\n")
            if whole:
                if begun:
                    whole[0] = _joined(pending, whole[0])
                for text in whole:
                    self.count += 1
                    if given or "\r" in text:
                        for part in _parts(text) or ([] if given else [""]):
                            yield self._before + self.count, part
                        given = False
                    else:
                        yield self._before + self.count, text[:LINE_CHARACTERS]
                pending, begun = "", False
            if rest:
                begun = True
                *parts, pending = _joined(pending, rest).split("\r")
                pending = pending[:LINE_CHARACTERS]
                for part in filter(None, parts):
                    given = True
                    yield self._before + self.count + 1, part[:LINE_CHARACTERS]
        if begun:
            self.count += 1
            if pending or not given:
                yield self._before + self.count, pending


def _parts(text: str) -> list[str]:
    """What stands between the carriage returns of a line."""
    return [part[:LINE_CHARACTERS] for part in text.split("\r") if part]


def _joined(pending: str, text: str) -> str:
    """The beginning of a line and what follows it; what comes before the first CR stays within the limit."""
    head, mark, tail = text.partition("\r")
    return pending + head[: LINE_CHARACTERS - len(pending)] + mark + tail


def _one_line_end(blocks: Iterator[str]) -> Iterator[str]:
    """The text with LF as its line end: CRLF becomes LF; in a text without any LF, CR does."""
    held = io.StringIO()
    for block in blocks:
        held.write(block)
        if "\n" in block or held.tell() > HELD_CHARACTERS:
            break
    first = held.getvalue()
    held.close()
    cr_only = "\n" not in first
    carried = ""  # a CR at a block's end: the LF that belongs to it may follow
    for block in chain((first,), blocks):
        text = carried + block
        carried = "\r" if text.endswith("\r") else ""
        if "\r" in text:
            text = text.removesuffix("\r").replace("\r\n", "\n")
            if cr_only:
                text = text.replace("\r", "\n")
        if text:
            yield text
    if carried:
        yield "\n" if cr_only else "\r"
