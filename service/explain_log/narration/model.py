"""Asks an Ollama server: explicit host and time-outs, nothing leaves the machine unless allowed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from explain_log.briefing import estimate_tokens
from explain_log.errors import ModelOutputError, ModelUnavailable
from explain_log.narration.choice import choose, installed_models, is_remote, think_setting
from explain_log.narration.host import base_url, is_loopback
from explain_log.narration.prompts import problem
from explain_log.narration.stream import answer_schema

if TYPE_CHECKING:
    import httpx
    import ollama

ANSWER_TOKENS = 1400
THINKING_TOKENS = 3000
_KEEP_ALIVE = "10m"
_PROMPT_FACTOR = 1.7
"""Tokens for an estimated one: some tokenizers take a token for each digit."""
_SEEN_AT_LEAST = 0.4
_STEP = 1024

T = TypeVar("T")
Message = dict[str, str]

_WITHOUT_THINK: set[tuple[str, str]] = set()
"""(host, model) that ignore `format` when `think` is given, as found out: ollama#14850, #15260."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds: to connect, until the first piece (a model may be loading), between pieces, for all."""

    connect: float = 5.0
    first: float = 300.0
    between: float = 60.0
    total: float = 600.0


@dataclass(eq=False)
class Usage:
    """What one answer cost."""

    prompt_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(eq=False)
