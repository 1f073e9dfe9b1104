"""Who may: a key in the Authorization header, or the session of a browser with its token, at a bearable rate."""

from __future__ import annotations

import hmac
import math
import re
import time
from http.cookies import CookieError, SimpleCookie

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from explain_log.api.options import ServiceOptions
from explain_log.api.problems import Problem
from explain_log.store import Keys, Sessions

COOKIE = "explain_log_session"
CSRF = "x-csrf-token"
_OPEN = frozenset({"/", "/healthz", "/readyz", "/login", "/v1/session", "/docs", "/openapi.json"})
_OPEN_FOLDERS = ("/static/",)
_PAGE_OF_REPORT = re.compile("/r/[0-9a-f]{32}")
"""The page around a report has nothing of it yet: its script asks for the key in place."""
_WRONG_KEYS = "20/minute"
_SAFE = ("GET", "HEAD")


class Access:
    """Lets requests pass that may; `scope["state"]["owner"]` is then the key's id, "" where keys do not count."""

    def __init__(self, app: ASGIApp, options: ServiceOptions, keys: Keys, sessions: Sessions) -> None:
        self._app = app
        self._options = options
        self._keys = keys
        self._sessions = sessions
        self._rates = Rates(options.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or raises Problem 401, 403 or 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["owner"] = ""
        state["keys_on"] = keys_on = await self.keys_on()
        if keys_on and not _is_open(scope["path"]):
            owner = await self._owner(scope)
            if owner is None:
                if scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
                    await RedirectResponse("/login", 303)(scope, receive, send)
                    return
                raise Problem(401, "a key is needed: Authorization: Bearer el_…, made by explain-log keys create")
            state["owner"] = owner
        if scope["method"] not in _SAFE:
            self._rates.hit(state["owner"] or _client(scope))
        await self._app(scope, receive, send)

    async def keys_on(self) -> bool:
        """Whether requests need a key."""
        return not self._options.open_to_all and (self._options.keys_required or await self._keys.any())

    async def _owner(self, scope: Scope) -> str | None:
        """The id of the key whose request this is."""
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            self._rates.guess(_client(scope), count=False)
            key = await self._keys.check(token.strip())
            if key is None:
                self._rates.guess(_client(scope))
            return None if key is None else key.id
        cookie = cookie_of(headers)
        session = await self._sessions.find(cookie) if cookie else None
        if session is None or await self._keys.active(session.key_id) is None:
            return None
        given = headers.get(CSRF, "")
        if scope["method"] not in _SAFE and not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise Problem(403, "the header X-CSRF-Token is missing or not this session's: GET /v1/session tells it")
        return session.key_id


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_OPEN_FOLDERS) or bool(_PAGE_OF_REPORT.fullmatch(path))


def cookie_of(headers: Headers) -> str:
    """The session's cookie, or ""."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


class Rates:
    """How often who may. rate: as `limits` writes it, such as 120/minute; "" is no limit."""

    def __init__(self, rate: str) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rate = parse(rate) if rate else None
        self._wrong_keys = parse(_WRONG_KEYS)

    def hit(self, who: str) -> None:
        """Counts a request. Raises Problem 429 beyond the rate."""
        if self._rate is not None and not self._limiter.hit(self._rate, "request", who):
            raise self._too_often(self._rate, "request", who)

    def guess(self, who: str, *, count: bool = True) -> None:
        """Counts a wrong key; without, only looks. Raises Problem 429 beyond the rate of those."""
        ask = self._limiter.hit if count else self._limiter.test
        if not ask(self._wrong_keys, "wrong_key", who):
            raise self._too_often(self._wrong_keys, "wrong_key", who)

    def _too_often(self, rate: RateLimitItem, *what: str) -> Problem:
        after = max(1, math.ceil(self._limiter.get_window_stats(rate, *what).reset_time - time.time()))
        return Problem(429, f"too many requests: at most {rate}; try again in {after} s", retry_after=after)
