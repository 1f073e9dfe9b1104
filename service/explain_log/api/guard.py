"""What stands before every route: only this service's names, no other site's pages, no trace to anybody."""

from __future__ import annotations

import ipaddress
import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explain_log.api.metrics import Metrics
from explain_log.api.options import ServiceOptions
from explain_log.api.problems import Problem
from explain_log.narration.host import is_loopback

_LOG = logging.getLogger(__name__)
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_POLICY_HEADER = (b"content-security-policy", POLICY.encode())
_OTHER_SITES = ("cross-site", "same-site")


class Guard:
    """Refuses requests under another name than the service's (DNS rebinding) or from another site's page."""

    def __init__(self, app: ASGIApp, options: ServiceOptions, metrics: Metrics) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics
        self._names = {name.lower() for name in options.hosts}
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._running += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app's answer; what it did not expect is a problem, logged without any of the log's text."""
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", []))
                named = {name for name, _ in headers}
                headers += [header for header in (*_HEADERS, _POLICY_HEADER) if header[0] not in named]
                message["headers"] = headers
            await send(message)

        try:
            refused = self._refused(scope)
            if refused is not None:
                await refused.response()(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except Problem as problem:
            if not status:
                await problem.response()(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last border before the client
            route = getattr(scope.get("route"), "path", "an unknown path")
            _LOG.error("unexpected %s in %s %s", type(error).__name__, scope["method"], route)
            if not status:
                own = Problem(500, "an error in explain-log itself; the log was not explained")
                await own.response()(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE") else "other"
            self._metrics.requests.labels(method, route, str(status or 499)).inc()

    def _refused(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.is_own(host):
            return Problem(421, "this service does not answer under that name; --hosts NAME adds one")
        origin = headers.get("origin")
        if origin is not None and not self._is_same(origin, host):
            return Problem(403, "requests from pages of other sites are not answered")
        if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site", "").lower() in _OTHER_SITES:
            return Problem(403, "requests from pages of other sites are not answered")
        if self._running > self._options.most_requests:
            return Problem(503, "too many requests at once: try again soon", retry_after=1)
        return None

    def is_own(self, host: str) -> bool:
        """Whether a Host header names this service. An address cannot be rebound, a name can."""
        try:
            split = urlsplit(f"//{host}")
            name, _ = split.hostname or "", split.port
        except ValueError:
            return False
        if split.username is not None or split.path or split.query or split.fragment or any(c.isspace() for c in host):
            return False
        if is_loopback(f"//{host}") or name in self._names:
            return True
        return self._options.beyond_loopback and _is_address(name)

    @staticmethod
    def _is_same(origin: str, host: str) -> bool:
        try:
            return urlsplit(origin).netloc.lower() == host.lower() != ""
        except ValueError:
            return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