class OllamaModel:
    """A model on a server, for the time of one explanation. Use it as an async context."""

    host: str
    language: str
    allow_remote: bool = False
    limits: TimeLimits = field(default_factory=TimeLimits)
    name: str = ""
    context_length: int | None = None
    thinks: bool = False
    num_ctx: int = 4 * _STEP

    def __post_init__(self) -> None:
        self.url = base_url(self.host, self.language)
        self.is_local = is_loopback(self.url)
        if not self.is_local and not self.allow_remote:
            raise self._unavailable("remote")

    async def __aenter__(self) -> Self:
        import httpx
        import ollama

        limits = httpx.Timeout(self.limits.first, connect=self.limits.connect)
        # A proxy of the environment must not see what stays on this machine; a redirect could leave it.
        self._http = httpx.AsyncClient(base_url=self.url, timeout=limits, trust_env=not self.is_local)
        self._client = ollama.AsyncClient(
            host=self.url,
            timeout=limits,
            follow_redirects=False,
            trust_env=not self.is_local,
            auth=None if self._may_have_key() else _without_key,
        )
        self._open = contextlib.AsyncExitStack()
        await self._open.enter_async_context(self._http)
        await self._open.enter_async_context(self._client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def _may_have_key(self) -> bool:
        """OLLAMA_API_KEY is for Ollama's own service; the client would send it to any host."""
        return not self.is_local and self.url.startswith("https://")

    def _unavailable(self, text: str, **names: object) -> ModelUnavailable:
        given: dict[str, object] = {"host": self.url, "model": self.name, **names}
        return ModelUnavailable(problem(self.language, text, **given))

    def output_error(self, text: str, **names: object) -> ModelOutputError:
        """The error for an answer that cannot be used."""
        return ModelOutputError(problem(self.language, text, host=self.url, model=self.name, **names))

    async def choose(self, wanted: str | None) -> None:
        """Settles on a model. Raises ModelUnavailable where there is none or it runs elsewhere."""
        if wanted:
            self.name = wanted
        else:
            models = installed_models(await self._json("GET", "/api/tags"))
            self.name = choose(m for m in models if self.allow_remote or not m.is_remote) or ""
            if not self.name:
                raise self._unavailable("none")
        if is_remote({}, self.name) and not self.allow_remote:
            raise self._unavailable("cloud")
        await self._look_at(await self._json("POST", "/api/show", {"model": self.name}))

    async def _look_at(self, shown: dict[str, Any]) -> None:
        """Reads what the server says about the model."""
        if is_remote(shown, self.name) and not self.allow_remote:
            raise self._unavailable("cloud")
        capabilities = shown.get("capabilities") or []
        if capabilities and "completion" not in capabilities:
            raise self._unavailable("none")
        self.thinks = "thinking" in capabilities
        facts = shown.get("model_info") or {}
        lengths = [v for key, v in facts.items() if key.endswith(".context_length") and isinstance(v, int)]
        self.context_length = min(lengths, default=None)

    def make_room(self, prompts: list[str]) -> None:
        """Sets one context size for all prompts: another size would load the model again."""
        longest = max(map(estimate_tokens, prompts), default=0)
        wanted = int(longest * _PROMPT_FACTOR) + 3 * self.answer_tokens
        rounded = -(-wanted // _STEP) * _STEP
        self.num_ctx = min(rounded, self.context_length or rounded)
        if self.num_ctx < longest + self.answer_tokens:
            raise self.output_error("cut_prompt", seen=self.num_ctx, sent=longest)

    @property
    def answer_tokens(self) -> int:
        """How long an answer may be."""
        return ANSWER_TOKENS + (THINKING_TOKENS if self.thinks and not self._sends_no_thoughts() else 0)

    def _sends_no_thoughts(self) -> bool:
        return (self.url, self.name) not in _WITHOUT_THINK and think_setting(self.name) is False

    def stop_asking_not_to_think(self) -> bool:
        """Remembers that this model ignores `format` when told not to think; False where it was not told."""
        key = (self.url, self.name)
        if not self.thinks or key in _WITHOUT_THINK:
            return False
        _WITHOUT_THINK.add(key)
        return True

    async def ask(self, messages: list[Message], usage: Usage) -> AsyncGenerator[str]:
        """The answer piece by piece. Raises ModelUnavailable, ModelOutputError where it was cut."""
        think = think_setting(self.name) if self.thinks and (self.url, self.name) not in _WITHOUT_THINK else None
        options = {"num_ctx": self.num_ctx, "num_predict": self.answer_tokens, "temperature": 0.2, "seed": 1}
        stream = await self._within(
            self.limits.first,
            lambda: self._client.chat(
                self.name, messages, stream=True, think=think, format=answer_schema(), options=options,
                keep_alive=_KEEP_ALIVE,
            ),
        )  # fmt: skip
        wait = self.limits.first
        last: ollama.ChatResponse | None = None
        async with contextlib.aclosing(cast("AsyncGenerator[ollama.ChatResponse]", stream)) as parts:
            while (part := await self._within(wait, lambda: anext(parts, None))) is not None:
                wait, last = self.limits.between, part
                if part.message.content:
                    yield part.message.content
        self._check_end(last, messages, usage)

    def _check_end(self, last: ollama.ChatResponse | None, messages: list[Message], usage: Usage) -> None:
        """Whether the answer ended by itself and the whole prompt was seen."""
        if last is None:
            raise self.output_error("empty")
        usage.prompt_tokens, usage.output_tokens = last.prompt_eval_count, last.eval_count
        sent = estimate_tokens("".join(message["content"] for message in messages))
        seen = last.prompt_eval_count
        if seen is not None and (seen >= self.num_ctx - 1 or seen < _SEEN_AT_LEAST * sent):
            raise self.output_error("cut_prompt", seen=seen, sent=sent)
        if last.done_reason == "length":
            raise self.output_error("length")

    async def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async def request() -> httpx.Response:
            return await self._http.request(method, path, json=body)

        response = await self._within(self.limits.between, request)
        if response.status_code == 404 and path == "/api/show":
            raise self._unavailable("missing")
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.status_code != 200 or not isinstance(answer, dict):
            raise self._unavailable("not_ollama", error=f"HTTP {response.status_code}")
        return answer

    async def _within(self, seconds: float, action: Callable[[], Awaitable[T]]) -> T:
        """The action's result, with every failure of the connection as one line of ours."""
        import httpx
        import ollama

        try:
            async with asyncio.timeout(seconds):
                return await action()
        except (TimeoutError, httpx.TimeoutException) as error:
            if isinstance(error, httpx.ConnectTimeout):
                raise self._unavailable("refused", error=f"> {self.limits.connect:g} s") from error
            raise self._unavailable("timeout", seconds=f"{seconds:g}") from error
        except ollama.ResponseError as error:
            if error.status_code == 404:
                raise self._unavailable("missing") from error
            raise self._unavailable("error", error=_one_line(error.error)) from error
        except json.JSONDecodeError as error:
            raise self._unavailable("not_ollama", error="no JSON") from error
        except (ConnectionError, httpx.ConnectError) as error:
            raise self._unavailable("refused", error=problem(self.language, "no_connection")) from error
        except (httpx.HTTPError, ValueError) as error:
            raise self._unavailable("not_ollama", error=type(error).__name__) from error


def _without_key(request: httpx.Request) -> httpx.Request:
    request.headers.pop("authorization", None)
    return request


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def default_host() -> str:
    """OLLAMA_HOST, or this machine."""
    return os.environ.get("OLLAMA_HOST", "")
