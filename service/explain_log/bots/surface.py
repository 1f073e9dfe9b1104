"""What a chat platform gives and takes: messages that came in, and the place where they are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from explain_log.bots.card import Card


class TooFast(Exception):
    """The platform wants a pause before the next call. seconds: how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:g} s")
        self.seconds = seconds


class CannotSay(Exception):
    """The platform refuses what was to be said, or cannot be reached; what is a word for the bot's own log."""


class FileTooLarge(Exception):
    """An attachment is larger than the bot or the platform takes. most_bytes: how large it may be."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"larger than {most_bytes} bytes")
        self.most_bytes = most_bytes


class ChatSurface(Protocol):
    """Where one message is answered: one card that is opened, updated and closed.

    Every call may raise TooFast or CannotSay. pace_seconds: the least time between two calls that the platform
    likes.
    """

    pace_seconds: float

    async def acknowledge(self) -> None:
        """Shows at once that the message was seen: a reaction, "is typing", or nothing."""

    async def open(self, card: Card) -> None:
        """Puts the card into the chat."""

    async def update(self, card: Card) -> None:
        """Shows the card anew; nothing where the platform cannot edit."""

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Shows the card for the last time, with the picture (PNG) where there is one. May be called again
        after TooFast or CannotSay, and must not say a thing twice then."""

    def reply_keys(self) -> tuple[str, ...]:
        """Under which thread keys replies to this card will come, once it is there."""


@dataclass(eq=False)
class ChatFile:
    """An attachment. size_bytes: None where the platform does not tell.

    fetch is given how many bytes are taken at most, and raises FileTooLarge or CannotSay.
    """

    name: str
    size_bytes: int | None
    fetch: Callable[[int], Awaitable[bytes]]


@dataclass(eq=False)
class Incoming:
    """A message to the bot.

    event_id: the same when the platform delivers it again.  threads: keys under which the thread's report may be
    known, the closest first.  sender, chat: ids, for the allow-list and for turns.  locale: the sender's, such as
    "zh-CN", where the platform tells it.
    """

    event_id: str
    chat: str
    sender: str
    threads: tuple[str, ...]
    text: str
    surface: ChatSurface
    files: list[ChatFile] = field(default_factory=list)
    locale: str = ""
