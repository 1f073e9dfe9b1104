"""How many requests a server answers at once, found out by watching it.

Ollama does not tell OLLAMA_NUM_PARALLEL; what it cannot take at once it queues. Two requests are sent together: if
both are being answered at a time, there may be more; if the second begins only after the first has ended, one at a
time is all there is, and nothing was lost by asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MOST = 4
_AT_FIRST = 2


@dataclass(eq=False)
class Lane:
    """One request under way. deadline: when all must be over, in the loop's time."""

    lanes: Lanes
    deadline: float
    heard: bool = False
    overtaken: bool = False
    clock: asyncio.Timeout | None = None
    seconds: float = 0.0

    def waits(self, clock: asyncio.Timeout, seconds: float) -> None:
        """A wait of so many seconds begins; the deadline ends it sooner."""
        self.clock, self.seconds = clock, seconds
        clock.reschedule(min(asyncio.get_running_loop().time() + seconds, self.deadline))

    def hears(self) -> None:
        """A piece has come. Others that wait for their first one wait behind us: their time begins anew."""
        self.lanes.heard(self)

    def patience(self, seconds: float) -> float:
        """How long it was waited in the end: to the deadline, or so many seconds."""
        loop = asyncio.get_running_loop()
        return self.lanes.total if loop.time() >= self.deadline else seconds

    def begin_again(self) -> None:
        """Another request of the same lane."""
        self.heard = self.overtaken = False


@dataclass(eq=False)
class Lanes:
    """The requests under way. most: how many at a time, None to find out.  total: seconds for all."""

    most: int | None
    total: float
    limit: int = 0
    _under_way: list[Lane] = field(default_factory=list)
    _serial: bool = False

    def __post_init__(self) -> None:
        self.limit = self.most or _AT_FIRST
        self._changed = asyncio.Condition()
        self._deadline = asyncio.get_running_loop().time() + self.total

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Waits for its turn."""
        lane = Lane(self, self._deadline)
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._under_way) < self.limit)
            self._under_way.append(lane)
        try:
            yield lane
        finally:
            self._under_way.remove(lane)
            self._learn_from_end(lane)
            async with self._changed:
                self._changed.notify_all()

    def heard(self, lane: Lane) -> None:
        """Learns from a piece of a lane: those that are answered together show how many run at once."""
        first, lane.heard = not lane.heard, True
        now = asyncio.get_running_loop().time()
        for other in self._under_way:
            if other is lane:
                continue
            if other.heard and first and self.most is None and not self._serial:
                self.limit = min(self.limit + 1, MOST)
            if not other.heard:
                other.overtaken = True
                if other.clock is not None:
                    other.clock.reschedule(min(now + other.seconds, other.deadline))

    def _learn_from_end(self, lane: Lane) -> None:
        """One that was waiting all the while that another was answered is being answered in turn."""
        if self.most is None and lane.heard and any(o.overtaken and not o.heard for o in self._under_way):
            self.one_at_a_time()

    def one_at_a_time(self) -> None:
        """The server answers in turn."""
        self._serial, self.limit = True, 1
