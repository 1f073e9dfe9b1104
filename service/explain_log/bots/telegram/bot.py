"""Telegram's messages on their way in."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explain_log.bots.desk import Desk
from explain_log.bots.http import callback_app, serve
from explain_log.bots.joining import Joining
from explain_log.bots.memory import Memory
from explain_log.bots.settings import Settings
from explain_log.bots.signing import Refused, same
from explain_log.bots.surface import CannotSay, ChatFile, Incoming, TooFast
from explain_log.bots.telegram.api import BASE_URL, TelegramApi
from explain_log.bots.telegram.surface import TelegramSurface

_LOG = logging.getLogger(__name__)
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
_PATH = "/telegram"
_CUT_UNITS = 4000
"""A message that is about as long as one can be is probably a piece of a longer paste."""

_AWAY_SECONDS = 5.0


class TelegramBot:
    """Takes updates to the desk."""

    def __init__(self, settings: Settings, desk: Desk, memory: Memory) -> None:
        token = settings.need("EXPLAIN_LOG_TELEGRAM_TOKEN")
        self._webhook_url = settings.get("EXPLAIN_LOG_TELEGRAM_WEBHOOK_URL")
        self._secret = settings.need("EXPLAIN_LOG_TELEGRAM_SECRET") if self._webhook_url else ""
        self._settings = settings
        self._memory = memory
        self._joining = Joining(desk.take)
        self._api = TelegramApi(token, settings.get("EXPLAIN_LOG_TELEGRAM_URL", BASE_URL))
        self._name = ""

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await self.start()
        if self._webhook_url:
            await serve(self.app(), *self._settings.listen)
        else:
            await self._poll()

    async def close(self) -> None:
        """Closes its connections."""
        await self._api.close()

    async def start(self) -> None:
        """Asks who it is; says where updates are to go."""
        self._name = str((await self._api.call("getMe")).get("username", ""))
        if self._webhook_url:
            await self._api.call(
                "setWebhook", url=self._webhook_url, secret_token=self._secret, allowed_updates=["message"]
            )
        else:
            await self._api.call("deleteWebhook")

    def app(self) -> Starlette:
        """The webhook's server."""
        return callback_app(_PATH, self._on_request)

    async def _on_request(self, request: Request, body: bytes) -> Response:
        if not same(self._secret, request.headers.get(_SECRET_HEADER, "")):
            raise Refused("wrong secret token")
        try:
            update = json.loads(body)
        except ValueError:
            raise Refused("not JSON", 400) from None
        self.hear(update)
        return PlainTextResponse("")

    async def _poll(self) -> None:
        offset = 0
        while True:
            try:
                updates = await self._api.updates(offset)
            except TooFast as pause:
                await asyncio.sleep(pause.seconds)
                continue
            except CannotSay as error:
                _LOG.warning("updates cannot be had: %s", error)
                await asyncio.sleep(_AWAY_SECONDS)
                continue
            for update in updates:
                offset = max(offset, int(update["update_id"]) + 1)
                self.hear(update)

    def hear(self, update: dict[str, Any]) -> None:
        """Takes an update, if it is a message that the bot is to answer."""
        message = update.get("message")
        if not isinstance(message, dict) or message.get("from", {}).get("is_bot") or not self._is_meant(message):
            return
        if not {"text", "document", "photo"} & message.keys():
            return
        incoming = self._incoming(message)
        if not self._memory.first_time(f"piece {incoming.event_id}"):
            return
        long = len(incoming.text) >= _CUT_UNITS
        self._joining.add(incoming, more_expected=long or "media_group_id" in message)

    def _is_meant(self, message: dict[str, Any]) -> bool:
        if message["chat"].get("type") == "private":
            return True
        text = message.get("text") or message.get("caption") or ""
        replied = message.get("reply_to_message", {}).get("from", {}).get("username", "")
        return f"@{self._name}".casefold() in text.casefold() or (replied != "" and replied == self._name)

    def _incoming(self, message: dict[str, Any]) -> Incoming:
        chat, number, sender = message["chat"]["id"], message["message_id"], message["from"]
        private = message["chat"].get("type") == "private"
        key = f"telegram:{chat}"
        replied = message.get("reply_to_message", {}).get("message_id")
        threads = [f"{key}:{replied}"] if replied else []
        threads.append(key if private else f"{key}:from:{sender['id']}")
        written = message.get("text") or message.get("caption") or ""
        text = re.sub(rf"@{re.escape(self._name)}\b", "", written, flags=re.IGNORECASE)
        text = re.sub(r"^/(start|help|explain)\b", "", text.strip())
        return Incoming(
            event_id=f"{key}:{number}",
            chat=str(chat),
            sender=str(sender["id"]),
            threads=tuple(threads),
            text=text.strip(),
            surface=TelegramSurface(self._api, chat, number, private=private),
            files=self._files(message),
            locale=str(sender.get("language_code", "")),
        )

    def _files(self, message: dict[str, Any]) -> list[ChatFile]:
        document = message.get("document") or next(reversed(message.get("photo", [])), None)
        if not document:
            return []
        fetch = partial(self._api.file, document["file_id"])
        return [ChatFile(str(document.get("file_name", "log")), document.get("file_size"), fetch)]
