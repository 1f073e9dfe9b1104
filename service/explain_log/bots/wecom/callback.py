"""WeCom's callbacks: the first answer opens a stream message, and WeCom comes back to ask how it goes on."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explain_log.bots.aes import check_library
from explain_log.bots.card import Card
from explain_log.bots.desk import Desk
from explain_log.bots.http import Calls, callback_app, serve
from explain_log.bots.memory import Memory
from explain_log.bots.settings import Settings
from explain_log.bots.signing import Refused, ReplayWindow
from explain_log.bots.wecom.crypt import WeComCrypt
from explain_log.bots.wecom.messages import content_of, incoming_of, picture_items

_PATH = "/wecom"
_KINDS = ("text", "mixed", "file", "image")
_KEPT_SECONDS = 900.0
"""WeCom asks on for up to ten minutes after the message."""


@dataclass(eq=False)
class _Stream:
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    content: str = "…"
    items: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False
    at: float = field(default_factory=time.monotonic)

    def message(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.id, "finish": self.finished, "content": self.content}
        if self.finished and self.items:
            told["msg_item"] = self.items
        return {"msgtype": "stream", "stream": told}


class WeComCallbackSurface:
    """Keeps what is to be shown until WeCom asks for it."""

    pace_seconds = 0.2

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    async def acknowledge(self) -> None:
        """The answer to the callback does."""

    async def open(self, card: Card) -> None:
        """As update."""
        self._stream.content = content_of(card)

    async def update(self, card: Card) -> None:
        """What the next question is answered with."""
        self._stream.content = content_of(card)

    async def close(self, card: Card, picture: bytes | None) -> None:
        """The last of it."""
        self._stream.content = content_of(card)
        self._stream.items = picture_items(picture)
        self._stream.finished = True

    def reply_keys(self) -> tuple[str, ...]:
        """WeCom has no threads."""
        return ()


class WeComCallbackBot:
    """Takes callbacks to the desk."""

    def __init__(self, settings: Settings, desk: Desk, memory: Memory) -> None:
        check_library("wecom")
        token = settings.need("EXPLAIN_LOG_WECOM_TOKEN")
        self._settings = settings
        self._desk = desk
        self._crypt = WeComCrypt(token, settings.need("EXPLAIN_LOG_WECOM_ENCODING_AES_KEY"))
        self._window = ReplayWindow("wecom", memory)
        self._calls = Calls("https://qyapi.weixin.qq.com")
        self._streams: dict[str, _Stream] = {}

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await serve(self.app(), *self._settings.listen)

    async def close(self) -> None:
        """Closes its connections."""
        await self._calls.close()

    def app(self) -> Starlette:
        """The server."""
        return callback_app(_PATH, self._on_request, get=True)

    async def _on_request(self, request: Request, body: bytes) -> Response:
        query = request.query_params
        signature, now, nonce = query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")
        sealed = query.get("echostr", "") if request.method == "GET" else _sealed(body)
        plain = self._crypt.opened(signature, now, nonce, sealed)
        self._window.check_time(now)
        if request.method == "GET":
            return PlainTextResponse(plain.decode("utf-8", "replace"))
        try:
            answer = self._answer(json.loads(plain))
        except (ValueError, KeyError, TypeError):
            raise Refused("not a message as described", 400) from None
        if answer is None:
            return PlainTextResponse("")
        message = json.dumps(answer.message(), ensure_ascii=False).encode("utf-8", "replace")
        return Response(self._crypt.sealed(message, nonce), media_type="application/json")

    def _answer(self, told: dict[str, Any]) -> _Stream | None:
        """The stream that a callback is about: WeCom asks how one goes on, or sends a message, maybe again."""
        self._forget()
        if told["msgtype"] == "stream":
            return self._streams.get(str(told["stream"]["id"]))
        if told["msgtype"] not in _KINDS:
            return None
        number = f"message {told['msgid']}"
        stream = self._streams.get(number)
        if stream is None:
            stream = _Stream()
            surface = WeComCallbackSurface(stream)
            if not self._desk.take(incoming_of(told, surface, self._calls, self._crypt.key)):
                return None
            self._streams[number] = self._streams[stream.id] = stream
        return stream

    def _forget(self) -> None:
        old = time.monotonic() - _KEPT_SECONDS
        for key in [key for key, stream in self._streams.items() if stream.at < old]:
            del self._streams[key]


def _sealed(body: bytes) -> str:
    try:
        return str(json.loads(body)["encrypt"])
    except (ValueError, KeyError, TypeError):
        raise Refused("not encrypted", 400) from None
