"""The connection to an Ollama server: explicit host and time-outs, nothing leaves the machine unless allowed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import urlsplit

from explain_log.errors import ModelOutputError, ModelUnavailable
from explain_log.narration.host import base_url, is_loopback
from explain_log.narration.lanes import Lane
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import problem

if TYPE_CHECKING:
    import httpx
    import ollama

T = TypeVar("T")
_BUSY = 503


class ModelRefused(ModelUnavailable):
    """The server understood the request and turned it down; another form of it may do."""


class ServerBusy(ModelUnavailable):
    """The server has too much to do at the moment."""


class OllamaServer:
    """One server, for the time of one narration. Use it as an async context."""

    def __init__(self, options: ModelOptions) -> None:
        """Raises ModelUnavailable where the host is no address, or is not allowed."""
        self.language = options.language
        self.limits = options.limits
        self.url = base_url(options.host, options.language)
        self.is_local = is_loopback(self.url)
        self.model = options.model or ""
        self._host_is_named = options.host_is_named
        if not (self.is_local or options.allow_remote or options.host_is_named):
            raise self.unavailable("remote")

    async def __aenter__(self) -> Self:
        import httpx
        import ollama

        # Each wait has a clock of our own (_within), which knows what else the server has to do for us.
        limits = httpx.Timeout(None, connect=self.limits.connect)
        # A proxy of the environment must not see what stays on this machine; a redirect could leave it.
        trust = not self.is_local
        self._http = httpx.AsyncClient(base_url=self.url, timeout=limits, trust_env=trust, headers=self._key())
        self._client = ollama.AsyncClient(
            host=self.url,
            timeout=limits,
            follow_redirects=False,
            trust_env=trust,
            auth=None if self.may_have_key() else _without_key,
        )
        self._open = contextlib.AsyncExitStack()
        await self._open.enter_async_context(self._http)
        await self._open.enter_async_context(self._client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def may_have_key(self) -> bool:
        """Whether OLLAMA_API_KEY is meant for this host: Ollama's own, or one typed for this run; never in the clear.

        The client would send it to any host that OLLAMA_HOST names.
        """
        parts = urlsplit(self.url)
        name = parts.hostname or ""
        own = name == "ollama.com" or name.endswith(".ollama.com")
        return parts.scheme == "https" and not self.is_local and (own or self._host_is_named)

    def _key(self) -> dict[str, str]:
        key = os.environ.get("OLLAMA_API_KEY", "").strip()
        return {"Authorization": f"Bearer {key}"} if key and self.may_have_key() else {}

    def unavailable(self, text: str, **names: object) -> ModelUnavailable:
        """The error of that text of prompts/problems."""
        return ModelUnavailable(self.told(text, **names))

    def output_error(self, text: str, **names: object) -> ModelOutputError:
        """The error for an answer that cannot be used."""
        return ModelOutputError(self.told(text, **names))

    def told(self, text: str, **names: object) -> str:
        """A text of prompts/problems about this server and model."""
        given: dict[str, object] = {"host": self.url, "model": self.model, **names}
        return problem(self.language, text, **given)

    async def json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a path answers. Raises ModelUnavailable, also where it is not Ollama that answers."""
        try:
            async with asyncio.timeout(self.limits.between):
                response = await self._told_of(lambda: self._http.request(method, path, json=body))
        except TimeoutError as error:
            raise self._too_slow(self.limits.between) from error
        if response.status_code == 404 and path == "/api/show":
            raise self.unavailable("missing")
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.status_code != 200 or not isinstance(answer, dict):
            raise self.unavailable("not_ollama", error=f"HTTP {response.status_code}")
        return answer

    async def chat(self, body: dict[str, Any], lane: Lane) -> AsyncGenerator[ollama.ChatResponse]:
        """The parts of a streamed answer. Closing it early closes the connection, and the server stops writing."""
        seconds = self.limits.first
        stream = cast("AsyncGenerator[ollama.ChatResponse]", await self._client.chat(**body, stream=True))
        async with contextlib.aclosing(stream) as parts:
            while True:
                try:
                    async with asyncio.timeout(seconds) as clock:
                        lane.waits(clock, seconds)
                        part = await self._told_of(lambda: anext(parts, None))
                except TimeoutError as error:
                    raise self._too_slow(lane.patience(seconds)) from error
                finally:
                    lane.clock = None
                if part is None:
                    return
                lane.hears()
                seconds = self.limits.between
                yield part

    def _too_slow(self, seconds: float) -> ModelUnavailable:
        return self.unavailable("timeout", seconds=f"{seconds:g}")

    async def _told_of(self, action: Callable[[], Awaitable[T]]) -> T:
        """The action's result, with every failure of the connection as one line of ours."""
        import httpx
        import ollama

        try:
            return await action()
        except httpx.TimeoutException as error:
            raise self.unavailable("refused", error=f"> {self.limits.connect:g} s") from error
        except ollama.ResponseError as error:
            raise self._refusal(error) from error
        except json.JSONDecodeError as error:
            raise self.unavailable("not_ollama", error="no JSON") from error
        except (ConnectionError, httpx.ConnectError) as error:
            raise self.unavailable("refused", error=problem(self.language, "no_connection")) from error
        except (httpx.HTTPError, ValueError) as error:
            raise self.unavailable("not_ollama", error=type(error).__name__) from error

    def _refusal(self, error: ollama.ResponseError) -> ModelUnavailable:
        if error.status_code == 404:
            return self.unavailable("missing")
        words = self.told("error", error=" ".join(error.error.split())[:200])
        if error.status_code == _BUSY:
            return ServerBusy(words)
        return (ModelRefused if 400 <= error.status_code < 500 else ModelUnavailable)(words)


def _without_key(request: httpx.Request) -> httpx.Request:
    request.headers.pop("authorization", None)
    return request
