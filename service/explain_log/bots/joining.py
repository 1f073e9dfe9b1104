"""Puts together what a platform delivers in pieces: a long paste cut into messages, an album of files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from explain_log.bots.surface import Incoming

WAIT_SECONDS = 1.5


@dataclass(eq=False)
class _Pending:
    incoming: Incoming
    timer: asyncio.TimerHandle


class Joining:
    """take: is given the whole message once no piece has come for a while."""

    def __init__(self, take: Callable[[Incoming], object], seconds: float = WAIT_SECONDS) -> None:
        self._take = take
        self._seconds = seconds
        self._pending: dict[tuple[str, str], _Pending] = {}

    def add(self, piece: Incoming, *, more_expected: bool) -> None:
        """A message that may be a piece. more_expected: whether it looks cut off."""
        key = (piece.chat, piece.sender)
        pending = self._pending.pop(key, None)
        if pending is not None:
            pending.timer.cancel()
            whole = pending.incoming
            whole.text += piece.text if _cut_in_a_line(whole.text) else "\n" + piece.text
            whole.files += piece.files
        else:
            whole = piece
        if pending is None and not more_expected:
            self._take(whole)
            return
        timer = asyncio.get_running_loop().call_later(self._seconds, self._done, key)
        self._pending[key] = _Pending(whole, timer)

    def _done(self, key: tuple[str, str]) -> None:
        self._take(self._pending.pop(key).incoming)


def _cut_in_a_line(text: str) -> bool:
    """Clients cut at a line end where there is one; then the end is gone from both pieces."""
    return not text or text.endswith("\n")
