"""One model of an Ollama server: which it is, what it can do, and its answers piece by piece."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from explain_log.errors import ModelOutputError
from explain_log.narration.ability import Ability, Think, known, remember, ways
from explain_log.narration.choice import choose, installed_models, is_remote, think_setting
from explain_log.narration.lanes import Lane
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import Message, prompt_tokens, render
from explain_log.narration.server import ModelRefused, OllamaServer
from explain_log.narration.stream import StatementStream, answer_schema

if TYPE_CHECKING:
    import ollama

ANSWER_TOKENS = 1400
THINKING_TOKENS = 3000
_PROBE_TOKENS = 64
_PROMPT_FACTOR = 1.7
"""Tokens for an estimated one: some tokenizers take a token for each digit."""
_SEEN_AT_LEAST = 0.4
_STEP = 1024


@dataclass(eq=False)
class Usage:
    """What one answer cost."""

    prompt_tokens: int | None = None
    output_tokens: int | None = None


class OllamaModel:
    """A model on a server. digest: "" where the server does not tell.  installed: among how many it was chosen."""

    def __init__(self, server: OllamaServer, options: ModelOptions) -> None:
        self.server = server
        self._options = options
        self.name = ""
        self.digest = ""
        self.installed: int | None = None
        self.ability = Ability()
        self.num_ctx = 4 * _STEP
        self._can_think = False
        self._is_known = False

    def assume(self, name: str) -> bool:
        """Settles on a model without asking the server, to show what would be sent. Whether it is remembered."""
        self.name = self.server.model = name
        remembered = known(self.server.url, name) if name else None
        self.ability = remembered or self.ability
        return remembered is not None

    async def choose(self) -> None:
        """Settles on a model. Raises ModelUnavailable where there is none or it runs elsewhere."""
        tags: dict[str, Any] | None = None
        self.name = self._options.model or ""
        if not self.name:
            tags = await self.server.json("GET", "/api/tags")
            models = [m for m in installed_models(tags) if self._options.allow_remote or not m.is_remote]
            self.name = choose(models) or ""
            self.installed = len(models)
            if not self.name:
                raise self.server.unavailable("none")
        self.server.model = self.name
        self._refuse_remote({})
        shown = await self.server.json("POST", "/api/show", {"model": self.name})
        self._refuse_remote(shown)
        capabilities = shown.get("capabilities") or []
        if capabilities and "completion" not in capabilities:
            raise self.server.unavailable("none")
        facts = shown.get("model_info") or {}
        lengths = [v for key, v in facts.items() if key.endswith(".context_length") and isinstance(v, int)]
        self._can_think = "thinking" in capabilities
        thinks = self._can_think and think_setting(self.name) is not False
        self.ability = Ability(thinks=thinks, context_length=min(lengths, default=None))
        self.digest = _digest(tags or await self.server.json("GET", "/api/tags"), self.name)
        remembered = known(self.server.url, self.name, self.digest) if self.digest else None
        self._is_known = remembered is not None
        self.ability = remembered or self.ability

    def _refuse_remote(self, described: dict[str, Any]) -> None:
        if is_remote(described, self.name) and not self._options.allow_remote:
            raise self.server.unavailable("cloud")

    async def is_loaded(self) -> bool:
        """Whether the server has it in memory, as far as it tells."""
        with contextlib.suppress(Exception):
            running = (await self.server.json("GET", "/api/ps")).get("models") or []
            return any(self.name in (m.get("name"), m.get("model")) for m in running)
        return False

    def make_room(self, prompts: Sequence[list[Message]], at_least: int) -> None:
        """Sets one context size for all prompts: another size would load the model again.

        at_least: the tokens that prompts of this kind may have, so that the size is the same from log to log.
        """
        longest = max(map(prompt_tokens, prompts), default=0)
        wanted = int(max(longest, at_least) * _PROMPT_FACTOR) + 3 * self.answer_tokens
        rounded = -(-wanted // _STEP) * _STEP
        self.num_ctx = min(rounded, self.ability.context_length or rounded)
        if self.num_ctx < longest + self.answer_tokens:
            raise self.server.output_error("cut_prompt", seen=self.num_ctx, sent=longest)

    @property
    def answer_tokens(self) -> int:
        """How long an answer may be."""
        return ANSWER_TOKENS + (THINKING_TOKENS if self.ability.thinks else 0)

    async def probe(self, lane: Lane) -> None:
        """Finds out how to ask it, unless that is remembered."""
        if self._is_known:
            return
        messages = render("probe", self._options.language, {})
        for form, think in ways(can_think=self._can_think, setting=think_setting(self.name)):
            thinks = self._can_think and think is not False
            self.ability = replace(self.ability, format=form, think=think, thinks=thinks)
            if await self._keeps_to_json(messages, lane):
                break
        self._is_known = True
        if self.digest:
            remember(self.server.url, self.name, self.digest, self.ability)

    async def _keeps_to_json(self, messages: list[Message], lane: Lane) -> bool:
        stream = StatementStream()
        room = _PROBE_TOKENS + (THINKING_TOKENS if self.ability.thinks else 0)
        try:
            async with contextlib.aclosing(self.ask(messages, Usage(), lane, room=room)) as pieces:
                async for piece in pieces:
                    stream.feed(piece)
        except (ModelOutputError, ModelRefused):
            return False
        return stream.complete and stream.text.lstrip().startswith("{")

    def request(
        self, messages: Sequence[Message], cites: Sequence[str] = (), *, room: int | None = None
    ) -> dict[str, Any]:
        """The body of a request to `/api/chat`, but for `stream`. cites: what may be cited.  room: for the answer."""
        predict = room or self.answer_tokens
        body: dict[str, Any] = {
            "model": self.name,
            "messages": list(messages),
            "options": {"num_ctx": self.num_ctx, "num_predict": predict, "temperature": 0.2, "seed": 1},
        }
        think: Think = self.ability.think
        optional = {
            "think": think,
            "format": answer_schema(cites) if self.ability.format else None,
            "keep_alive": self._options.keep_alive,
        }
        return body | {name: value for name, value in optional.items() if value is not None}

    async def ask(
        self,
        messages: Sequence[Message],
        usage: Usage,
        lane: Lane,
        cites: Sequence[str] = (),
        *,
        room: int | None = None,
        again: bool = False,
    ) -> AsyncGenerator[str]:
        """The answer piece by piece. Raises ModelUnavailable, ModelOutputError where it was cut.

        cites: what may be cited.  again: the server has seen the beginning of the prompt before, and may count only
        what is new.
        """
        last: ollama.ChatResponse | None = None
        async with contextlib.aclosing(self.server.chat(self.request(messages, cites, room=room), lane)) as parts:
            async for part in parts:
                last = part
                if part.message.content:
                    yield part.message.content
        if last is None:
            raise self.server.output_error("empty")
        usage.prompt_tokens, usage.output_tokens = last.prompt_eval_count, last.eval_count
        sent = prompt_tokens(messages)
        seen = last.prompt_eval_count
        least = 0 if again else _SEEN_AT_LEAST * sent
        if seen is not None and (seen >= self.num_ctx - 1 or seen < least):
            raise self.server.output_error("cut_prompt", seen=seen, sent=sent)
        if last.done_reason == "length":
            raise self.server.output_error("length")


def _digest(tags: dict[str, Any], name: str) -> str:
    """The digest of a model in an answer of `/api/tags`; a name without a tag is `latest`."""
    wanted = {name, name if ":" in name.rpartition("/")[2] else f"{name}:latest"}
    for model in tags.get("models") or []:
        if isinstance(model, dict) and wanted & {model.get("name"), model.get("model")}:
            return str(model.get("digest") or "")
    return ""
