"""WeCom's long connection: its official SDK, `wecom-aibot-python-sdk`."""

from __future__ import annotations

import asyncio
import logging
import secrets
import warnings
from typing import Any

from explain_log.bots.card import Card
from explain_log.bots.desk import Desk
from explain_log.bots.http import Calls
from explain_log.bots.settings import Settings
from explain_log.bots.surface import CannotSay
from explain_log.bots.wecom.messages import content_of, incoming_of, picture_items
from explain_log.errors import InputError

_LOG = logging.getLogger(__name__)
_KINDS = ("text", "mixed", "file", "image")
_FOREVER = -1


class _Quiet:
    """The SDK's own logger writes whole messages to standard error."""

    def debug(self, _message: str, *_args: object) -> None:
        """Nothing."""

    def info(self, _message: str, *_args: object) -> None:
        """Nothing."""

    def warn(self, _message: str, *_args: object) -> None:
        """That something is wrong, but not what was in it."""
        _LOG.warning("the connection reports a problem")

    def error(self, _message: str, *_args: object) -> None:
        """The same."""
        _LOG.error("the connection reports an error")


def library() -> Any:
    """The SDK. Raises InputError where it is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it names a class that websockets has given up
            import aibot
    except ImportError:
        raise InputError("bot.missing_extra", package="wecom-aibot-python-sdk", extra="wecom") from None
    return aibot


class WeComStreamSurface:
    """Answers one message by a stream message. client: the SDK's.  frame: the message's."""

    pace_seconds = 1.0

    def __init__(self, client: Any, frame: dict[str, Any]) -> None:
        self._client = client
        self._frame = frame
        self._stream_id = secrets.token_hex(16)

    async def acknowledge(self) -> None:
        """The stream that is opened at once does."""

    async def open(self, card: Card) -> None:
        """Begins the stream."""
        await self._send(card, None, finish=False)

    async def update(self, card: Card) -> None:
        """Shows what it is now: content is whole each time."""
        await self._send(card, None, finish=False)

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Ends it, with the picture."""
        await self._send(card, picture, finish=True)

    def reply_keys(self) -> tuple[str, ...]:
        """WeCom has no threads."""
        return ()

    async def _send(self, card: Card, picture: bytes | None, *, finish: bool) -> None:
        items = picture_items(picture)
        try:
            await self._client.reply_stream(self._frame, self._stream_id, content_of(card), finish, items or None)
        except (RuntimeError, TimeoutError) as error:
            raise CannotSay(f"stream: {type(error).__name__}") from None


class WeComLongBot:
    """Takes messages of the long connection to the desk. A bot has one connection; a newer one ends it."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        sdk = library()
        self._desk = desk
        self._calls = Calls("https://qyapi.weixin.qq.com")
        self._client = sdk.WSClient(
            sdk.WSClientOptions(
                bot_id=settings.need("EXPLAIN_LOG_WECOM_BOT_ID"),
                secret=settings.need("EXPLAIN_LOG_WECOM_SECRET"),
                ws_url=settings.get("EXPLAIN_LOG_WECOM_URL"),
                max_reconnect_attempts=_FOREVER,
                logger=_Quiet(),
            )
        )
        self._client.on("message", self._on_frame)
        self._client.on("error", lambda error: _LOG.error("the connection failed: %s", type(error).__name__))

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await self._client.connect()
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Ends the connection."""
        self._client.disconnect()
        await asyncio.sleep(0)
        await self._calls.close()

    def _on_frame(self, frame: dict[str, Any]) -> None:
        body = frame.get("body", {})
        if body.get("msgtype") not in _KINDS:
            return
        try:
            self._desk.take(incoming_of(body, WeComStreamSurface(self._client, frame), self._calls))
        except (KeyError, TypeError):
            _LOG.warning("a message is not as described")
