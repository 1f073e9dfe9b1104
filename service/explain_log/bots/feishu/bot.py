"""Feishu's messages on their way in, by event callbacks."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from explain_log.bots.aes import check_library
from explain_log.bots.desk import Desk
from explain_log.bots.feishu.api import BASE_URL, FeishuApi
from explain_log.bots.feishu.events import FeishuEvents, text_of_content
from explain_log.bots.feishu.surface import FeishuSurface
from explain_log.bots.http import callback_app, serve
from explain_log.bots.memory import Memory
from explain_log.bots.settings import Settings
from explain_log.bots.signing import Refused, ReplayWindow
from explain_log.bots.surface import ChatFile, Incoming

_PATH = "/feishu"
_WINDOW_SECONDS = 8 * 3600.0
"""An event that was not taken comes again up to 7.1 hours later; what was taken is known by its id for longer."""

_MENTION = re.compile(r"@_(?:user_\d+|all)\s?")


class FeishuBot:
    """Takes events to the desk."""

    def __init__(self, settings: Settings, desk: Desk, memory: Memory) -> None:
        app_id = settings.need("EXPLAIN_LOG_FEISHU_APP_ID")
        secret = settings.need("EXPLAIN_LOG_FEISHU_APP_SECRET")
        token = settings.need("EXPLAIN_LOG_FEISHU_VERIFICATION_TOKEN")
        encrypt_key = settings.need("EXPLAIN_LOG_FEISHU_ENCRYPT_KEY")
        check_library("feishu")
        self._settings = settings
        self._desk = desk
        self._api = FeishuApi(app_id, secret, settings.get("EXPLAIN_LOG_FEISHU_URL", BASE_URL))
        self._events = FeishuEvents(token, encrypt_key, ReplayWindow("feishu", memory, _WINDOW_SECONDS))

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await serve(self.app(), *self._settings.listen)

    async def close(self) -> None:
        """Closes its connections."""
        await self._api.close()

    def app(self) -> Starlette:
        """The server for callbacks."""
        return callback_app(_PATH, self._on_request)

    async def _on_request(self, request: Request, body: bytes) -> Response:
        event = self._events.opened(request, body)
        if event.get("type") == "url_verification":
            return JSONResponse({"challenge": event.get("challenge", "")})
        if event.get("header", {}).get("event_type") == "im.message.receive_v1":
            try:
                incoming = self._incoming(event["event"])
            except (KeyError, ValueError, TypeError, AttributeError):
                raise Refused("not a message as described", 400) from None
            if incoming is not None:
                self._desk.take(incoming)
        return JSONResponse({})

    def _incoming(self, event: dict[str, Any]) -> Incoming | None:
        message, sender = event["message"], event["sender"]
        kind, content = str(message["message_type"]), json.loads(message["content"])
        if kind not in ("text", "post", "file", "image") or sender.get("sender_type", "user") != "user":
            return None
        number, chat, person = str(message["message_id"]), str(message["chat_id"]), str(sender["sender_id"]["open_id"])
        threads = [f"feishu:{message[name]}" for name in ("parent_id", "root_id", "thread_id") if message.get(name)]
        if message.get("chat_type") == "p2p":
            threads.append(f"feishu:{chat}")
        else:
            threads.append(f"feishu:{chat}:from:{person}")
        return Incoming(
            # The message, not the delivery: a second delivery of it may have another event id.
            event_id=f"feishu:{number}",
            chat=chat,
            sender=person,
            threads=tuple(threads),
            text=_MENTION.sub("", text_of_content(kind, content)).strip(),
            surface=FeishuSurface(self._api, number),
            files=self._files(number, kind, content),
            locale="",
        )

    def _files(self, message_id: str, kind: str, content: dict[str, Any]) -> list[ChatFile]:
        key = content.get("file_key") if kind == "file" else content.get("image_key") if kind == "image" else None
        if not key:
            return []

        async def fetch(most_bytes: int) -> bytes:
            return await self._api.file(message_id, str(key), kind, most_bytes)

        return [ChatFile(str(content.get("file_name", "log")), None, fetch)]
