"""DingTalk's messages on their way in: by the stream SDK in a thread of its own, or by the outgoing webhook."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from explain_log.bots.desk import Desk
from explain_log.bots.dingtalk.api import BASE_URL, CARD_TEMPLATE, OLD_BASE_URL, DingTalkApi
from explain_log.bots.dingtalk.messages import incoming_of
from explain_log.bots.dingtalk.stream import Stream, library
from explain_log.bots.http import callback_app, serve
from explain_log.bots.memory import Memory
from explain_log.bots.settings import Settings
from explain_log.bots.signing import Refused, ReplayWindow, hmac_sha256, same
from explain_log.errors import InputError

_LOG = logging.getLogger(__name__)
_PATH = "/dingtalk"
_WINDOW_SECONDS = 3600.0
"""The platform's own rule for its signature."""


class DingTalkBot:
    """Takes messages to the desk. EXPLAIN_LOG_DINGTALK_MODE is stream or webhook."""

    def __init__(self, settings: Settings, desk: Desk, memory: Memory) -> None:
        self._settings = settings
        self._desk = desk
        self._memory = memory
        self._mode = settings.get("EXPLAIN_LOG_DINGTALK_MODE", "stream")
        if self._mode not in ("stream", "webhook"):
            raise InputError("bot.bad_variable", name="EXPLAIN_LOG_DINGTALK_MODE", allowed="stream, webhook")
        self._secret = settings.need("EXPLAIN_LOG_DINGTALK_APP_SECRET")
        app_key = settings.get("EXPLAIN_LOG_DINGTALK_APP_KEY")
        if self._mode == "stream":
            app_key = settings.need("EXPLAIN_LOG_DINGTALK_APP_KEY")
            library()
        self._app_key = app_key
        self._stream: Stream | None = None
        self._template = settings.get("EXPLAIN_LOG_DINGTALK_CARD_TEMPLATE", CARD_TEMPLATE)
        base_url = settings.get("EXPLAIN_LOG_DINGTALK_URL", BASE_URL)
        old_base_url = settings.get("EXPLAIN_LOG_DINGTALK_OAPI_URL", OLD_BASE_URL)
        self._api = DingTalkApi(app_key, self._secret, base_url, old_base_url)
        self._window = ReplayWindow("dingtalk", memory, _WINDOW_SECONDS)

    async def run(self) -> None:
        """Runs until it is cancelled."""
        if self._mode == "webhook":
            await serve(self.app(), *self._settings.listen)
        else:
            self._stream = Stream(self._app_key, self._secret, self.hear)
            await asyncio.Event().wait()

    async def close(self) -> None:
        """Closes its connections."""
        if self._stream is not None:
            await self._stream.close()
        await self._api.close()

    def app(self) -> Starlette:
        """The outgoing webhook's server."""
        return callback_app(_PATH, self._on_request)

    def hear(self, told: dict[str, Any]) -> None:
        """Takes a message."""
        try:
            self._desk.take(incoming_of(told, self._api, self._template))
        except (KeyError, TypeError, AttributeError) as error:
            _LOG.warning("a message is not as described: %s", type(error).__name__)

    async def _on_request(self, request: Request, body: bytes) -> Response:
        now = request.headers.get("timestamp", "")
        ours = base64.b64encode(hmac_sha256(self._secret, f"{now}\n{self._secret}".encode())).decode()
        if not same(ours, request.headers.get("sign", "")):
            raise Refused("wrong signature")
        if not now.isdecimal():
            raise Refused("no time stamp")
        self._window.check_time(str(int(now) / 1000))
        try:
            told = json.loads(body)
            number = str(told["msgId"])
        except (ValueError, KeyError, TypeError):
            raise Refused("not a message", 400) from None
        if self._memory.first_time(f"dingtalk delivery {number}"):
            # The signature covers the time only: each is taken for one message, so that who saw one cannot send others.
            self._window.check_once(now)
            self.hear(told)
        return JSONResponse({"msgtype": "empty"})
