"""Shows a card that changes, no faster than the platform likes; the last word is said for certain."""

from __future__ import annotations

import asyncio
import logging

from explain_log.bots.card import Card
from explain_log.bots.surface import CannotSay, ChatSurface, TooFast

_LOG = logging.getLogger(__name__)
_CLOSE_TRIES = 5
_CLOSE_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 120.0


class Telling:
    """One card on its surface. `show` never waits; of cards that follow each other fast only the last is shown."""

    def __init__(self, surface: ChatSurface) -> None:
        self._surface = surface
        self._latest: Card | None = None
        self._news = asyncio.Event()
        self._opened = False
        self._saying = asyncio.Lock()
        self._task = asyncio.create_task(self._run())

    def show(self, card: Card) -> None:
        """Shows the card as soon as it may."""
        self._latest = card
        self._news.set()

    async def finish(self, card: Card, picture: bytes | None) -> None:
        """Shows the card for the last time; says in the bot's log where the platform would not have it."""
        async with self._saying:  # a message on its way is waited for: cut off, it might be there and be sent again
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for attempt in range(_CLOSE_TRIES):
            try:
                return await self._surface.close(card, picture)
            except TooFast as pause:
                await asyncio.sleep(min(pause.seconds, _LONGEST_PAUSE_SECONDS))
            except CannotSay as error:
                _LOG.warning("an answer was not taken (%s), attempt %d", error, attempt + 1)
                await asyncio.sleep(_CLOSE_PAUSE_SECONDS * (attempt + 1))
        _LOG.error("an answer could not be given")
        return None

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._latest is not None:
                async with self._saying:
                    pause = await self._say(self._latest)
                await asyncio.sleep(pause)

    async def _say(self, card: Card) -> float:
        """Says it once; gives how long to wait. What was not said is said with the next change, or at the end."""
        try:
            if not self._opened:
                # Noted first: a card that may be there already must not be there twice.
                self._opened = True
                await self._surface.open(card)
            else:
                await self._surface.update(card)
        except TooFast as pause:
            self._news.set()
            return max(pause.seconds, self._surface.pace_seconds)
        except CannotSay as error:
            _LOG.warning("a change was not shown: %s", error)
        return self._surface.pace_seconds
