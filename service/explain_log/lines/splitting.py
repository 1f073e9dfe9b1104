"""Cuts decoded text into numbered lines, by the contract's rule.

A line ends at LF or CRLF. A bare CR starts new text within the same line number (progress bars);
a text without any LF is cut at CR. A last line without an end counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.lines.source import LINE_CHARACTERS


class Lines:
    """Cuts blocks of text; `count` is the number of lines so far."""

    def __init__(self, first_number: int = 1) -> None:
        self.count = 0
        self._number = first_number - 1
        self._cr_only: bool | None = None

    def cut(self, blocks: Iterator[str]) -> Iterator[tuple[int, str]]:
        """(line number, text) of every line; of lines with bare CRs every part."""
        pending = ""
        cut_short = False
        for block in blocks:
            if not block:
                continue
            if self._cr_only is None and ("\n" in block or "\r" in block[:-1]):
                self._cr_only = "\n" not in block
            if self._cr_only:
                block = block.replace("\r", "\n")
            first, newline, rest = block.partition("\n")
            if not newline:
                if len(pending) < LINE_CHARACTERS:
                    pending += first[: LINE_CHARACTERS - len(pending)]
                cut_short = True
                continue
            if not cut_short or len(pending) < LINE_CHARACTERS:
                pending += first
            yield from self._finish(pending)
            *whole, pending = rest.split("\n")
            cut_short = bool(pending)
            for text in whole:
                yield from self._finish(text)
            pending = pending[:LINE_CHARACTERS]
        if cut_short or pending:
            yield from self._finish(pending)

    def _finish(self, text: str) -> Iterator[tuple[int, str]]:
        self.count += 1
        self._number += 1
        number = self._number
        text = text[:LINE_CHARACTERS]
        if "\r" not in text:
            yield number, text
            return
        parts = [part for part in text.rstrip("\r").split("\r") if part]
        for part in parts or [""]:
            yield number, part
