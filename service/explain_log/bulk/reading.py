"""Reads big inputs: lines that must be looked at as lines, and between them markers of stretches that were counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO

from explain_log.bulk.chunks import Chunks
from explain_log.bulk.scanner import FEW_BYTES, PIECE_BYTES, Found, Loud, Scanner
from explain_log.bulk.wrapping import Wrapping
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import Knowledge
from explain_log.lines import Line, Origin, completed, lines_of, unwrapped
from explain_log.lines.encoding import SAMPLE_BYTES, detect, gathered, without_leading_zeros
from explain_log.lines.mending import SAMPLE_LINES
from explain_log.lines.period import Window
from explain_log.lines.source import BIG_BYTES, byte_blocks, decoded_text, is_packed, open_input, refuse_what_is_no_text
from explain_log.lines.splitting import Lines

HUGE_BYTES = 64 << 20
"""From this size on, other processes pay."""

CHUNK_BYTES = 4 << 20

FIRST_BYTES = 2 << 20
"""So much is scanned before other processes begin: it shows them what occurs, and what needs no single lines."""

HEAD_LINES = 300
"""So many go the ordinary way in any case: they show what the log is like."""


class StretchMarker(Line):
    """Stands in the row of lines for a stretch that was counted; has no text of its own."""

    __slots__ = ("stretch",)

    def __init__(self, stretch: Stretch) -> None:
        super().__init__(stretch.first, "")
        self.stretch = stretch
        self.time = stretch.time


@dataclass(frozen=True)
class How:
    """Sizes in bytes. big, huge: see above.  head: in lines.  processes: beside this one, by the cores where None."""

    big: int = BIG_BYTES
    huge: int = HUGE_BYTES
    chunk: int = CHUNK_BYTES
    piece: int = PIECE_BYTES
    few: int = FEW_BYTES
    head: int = HEAD_LINES
    processes: int | None = None

    @property
    def others(self) -> int:
        """How many processes scan beside this one."""
        return (os.cpu_count() or 1) - 1 if self.processes is None else self.processes


class Bulk:
    """Reads big inputs. settled: tells what needs no single lines any more."""

    def __init__(self, knowledge: Knowledge, settled: Callable[[], Settled], how: How | None = None) -> None:
        self._how = how = how or How()
        self._scanner = Scanner(knowledge, piece_bytes=how.piece, few_bytes=how.few)
        self._settled = settled
        self._sample: list[Line] = []
        self._ordinary: bool | None = None  # not known before the first lines were seen

    def read(self, origins: list[Origin], window: Callable[[], Window] | None = None) -> Iterator[Line]:
        """All lines and markers, to be mended; sets the origins' counts as read_lines does.

        window: tells which span of time is wanted. Each marker then lies wholly within it or wholly without.
        """
        settled = self._settled
        if window is not None:
            self._settled = lambda: replace(settled(), window=window())
        return completed(self._read(origins))

    def _read(self, origins: list[Origin]) -> Iterator[Line]:
        offset = 0
        for origin in origins:
            for line in self._origin(origin, offset):
                if len(self._sample) < SAMPLE_LINES and self._ordinary is None:
                    self._sample.append(line)
                yield line
            offset = origin.last_line

    def _origin(self, origin: Origin, offset: int) -> Iterator[Line]:
        if origin.first is not None or self._ordinary:
            yield from lines_of(origin, offset)
            return
        with open_input(origin.path) as file:
            blocks = without_leading_zeros(byte_blocks(file, origin))
            huge = self._is_huge(origin)
            start = gathered(b"", blocks, min(self._how.big, 2 * FIRST_BYTES) if huge else self._how.big)
            encoding, mark = detect(start[: 2 * SAMPLE_BYTES])
            plain = encoding in ("ascii", "utf-8") and b"\n" in start
            if not plain or (len(start) < self._how.big and not huge):
                yield from lines_of(origin, offset, decoded_text(chain((start,), blocks), origin))
                return
            refuse_what_is_no_text(start[mark:SAMPLE_BYTES].decode("utf-8", "replace"), origin)
            origin.first_line, origin.last_line = offset + 1, offset
            yield from self._lines(Chunks(start[mark:], blocks, self._how.chunk), origin, file if huge else None)

    def _lines(self, chunks: Chunks, origin: Origin, file: IO[bytes] | None) -> Iterator[Line]:
        """The lines of an input that is big, and in ASCII or UTF-8 as far as it was read. file: if it is huge."""
        head: list[Line] = []
        for line in self._loud(Loud(origin.last_line + 1, chunks.lines(self._how.head)), origin):
            head.append(line)
            yield line
        self._scanner.wrapping = Wrapping.of(head)
        if self._ordinary is None:
            self._ordinary = any(line.piece is not None for line in self._sample)
        chunks.begins = self._scanner.begins
        if not self._ordinary:
            # What was read already shows what needs no single lines, before others look at the rest.
            yield from self._counted(self._alone(iter((chunks.read_lines(FIRST_BYTES),))), origin)
            if file is not None:
                yield from self._together(chunks, origin, file)
            yield from self._counted(self._alone(chunks.whole()), origin)
        before = origin.last_line
        for number, text in Lines(before).cut(chain(("\n",), chunks.texts())):
            if number > before:  # the first line end is no line, it says which ends lines have
                origin.last_line = number
                yield unwrapped(number, text)

    def _is_huge(self, origin: Origin) -> bool:
        """Whether other processes pay, and can find the same bytes in the same places."""
        if self._how.others < 1 or not os.path.isfile(origin.path) or os.path.getsize(origin.path) < self._how.huge:
            return False
        with open(origin.path, "rb") as file:
            return file.read(1) != b"\x00" and not is_packed(origin.path)

    def _together(self, chunks: Chunks, origin: Origin, file: IO[bytes]) -> Iterator[Line]:
        """What several processes scanned; leaves the file where they stopped."""
        from explain_log.bulk.workers import FileScan

        together = FileScan(
            origin.path,
            origin.bytes - len(chunks.take()),
            self._scanner,
            self._settled,
            processes=self._how.others,
            chunk=self._how.chunk,
            utf8=chunks.utf8,
        )
        for found in together.results():
            origin.bytes = together.position
            yield from self._counted(iter((found,)), origin)
        origin.bytes = together.position
        file.seek(together.position)

    def _alone(self, chunks: Iterator[bytes]) -> Iterator[Found]:
        """One chunk after the other; each part is given on before the next one is looked at."""
        for chunk in chunks:
            yield self._scanner.scan(chunk, self._settled)

    def _counted(self, results: Iterator[Found], origin: Origin) -> Iterator[Line]:
        """Lines and markers of what was scanned as if each chunk began with line 1."""
        for found in results:
            before = origin.last_line
            for part in found:
                if isinstance(part, Stretch):
                    origin.last_line = part.last + before
                    yield StretchMarker(part.moved(before))
                else:
                    yield from self._loud(Loud(part.first + before, part.data), origin)
                    origin.last_line = part.first + before - 1 + part.data.count(b"\n")

    @staticmethod
    def _loud(part: Loud, origin: Origin) -> Iterator[Line]:
        for number, text in Lines(part.first).cut(iter((part.data.decode("utf-8", "replace"),))):
            origin.last_line = number
            yield unwrapped(number, text)
