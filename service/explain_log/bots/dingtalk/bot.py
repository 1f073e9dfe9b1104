"""DingTalk's messages on their way in: by the stream SDK in a thread of its own, or by the outgoing webhook."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from explain_log.bots.desk import Desk
from explain_log.bots.dingtalk.api import BASE_URL, CARD_TEMPLATE, OLD_BASE_URL, DingTalkApi
from explain_log.bots.dingtalk.messages import incoming_of
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
            _library()
        self._app_key = app_key
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
            await self.stream()

    async def close(self) -> None:
        """Closes its connections."""
        await self._api.close()

    async def stream(self) -> None:
        """Holds the stream open. The SDK asks for its connection with a call that blocks and has no time limit,
        so it has a thread and an event loop of its own."""
        loop = asyncio.get_running_loop()
        client = _client(self._app_key, self._secret, lambda told: loop.call_soon_threadsafe(self.hear, told))
        threading.Thread(target=lambda: asyncio.run(client.start()), name="dingtalk-stream", daemon=True).start()
        await asyncio.Event().wait()

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


def _library() -> Any:
    try:
        import dingtalk_stream  # type: ignore[import-untyped]
    except ImportError:
        raise InputError("bot.missing_extra", package="dingtalk-stream", extra="dingtalk") from None
    return dingtalk_stream


def _client(app_key: str, app_secret: str, hear: Any) -> Any:
    """The SDK's client. It logs the ticket of its connection and whole messages: it is given a quiet logger."""
    sdk = _library()
    quiet = logging.getLogger("explain_log.dingtalk_stream")
    quiet.setLevel(logging.CRITICAL)

    async def process(_: Any, message: Any) -> tuple[int, str]:
        hear(message.data)
        return sdk.AckMessage.STATUS_OK, "OK"

    handler = type("Handler", (sdk.CallbackHandler,), {"process": process})
    client = sdk.DingTalkStreamClient(sdk.Credential(app_key, app_secret), logger=quiet)
    client.register_callback_handler(sdk.ChatbotMessage.TOPIC, handler())
    return client
