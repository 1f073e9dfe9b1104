"""Scans a file with several processes. This one scans as well; it alone knows what was found so far."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.context import BaseContext

from explain_log.bulk.chunks import LONGEST_LINE
from explain_log.bulk.scanner import Loud, Scanner
from explain_log.bulk.wrapping import Wrapping
from explain_log.facts.stretch import Settled, Stretch
from explain_log.lines.encoding import first_high

MOST_PROCESSES = 4
MOST_UNDER_WAY = 24
"""Chunks that are being scanned or wait for one before them: their results must fit into memory."""

_CUT_BYTES = 1 << 16

Found = list[Stretch | Loud]
"""What a chunk consists of."""

Cut = tuple[int, int]
"""Where a chunk begins and ends, in bytes."""


class FileScan:
    """The chunks of a file from a place on, scanned by whoever is free, given in their order.

    processes: how many beside this one.  utf8: whether the text is known to be UTF-8; if not, only ASCII is read.
    position: where what was given so far ends.
    """

    def __init__(
        self, path: str, position: int, scanner: Scanner, settled: Callable[[], Settled],
        *, processes: int, chunk: int, utf8: bool,
    ) -> None:  # fmt: skip
        self.position = self._next = position
        self._path, self._scanner, self._settled = path, scanner, settled
        self._processes, self._chunk, self._utf8 = min(processes, MOST_PROCESSES), chunk, utf8
        self._over = False
        self._queue: deque[tuple[Cut, Future[Found]]] = deque()

    def results(self) -> Iterator[Found]:
        """What the chunks consist of, each as if it began with line 1.

        Stops before a line that is too long, and before the first byte that is not ASCII where that tells nothing yet.
        """
        global _SCANNER  # noqa: PLW0603 - what a process that is a copy of this one begins with
        copied = _may_be_copied()
        _SCANNER = self._scanner if copied else None
        context: BaseContext = get_context("fork" if copied else "spawn")
        pool = ProcessPoolExecutor(
            self._processes, context, _begin, (*self._scanner.sizes, self._scanner.wrapping)
        )  # fmt: skip
        try:
            while True:
                self._send(pool)
                ready = self._queue and self._queue[0][1].done()
                if ready or len(self._queue) >= MOST_UNDER_WAY or not self._scan_one():
                    if not self._queue:
                        return
                    yield self._first()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, pool: ProcessPoolExecutor) -> None:
        """Gives the other processes something to do."""
        under_way = sum(not future.done() for _, future in self._queue)
        while under_way < 2 * self._processes and len(self._queue) < MOST_UNDER_WAY and (cut := self._cut()):
            try:
                future = pool.submit(_scan, self._path, cut, self._settled())
            except (RuntimeError, OSError):  # no process can be started: this one does it all
                future = Future()
                future.set_result(self._scanned(cut))
            self._queue.append((cut, future))
            under_way += 1

    def _scan_one(self) -> bool:
        """Scans the next chunk that nobody has; False where there is none."""
        cut = self._cut()
        if cut is None:
            return False
        future: Future[Found] = Future()
        future.set_result(self._scanned(cut))
        self._queue.append((cut, future))
        return True

    def _first(self) -> Found:
        cut, future = self._queue.popleft()
        try:
            found = self._scanned(cut) if future.cancel() else future.result()
        except (RuntimeError, OSError):  # the process is gone
            found = self._scanned(cut)
        self.position = cut[1]
        return found

    def _scanned(self, cut: Cut) -> Found:
        return list(self._scanner.scan(_read(self._path, cut), 1, self._settled))

    def _cut(self) -> Cut | None:
        """The next chunk, which ends with a line; None at the end, or where the ordinary way must go on."""
        if self._over:
            return None
        start = self._next
        with open(self._path, "rb", buffering=0) as file:
            end = _line_end(file.fileno(), start + self._chunk)
            if end is None or (not self._utf8 and first_high(_read(self._path, (start, end))) is not None):
                self._over = True
                return None
        self._next = end
        return start, end


def _line_end(descriptor: int, place: int) -> int | None:
    """Where the line ends that holds a place; None where that is too far, or the file ends before."""
    position = place
    while position - place < LONGEST_LINE:
        data = os.pread(descriptor, _CUT_BYTES, position)
        found = data.find(b"\n")
        if found >= 0:
            return position + found + 1
        if not data:
            return None
        position += len(data)
    return None


def _read(path: str, cut: Cut) -> bytes:
    with open(path, "rb", buffering=0) as file:
        file.seek(cut[0])
        parts, left = [], cut[1] - cut[0]
        while left and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


_SCANNER: Scanner | None = None


def _may_be_copied() -> bool:
    """Whether a copy of this process can be made, which begins at once and knows what this one has met.

    A copy of a process with several threads may wait for ever for one that it lacks; macOS's own libraries start some.
    """
    return sys.platform == "linux" and threading.active_count() == 1


def _begin(piece: int, few: int, wrapping: Wrapping) -> None:
    """What another process does first. Ctrl-C is this one's to answer."""
    import signal

    global _SCANNER  # noqa: PLW0603 - one for each process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _SCANNER is None:
        from explain_log.knowledge import load

        _SCANNER = Scanner(load(), piece_bytes=piece, few_bytes=few, wrapping=wrapping)


def _scan(path: str, cut: Cut, settled: Settled) -> Found:
    """What another process does with a chunk."""
    assert _SCANNER is not None
    return list(_SCANNER.scan(_read(path, cut), 1, lambda: settled))
