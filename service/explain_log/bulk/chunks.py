"""Cuts the bytes of an input into chunks of whole lines, as long as they are ASCII or UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from itertools import chain

from explain_log.lines.encoding import SAMPLE_BYTES, decoded, eight_bit, first_high, gathered

LONGEST_LINE = 16 << 20
"""In bytes. A longer one is cut while it is read, which only the ordinary way does."""


class Chunks:
    """The bytes of an input from a place on."""

    def __init__(self, start: bytes, blocks: Iterator[bytes], size: int) -> None:
        self._rest = start
        self._blocks = blocks
        self._size = size
        self.utf8 = False  # whether it is known to be UTF-8; until then it is ASCII
        self.begins: Callable[[bytes], bool] = lambda _: False  # whether a line surely is no rest of another

    def lines(self, most: int) -> bytes:
        """The first lines of what is left, as far as they were read."""
        end = 0
        for _ in range(most):
            found = self._rest.find(b"\n", end)
            if found < 0:
                break
            end = found + 1
        head, self._rest = self._rest[:end], self._rest[end:]
        return head

    def read_lines(self, most: int) -> bytes:
        """Lines of what was read already, at most so many bytes; none where they are not ASCII or UTF-8.

        The line behind them is no rest of the last one.
        """
        if not self._is_utf8(self._rest):
            return b""
        end = self._before_last(self._rest, self._rest.rfind(b"\n", 0, most) + 1)
        lines, self._rest = self._rest[:end], self._rest[end:]
        return lines

    def take(self) -> bytes:
        """What was read already and is in no chunk yet."""
        taken, self._rest = self._rest, b""
        return taken

    def whole(self) -> Iterator[bytes]:
        """Chunks of whole lines, the last with a line end added if it lacks one. None begins with the rest of a line.

        Ends early before what is neither ASCII nor UTF-8, and before a line that is too long.
        """
        while True:
            data = gathered(self._rest, self._blocks, self._size)
            end = data.rfind(b"\n") + 1
            while not end and len(data) < LONGEST_LINE and (more := next(self._blocks, b"")):
                data += more
                end = data.rfind(b"\n") + 1
            if not self._is_utf8(data):
                return
            data, self._rest = self._rest, b""
            if not data:
                return
            if not end:
                if len(data) >= LONGEST_LINE:
                    self._rest = data
                    return
                yield data + b"\n"
                return
            end = self._before_last(data, data.rfind(b"\n") + 1)
            self._rest = data[end:]
            if end:
                yield data[:end]
            elif more := next(self._blocks, b""):
                self._rest += more
            else:
                self._rest = b""
                yield data if data.endswith(b"\n") else data + b"\n"
                return

    def _before_last(self, data: bytes, end: int) -> int:
        """Where the last line of a text begins, if it may go on behind it; else where the text ends."""
        last = data.rfind(b"\n", 0, max(0, end - 1)) + 1
        return last if self.begins(data[last:end]) else end

    def _is_utf8(self, data: bytes) -> bool:
        """Whether the data still are ASCII or UTF-8; keeps them, with what had to be read to see that."""
        self._rest = data
        if self.utf8:
            return True
        high = first_high(data)
        if high is None:
            return True
        self._rest = gathered(data, self._blocks, high + SAMPLE_BYTES)
        self.utf8 = eight_bit(self._rest[high : high + SAMPLE_BYTES]) == "utf-8"
        return self.utf8

    def texts(self) -> Iterator[str]:
        """What is left, as text."""
        blocks = chain((self.take(),), self._blocks)
        if not self.utf8:
            return decoded(blocks)
        return codecs.iterdecode(blocks, "utf-8", "replace")
