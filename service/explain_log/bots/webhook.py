"""Any program as a chat: a signed request in, signed requests (or one answer) back.

The signature is HMAC-SHA256 with the shared secret over `timestamp.nonce.body`, in hex, in both directions.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from explain_log.bots.card import Card
from explain_log.bots.desk import Desk
from explain_log.bots.http import Calls, callback_app, serve
from explain_log.bots.layout import MARKDOWN, characters, text_of
from explain_log.bots.memory import Memory
from explain_log.bots.settings import Settings
from explain_log.bots.signing import Refused, ReplayWindow, hmac_sha256, same
from explain_log.bots.surface import ChatFile, FileTooLarge, Incoming

TIME, NONCE, SIGNATURE = "x-explain-log-timestamp", "x-explain-log-nonce", "x-explain-log-signature"
_PATH = "/webhook"
_PACE_SECONDS = 0.5
_MOST_CHARACTERS = 20_000


def signed_headers(secret: str, body: bytes) -> dict[str, str]:
    """The headers of a signed request."""
    now, nonce = str(int(time.time())), secrets.token_hex(16)
    signature = hmac_sha256(secret, f"{now}.{nonce}.".encode(), body).hex()
    return {TIME: now, NONCE: nonce, SIGNATURE: f"v1={signature}", "content-type": "application/json"}


class WebhookSurface:
    """Sends each state of the card to the caller's address; without one it keeps the last for the answer."""

    pace_seconds = _PACE_SECONDS

    def __init__(self, message_id: str, thread: str, secret: str, calls: Calls | None) -> None:
        self._message_id = message_id
        self._thread = thread
        self._secret = secret
        self._calls = calls
        self.last: dict[str, Any] = {}

    async def acknowledge(self) -> None:
        """The request's status does."""

    async def open(self, card: Card) -> None:
        """Sends it."""
        await self._send(card, "working", None)

    async def update(self, card: Card) -> None:
        """Sends it again."""
        await self._send(card, "working", None)

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Sends it for the last time."""
        await self._send(card, "failed" if card.mood == "error" and not card.about else "done", picture)

    def reply_keys(self) -> tuple[str, ...]:
        """The caller names threads."""
        return ()

    async def _send(self, card: Card, state: str, picture: bytes | None) -> None:
        self.last = {
            "id": self._message_id, "thread": self._thread, "state": state,
            "text": text_of(card, MARKDOWN, _MOST_CHARACTERS, characters), "card": asdict(card),
            "picture_png": base64.b64encode(picture).decode() if picture else None,
        }  # fmt: skip
        if self._calls is None:
            return
        body = json.dumps(self.last, ensure_ascii=False).encode("utf-8", "replace")
        await self._calls.post("", what="reply", content=body, headers=signed_headers(self._secret, body))


class WebhookBot:
    """Takes signed requests to the desk."""

    def __init__(self, settings: Settings, desk: Desk, memory: Memory) -> None:
        self._settings = settings
        self._desk = desk
        self._secret = settings.need("EXPLAIN_LOG_WEBHOOK_SECRET")
        reply_url = settings.get("EXPLAIN_LOG_WEBHOOK_REPLY_URL")
        self._calls = Calls(reply_url) if reply_url else None
        self._window = ReplayWindow("webhook", memory)

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await serve(self.app(), *self._settings.listen)

    async def close(self) -> None:
        """Closes its connections."""
        if self._calls is not None:
            await self._calls.close()

    def app(self) -> Starlette:
        """The server."""
        return callback_app(_PATH, self._on_request, most_bytes=self._settings.most_bytes * 4 // 3 + (1 << 20))

    async def _on_request(self, request: Request, body: bytes) -> Response:
        now, nonce = request.headers.get(TIME, ""), request.headers.get(NONCE, "")
        self._window.check_time(now)
        ours = "v1=" + hmac_sha256(self._secret, f"{now}.{nonce}.".encode(), body).hex()
        if not same(ours, request.headers.get(SIGNATURE, "")):
            raise Refused("wrong signature")
        self._window.check_once(nonce)
        surface, incoming = self._incoming(body)
        taken = self._desk.take(incoming)
        if self._calls is not None or not taken:
            return JSONResponse({"id": surface.last.get("id", incoming.event_id), "taken": taken}, 202)
        await self._desk.answered(incoming.event_id)
        return JSONResponse(surface.last)

    def _incoming(self, body: bytes) -> tuple[WebhookSurface, Incoming]:
        try:
            told = json.loads(body)
            files = [_file(told["file"])] if told.get("file") else []
            number, thread = str(told["id"]), str(told.get("thread") or told["id"])
            surface = WebhookSurface(number, thread, self._secret, self._calls)
            return surface, Incoming(
                event_id=f"webhook:{number}", chat=thread, sender=str(told.get("sender", "")),
                threads=(f"webhook:{thread}",), text=str(told.get("text", "")), surface=surface, files=files,
                locale=str(told.get("language", "")),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused("not as described in docs/bots.md", 422) from error


def _file(told: dict[str, Any]) -> ChatFile:
    try:
        data = base64.b64decode(told["base64"], validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error

    async def fetch(most_bytes: int) -> bytes:
        if len(data) > most_bytes:
            raise FileTooLarge(most_bytes)
        return data

    return ChatFile(str(told.get("name", "log")), len(data), fetch)
