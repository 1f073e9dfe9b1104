"""A bounded queue before something scarce: so many at a time, so many waiting, each told its position."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from explain_log.api.problems import Problem

OnPosition = Callable[[int], None]
_CAREFUL = 2.0
"""What is promised is so many times what it usually takes."""

_MOST_SPREAD_SECONDS = 30.0
"""Over so long those who are refused are spread."""


@dataclass(eq=False)
class _Waiter:
    turn: asyncio.Future[None]
    on_position: OnPosition | None


class BoundedQueue:
    """slots: at a time.  most_waiting: beyond that it is full.  what: named in the problem.

    usual_seconds: how long one takes, before it was seen.
    """

    def __init__(self, what: str, slots: int, most_waiting: int, usual_seconds: float) -> None:
        self.what = what
        self.slots = slots
        self.most_waiting = most_waiting
        self.usual_seconds = usual_seconds
        self.running = 0
        self._waiting: deque[_Waiter] = deque()
        self._closed = False
        self._told_until = 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def promised_seconds(self, position: int) -> float:
        """By when who stands there (0: it runs) is through, on the safe side."""
        rounds = -(-position // self.slots) + 1
        return round(rounds * self.usual_seconds * _CAREFUL + 1.0, 1)

    @asynccontextmanager
    async def place(self, on_position: OnPosition | None = None, *, bounded: bool = True) -> AsyncIterator[float]:
        """A slot, for as long as the context lasts; gives the seconds waited. Raises Problem 503 where it is full.

        on_position is called with 1, 2, … while there are others before, and with 0 once it runs.
        """
        began = time.monotonic()
        await self._enter(on_position, bounded=bounded)
        started = time.monotonic()
        try:
            if on_position is not None:
                on_position(0)
            yield started - began
            self.usual_seconds += (time.monotonic() - started - self.usual_seconds) * 0.2
        finally:
            self._leave()

    async def _enter(self, on_position: OnPosition | None, *, bounded: bool) -> None:
        if self._closed:
            raise self._going()
        if self.running < self.slots and not self._waiting:
            self.running += 1
            return
        if bounded:
            self.refuse_if_full()
        waiter = _Waiter(asyncio.get_running_loop().create_future(), on_position)
        self._waiting.append(waiter)
        if on_position is not None:
            on_position(len(self._waiting))
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self._leave()  # it was this one's turn just now
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
                self._tell()
            raise

    def refuse_if_full(self) -> None:
        """Raises Problem 503 where nobody else may wait."""
        if self.running >= self.slots and len(self._waiting) >= self.most_waiting:
            after = self._room_after_seconds()
            raise Problem(503, f"too many wait for {self.what}: try again in {after} s", retry_after=after)

    def _room_after_seconds(self) -> int:
        """When to come again: each who is refused is told another time, so that not all come back at once."""
        now, each = time.monotonic(), self.usual_seconds / self.slots
        soonest = now + each * len(self._waiting)
        self._told_until = min(max(self._told_until, soonest) + each, soonest + _MOST_SPREAD_SECONDS)
        return max(1, round(self._told_until - now))

    def _leave(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.turn.done():
                waiter.turn.set_result(None)
                self._tell()
                return
        self.running -= 1

    def _tell(self) -> None:
        for position, waiter in enumerate(self._waiting, 1):
            if waiter.on_position is not None:
                waiter.on_position(position)

    def close(self) -> None:
        """Sends away all that wait; what runs may finish."""
        self._closed = True
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.turn.done():
                waiter.turn.set_exception(self._going())

    def _going(self) -> Problem:
        return Problem(503, "the service is stopping: try again soon", retry_after=5)
