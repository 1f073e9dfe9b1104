"""HTTP both ways: calls to a platform with its limits, and a small server for its callbacks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from explain_log.bots.signing import Refused
from explain_log.bots.surface import CannotSay, FileTooLarge, TooFast

_LOG = logging.getLogger(__name__)
_TIMES = httpx.Timeout(10.0, read=30.0)
_DEFAULT_PAUSE_SECONDS = 1.0
MOST_CALLBACK_BYTES = 1 << 20

Handler = Callable[[Request, bytes], Awaitable[Response]]


def hush() -> None:
    """Keeps libraries from logging addresses (Telegram's hold the token) and messages."""
    for name in ("httpx", "httpcore", "slack_bolt", "slack_sdk", "websockets", "aiohttp.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


class Calls:
    """A platform's API. Errors are told without addresses or bodies, which may hold secrets."""

    def __init__(self, base_url: str) -> None:
        hush()
        self._client = httpx.AsyncClient(base_url=base_url.rstrip("/"), timeout=_TIMES)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def call(self, method: str, path: str, *, what: str, read_seconds: float = 30.0, **body: Any) -> Any:
        """JSON that the platform answers, also with an error status. what: names the call in errors.

        Raises TooFast for 429, CannotSay where there is no JSON or no answer.
        """
        times = httpx.Timeout(10.0, read=read_seconds)
        try:
            answer = await self._client.request(method, path, timeout=times, **body)
        except httpx.HTTPError as error:
            raise CannotSay(f"{what}: {type(error).__name__}") from None
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TooFast(pause_of(answer))
        try:
            return answer.json()
        except ValueError:
            raise CannotSay(f"{what}: status {answer.status_code}") from None

    async def post(self, path: str, *, what: str, **body: Any) -> None:
        """Sends something of which only the status counts. Raises TooFast, CannotSay."""
        try:
            answer = await self._client.post(path, **body)
        except httpx.HTTPError as error:
            raise CannotSay(f"{what}: {type(error).__name__}") from None
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TooFast(pause_of(answer))
        if not answer.is_success:
            raise CannotSay(f"{what}: status {answer.status_code}")

    async def fetch(self, url: str, most_bytes: int, **options: Any) -> bytes:
        """A file. Raises FileTooLarge as soon as that shows, CannotSay where it cannot be had."""
        data = bytearray()
        try:
            async with self._client.stream("GET", url, follow_redirects=False, **options) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise CannotSay(f"file: status {answer.status_code}")
                async for block in answer.aiter_bytes():
                    data += block
                    if len(data) > most_bytes:
                        raise FileTooLarge(most_bytes)
        except httpx.HTTPError as error:
            raise CannotSay(f"file: {type(error).__name__}") from None
        return bytes(data)


def pause_of(answer: httpx.Response) -> float:
    """How long a platform wants to be left alone: Retry-After, or what Telegram and Feishu have in its place."""
    for header in ("retry-after", "x-ogw-ratelimit-reset"):
        value = answer.headers.get(header, "")
        if value.isdigit():
            return float(value)
    try:
        told = answer.json()["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError):
        return _DEFAULT_PAUSE_SECONDS
    return float(told) if isinstance(told, (int, float)) else _DEFAULT_PAUSE_SECONDS


def callback_app(path: str, handler: Handler, *, most_bytes: int = MOST_CALLBACK_BYTES, get: bool = False) -> Starlette:
    """A server with one address. A refused request is answered with its status and nothing else."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request, await _body(request, most_bytes))
        except Refused as refused:
            _LOG.warning("a request was refused: %s", refused)
            return PlainTextResponse("", refused.status)

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    methods = ["POST", "GET"] if get else ["POST"]
    return Starlette(routes=[Route(path, endpoint, methods=methods), Route("/healthz", health)])


async def _body(request: Request, most_bytes: int) -> bytes:
    data = bytearray()
    async for block in request.stream():
        data += block
        if len(data) > most_bytes:
            raise Refused("too long", 413)
    return bytes(data)


async def serve(app: Starlette, host: str, port: int) -> None:
    """Serves until the process is told to end."""
    import uvicorn

    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)
    await uvicorn.Server(config).serve()
