"""Slack's messages on their way in."""

from __future__ import annotations

import html
import logging
import re
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from explain_log.bots.desk import Desk
from explain_log.bots.http import Calls, hush, serve
from explain_log.bots.memory import Memory
from explain_log.bots.settings import Settings
from explain_log.bots.slack.surface import SlackSurface
from explain_log.bots.surface import CannotSay, ChatFile, Incoming
from explain_log.errors import InputError

_PATH = "/slack/events"
_BASE_URL = "https://slack.com/api/"
_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto)[^|>]*)(?:\|([^>]*))?>")
_KINDS = (None, "file_share", "thread_broadcast")


class SlackBot:
    """Takes events to the desk. With EXPLAIN_LOG_SLACK_APP_TOKEN it uses socket mode, else HTTP."""

    def __init__(self, settings: Settings, desk: Desk, memory: Memory) -> None:
        token = settings.need("EXPLAIN_LOG_SLACK_BOT_TOKEN")
        self._app_token = settings.get("EXPLAIN_LOG_SLACK_APP_TOKEN")
        secret = settings.get("EXPLAIN_LOG_SLACK_SIGNING_SECRET")
        if not self._app_token:
            secret = settings.need("EXPLAIN_LOG_SLACK_SIGNING_SECRET")
        self._settings = settings
        self._desk = desk
        self._memory = memory
        self._token = token
        self._socket: Any = None
        self._base_url = settings.get("EXPLAIN_LOG_SLACK_URL", _BASE_URL)
        self._file_host = "." + (urlsplit(self._base_url).hostname or "")
        self._calls = Calls(self._base_url)
        self.bolt = _bolt(token, secret or "-", self._base_url)
        self.bolt.event("app_mention")(self._on_event)
        self.bolt.event("message")(self._on_event)

    async def run(self) -> None:
        """Runs until it is cancelled."""
        if self._app_token:
            from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler

            self._socket = AsyncSocketModeHandler(self.bolt, self._app_token)
            await self._socket.start_async()
        else:
            await serve(self.app(), *self._settings.listen)

    async def close(self) -> None:
        """Closes its connections."""
        if self._socket is not None:
            await self._socket.close_async()
        await self._calls.close()

    def app(self) -> Starlette:
        """The server for Slack's requests. Bolt checks signatures and time stamps."""
        from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler

        handler = AsyncSlackRequestHandler(self.bolt)

        async def events(request: Request) -> Response:
            return await handler.handle(request)

        async def health(_: Request) -> Response:
            return PlainTextResponse("ok")

        return Starlette(routes=[Route(_PATH, events, methods=["POST"]), Route("/healthz", health)])

    async def _on_event(self, event: dict[str, Any], context: Any) -> None:
        self.hear(event, str(context.get("bot_user_id") or ""))

    def hear(self, event: dict[str, Any], bot_user: str = "") -> None:
        """Takes an event, if it is a message that the bot is to answer."""
        if event.get("bot_id") or event.get("subtype") not in _KINDS or not event.get("user"):
            return
        channel, message = str(event["channel"]), str(event["ts"])
        thread = str(event.get("thread_ts") or message)
        key = f"slack:{channel}:{thread}"
        direct = event.get("channel_type") == "im" or channel.startswith("D")
        if not (direct or event["type"] == "app_mention" or f"<@{bot_user}>" in event.get("text", "")):
            return
        threads = (key, f"slack:{channel}") if direct else (key,)
        self._desk.take(
            Incoming(
                # A mention in a channel comes as two events; the message is one.
                event_id=f"slack:{channel}:{message}",
                chat=channel,
                sender=str(event["user"]),
                threads=threads,
                text=plain_text(str(event.get("text", ""))),
                surface=SlackSurface(self.bolt.client, channel, message, thread),
                files=[self._file(one) for one in event.get("files", [])],
            )
        )

    def _file(self, told: dict[str, Any]) -> ChatFile:
        url = str(told.get("url_private_download") or told.get("url_private") or "")

        async def fetch(most_bytes: int) -> bytes:
            host = urlsplit(url).hostname or ""
            if not ("." + host).endswith((".slack.com", self._file_host)):
                raise CannotSay("file: not Slack's")  # the token goes nowhere else
            return await self._calls.fetch(url, most_bytes, headers={"Authorization": f"Bearer {self._token}"})

        return ChatFile(str(told.get("name") or "log"), told.get("size"), fetch)


def plain_text(text: str) -> str:
    """A message as it was typed: without mentions, links as their texts, escapes undone."""
    without = _LINK.sub(lambda match: match[2] or match[1], _MENTION.sub("", text))
    return html.unescape(without).strip()


def _bolt(token: str, signing_secret: str, base_url: str) -> Any:
    try:
        from slack_bolt.async_app import AsyncApp
        from slack_sdk.web.async_client import AsyncWebClient
    except ImportError:
        raise InputError("bot.missing_extra", package="slack-bolt", extra="slack") from None
    hush()
    quiet = logging.getLogger("explain_log.slack_bolt")
    quiet.setLevel(logging.CRITICAL)
    client = AsyncWebClient(token=token, base_url=base_url)
    return AsyncApp(client=client, token=token, signing_secret=signing_secret, logger=quiet)
