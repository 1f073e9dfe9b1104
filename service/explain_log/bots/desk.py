"""Takes messages in: each once, from those who may, so many at a time; the platform is answered at once."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine

from explain_log.bots.conversation import Conversation
from explain_log.bots.memory import Memory
from explain_log.bots.surface import Incoming
from explain_log.bots.telling import Telling

_LOG = logging.getLogger(__name__)
_AT_A_TIME = 8
_MOST_OPEN = 64
_MOST_OPEN_OF_ONE = 3
_CLOSE_SECONDS = 20.0


class Desk:
    """allowed: ids of chats or senders that are answered; everybody's where it is empty."""

    def __init__(self, conversation: Conversation, memory: Memory, allowed: frozenset[str] = frozenset()) -> None:
        self._conversation = conversation
        self._memory = memory
        self._allowed = allowed
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._open: dict[asyncio.Task[None], str] = {}
        self._of_sender: Counter[str] = Counter()

    def take(self, incoming: Incoming) -> bool:
        """Begins to answer a message, unless it came before or from somebody else. Does not wait."""
        if self._allowed and not self._allowed & {incoming.chat, incoming.sender}:
            _LOG.info("a message from outside the allow-list was left")
            return False
        if not self._memory.first_time(incoming.event_id):
            return False
        if self._of_sender[incoming.sender] >= _MOST_OPEN_OF_ONE:
            self._start(self._refuse(incoming, "bot.one_at_a_time"), incoming.event_id)
        elif len(self._open) >= _MOST_OPEN:
            self._start(self._refuse(incoming, "bot.busy"), incoming.event_id)
        else:
            self._of_sender[incoming.sender] += 1
            self._start(self._answer(incoming), incoming.event_id)
        return True

    async def idle(self) -> None:
        """Waits until everything that was taken is answered."""
        while self._open:
            await asyncio.wait(self._open)

    async def answered(self, event_id: str) -> None:
        """Waits until this message is answered."""
        for task in [task for task, event in self._open.items() if event == event_id]:
            await asyncio.wait([task])

    async def close(self) -> None:
        """Lets end what ends soon, and stops the rest."""
        if self._open:
            await asyncio.wait(self._open, timeout=_CLOSE_SECONDS)
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None], event_id: str) -> None:
        task = asyncio.create_task(work)
        self._open[task] = event_id
        task.add_done_callback(self._open.pop)

    async def _answer(self, incoming: Incoming) -> None:
        try:
            async with self._places:
                await self._conversation.hear(incoming)
        finally:
            self._of_sender[incoming.sender] -= 1
            if not self._of_sender[incoming.sender]:
                del self._of_sender[incoming.sender]

    async def _refuse(self, incoming: Incoming, key: str) -> None:
        await Telling(incoming.surface).finish(self._conversation.refusal(incoming, key), None)
