"""Scans a file with several processes. This one scans as well; it alone knows what was found so far."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext

from explain_log.bulk.chunks import LONGEST_LINE
from explain_log.bulk.scanner import LONGEST_PREFIX, Found, Loud, Scanner, Unread
from explain_log.bulk.wrapping import Wrapping
from explain_log.facts.stretch import Settled, Stretch
from explain_log.lines.encoding import first_high

MOST_PROCESSES = 4
MOST_UNDER_WAY = 24
"""Chunks that are being scanned or wait for one before them: their results must fit into memory."""

SENT_AHEAD = 3
"""So many chunks does another process know of, so that it need not wait for the next one."""

SMALLEST_PART = 8
"""Chunks get smaller towards the end, down to this part of one, so that all processes end at about the same time."""

_CUT_BYTES = 1 << 16

FoundAhead = list[Stretch | Loud | Unread]
"""What a chunk consists of, as far as it was scanned."""

Cut = tuple[int, int]
"""Where a chunk begins and ends, in bytes."""


class _Chunk:
    """A chunk, and what it consists of as soon as that is known."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.found: FoundAhead | None = None

    @property
    def is_cut_off(self) -> bool:
        """Whether it was not scanned to its end."""
        return self.found is not None and any(isinstance(part, Unread) for part in self.found[-1:])


class _Other:
    """Another process that scans, and the chunks that it knows of, in their order."""

    def __init__(self, context: ForkContext | SpawnContext, scanner: Scanner, path: str, others: list[_Other]) -> None:
        self.pipe, theirs = context.Pipe()
        self.chunks: deque[_Chunk] = deque()
        copied = context.get_start_method() == "fork"
        # A copy has this process's ends of all pipes as well, and would never see that they were closed here.
        ends = [other.pipe for other in (*others, self)] if copied else []
        start = scanner if copied else (*scanner.sizes, scanner.wrapping)
        self.process = context.Process(target=_work, args=(theirs, ends, path, start), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, chunk: _Chunk, settled: Settled) -> None:
        """Gives it a chunk to scan. Raises OSError where it is gone."""
        self.pipe.send((chunk.cut, settled))
        self.chunks.append(chunk)

    def receive(self) -> None:
        """Takes what it found; waits for it. Raises OSError or EOFError where it is gone."""
        found = self.pipe.recv()
        self.chunks.popleft().found = found

    def stop(self) -> None:
        """Ends it."""
        self.pipe.close()
        self.process.terminate()
        self.process.join()


