"""DingTalk's stream mode: the official SDK in a thread of its own.

The SDK asks for its connection with a call that blocks and has no time limit, and begins again when it is
cancelled: in the bot's event loop it would hold up everything, and never end.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from explain_log.errors import InputError

_JOIN_SECONDS = 5.0
Hear = Callable[[dict[str, Any]], object]


def library() -> Any:
    """The SDK. Raises InputError where it is missing."""
    try:
        import dingtalk_stream
    except ImportError:
        raise InputError("bot.missing_extra", package="dingtalk-stream", extra="dingtalk") from None
    return dingtalk_stream


class Stream:
    """A connection that is held open. hear: called with each message, in the event loop that made the stream."""

    def __init__(self, app_key: str, app_secret: str, hear: Hear) -> None:
        ours = asyncio.get_running_loop()
        self._client = _client(app_key, app_secret, lambda told: ours.call_soon_threadsafe(hear, told))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._hold()), name="dingtalk-stream", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Ends the connection."""
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
            self._loop = None
            await asyncio.to_thread(self._thread.join, _JOIN_SECONDS)

    async def _hold(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        work = asyncio.create_task(self._client.start())
        await self._end.wait()
        while not work.done():  # it takes a cancellation for a bad connection, and sleeps; then for another one
            work.cancel()
            await asyncio.wait([work], timeout=0.1)


def _client(app_key: str, app_secret: str, hear: Hear) -> Any:
    """The SDK's client. It logs the ticket of its connection and whole messages: it is given a quiet logger."""
    sdk = library()
    quiet = logging.getLogger("explain_log.dingtalk_stream")
    quiet.setLevel(logging.CRITICAL)

    async def process(_: Any, message: Any) -> tuple[int, str]:
        hear(message.data)
        return sdk.AckMessage.STATUS_OK, "OK"

    handler = type("Handler", (sdk.CallbackHandler,), {"process": process})
    client = sdk.DingTalkStreamClient(sdk.Credential(app_key, app_secret), logger=quiet)
    client.register_callback_handler(sdk.ChatbotMessage.TOPIC, handler())
    return client
