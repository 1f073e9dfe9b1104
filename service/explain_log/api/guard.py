"""What stands before every route: only this machine's names, no other site's pages, no trace to anybody."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explain_log.api.problems import problem_response
from explain_log.narration.host import is_loopback

_LOG = logging.getLogger(__name__)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class LoopbackOnly:
    """Refuses requests under another name than this machine's (DNS rebinding) or from another site's page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not is_loopback(f"http://{headers.get('host', '')}"):
            refused = problem_response(421, "this service answers only under localhost, 127.0.0.1 or [::1]")
        elif "origin" in headers and not is_loopback(headers["origin"]):
            refused = problem_response(403, "requests from pages of other sites are not answered")
        else:
            await self._answer(scope, receive, send)
            return
        await refused(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app's answer; what it did not expect is a problem, logged without any of the log's text."""
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001  (the last border before the client)
            _LOG.error("unexpected %s in %s", type(error).__name__, scope["path"])
            if not begun:
                response = problem_response(500, "an error in explain-log itself; the log was not explained")
                await response(scope, receive, send)