class FileScan:
    """The chunks of a file from a place on, scanned by whoever is free, given in their order.

    processes: how many beside this one.  utf8: whether the text is known to be UTF-8; if not, only ASCII is read.
    position: where what was given so far ends.
    """

    def __init__(
        self,
        path: str,
        position: int,
        scanner: Scanner,
        settled: Callable[[], Settled],
        *,
        processes: int,
        chunk: int,
        utf8: bool,
    ) -> None:
        self.position = self._next = position
        self._path, self._scanner, self._settled = path, scanner, settled
        self._processes, self._chunk, self._utf8 = min(processes, MOST_PROCESSES), chunk, utf8
        self._end = os.path.getsize(path)
        self._over = False
        self._queue: deque[_Chunk] = deque()
        self._others: list[_Other] = []

    def results(self) -> Iterator[Found]:
        """What the chunks consist of, each as if it began with line 1.

        Stops before a line that is too long, and before the first byte that is not ASCII where that tells nothing yet.
        """
        context = get_context("fork") if _may_be_copied() else get_context("spawn")
        try:
            for _ in range(self._processes):
                with suppress(RuntimeError, OSError):  # else this process does it all
                    self._others.append(_Other(context, self._scanner, self._path, self._others))
            while True:
                self._exchange()
                if (self._queue and self._queue[0].found is not None) or not self._scan_next():
                    if not self._queue:
                        return
                    yield self._first()
        finally:
            for other in self._others:
                other.stop()

    def _exchange(self) -> None:
        """Takes what other processes found, and gives them something to do."""
        for other in list(self._others):
            try:
                while other.pipe.poll():
                    other.receive()
                while len(other.chunks) < SENT_AHEAD and (chunk := self._new()):
                    other.send(chunk, self._settled())
            except (OSError, EOFError):
                self._lose(other)

    def _lose(self, other: _Other) -> None:
        """A process is gone; what it was to scan falls to this one."""
        self._others.remove(other)
        other.stop()

    def _scan_next(self) -> bool:
        """Scans the next chunk that nobody has; False where there is none, or too many wait."""
        chunk = self._new()
        if chunk is not None:
            chunk.found = self._scanned(chunk)
        return chunk is not None

    def _scanned(self, chunk: _Chunk) -> FoundAhead:
        found = []
        for part in self._scanner.scan_ahead(_read(self._path, chunk.cut), self._settled):
            found.append(part)
            self._exchange()
        return found

    def _to_end(self, chunk: _Chunk) -> Found:
        """What a chunk consists of; scans what is left of it, part by part as each is taken."""
        for part in chunk.found or ():
            if isinstance(part, Unread):
                yield from self._scanner.scan(_read(self._path, chunk.cut), self._settled, part.first - 1)
            else:
                yield part
        self._exchange()

    def _first(self) -> Found:
        """What the first chunk consists of that is under way."""
        chunk = self._queue[0]
        while chunk.found is None:
            owner = next((other for other in self._others if chunk in other.chunks), None)
            if owner is None:
                chunk.found = self._scanned(chunk)
                break
            try:
                owner.receive()
            except (OSError, EOFError):
                self._lose(owner)
        self._queue.popleft()
        self.position = chunk.cut[1]
        return self._to_end(chunk)

    def _new(self) -> _Chunk | None:
        """The next chunk, which from now on is under way."""
        # Where the wanted span of time begins, what it begins with must be known before others look at the rest.
        waits = len(self._queue) >= MOST_UNDER_WAY or any(chunk.is_cut_off for chunk in self._queue)
        cut = None if waits else self._cut()
        if cut is None:
            return None
        chunk = _Chunk(cut)
        self._queue.append(chunk)
        return chunk

    def _cut(self) -> Cut | None:
        """The next chunk, which ends with a line; None at the end, or where the ordinary way must go on."""
        if self._over:
            return None
        start = self._next
        with open(self._path, "rb", buffering=0) as file:
            end = _line_end(file.fileno(), start + self._size(start))
            while end and (following := os.pread(file.fileno(), LONGEST_PREFIX, end)):
                if self._scanner.begins(following):
                    break
                end = _line_end(file.fileno(), end) if end - start < LONGEST_LINE else None
            if end is None or (not self._utf8 and first_high(_read(self._path, (start, end))) is not None):
                self._over = True
                return None
        self._next = end
        return start, end

    def _size(self, start: int) -> int:
        share = (self._end - start) // (SENT_AHEAD * (len(self._others) + 1))
        return max(self._chunk // SMALLEST_PART, min(self._chunk, share))


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
    with open(path, "rb") as file:
        file.seek(cut[0])
        return file.read(cut[1] - cut[0])


def _may_be_copied() -> bool:
    """Whether a copy of this process can be made, which begins at once and knows what this one has met.

    A copy of a process with several threads may wait for ever for one that it lacks; macOS's own libraries start some.
    """
    return sys.platform == "linux" and threading.active_count() == 1


def _work(pipe: Connection, ends: list[Connection], path: str, start: Scanner | tuple[int, int, Wrapping]) -> None:
    """What another process does, until the pipe is closed. Ctrl-C is the first one's to answer."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in ends:
        end.close()
    with suppress(OSError, EOFError):
        scanner = start if isinstance(start, Scanner) else _scanner(*start)
        while True:
            cut, settled = pipe.recv()
            pipe.send(list(scanner.scan_ahead(_read(path, cut), partial(_itself, settled))))


def _itself(settled: Settled) -> Settled:
    return settled


def _scanner(piece: int, few: int, wrapping: Wrapping) -> Scanner:
    from explain_log.knowledge import load

    return Scanner(load(), piece_bytes=piece, few_bytes=few, wrapping=wrapping)
