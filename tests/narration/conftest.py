"""A scripted Ollama server (respx) and the report of the example log."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import httpx
import pytest
import respx

from explain_log.lines import Origin
from explain_log.narration.explain import narrate_now
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import render
from explain_log.pipeline import make_report

EXAMPLE = Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log"
HOST = "http://127.0.0.1:11434"
KV = "fact:loads.1.kv_cache.size_mib"
GOOD = {
    "zh": {"text": "KV 缓存一共 2560 MiB，也就是 2.5 GiB。", "cites": [KV]},
    "en": {"text": "The KV cache takes 2560 MiB, which is 2.5 GiB.", "cites": [KV]},
}
LIE = {
    "zh": {"text": "KV 缓存一共 4096 MiB。", "cites": [KV]},
    "en": {"text": "The KV cache takes 4096 MiB.", "cites": [KV]},
}


PROBES = [render("probe", language, {}) for language in ("zh", "en")]


@lru_cache(maxsize=2)
def example_report(language):
    return make_report([Origin(str(EXAMPLE))], language)


def answer(*statements):
    return json.dumps({"statements": list(statements)}, ensure_ascii=False)


def chat_lines(text, *, size=7, done_reason="stop", prompt_eval_count=None, sent=""):
    """The lines of a streamed answer, a few characters each."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    lines = [{"message": {"role": "assistant", "content": piece}, "done": False} for piece in pieces]
    seen = len(sent) // 2 if prompt_eval_count is None else prompt_eval_count
    end = {"done": True, "done_reason": done_reason, "prompt_eval_count": seen, "eval_count": len(pieces)}
    lines.append({"message": {"role": "assistant", "content": ""}, **end})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@dataclass
class FakeOllama:
    """What the server has and says, and what it was asked.

    probe: what it says to the first short request, which is not among those asked.
    replies: texts, bytes, responses, exceptions or callables in turn; the last is for all further requests.
    """

    router: respx.MockRouter
    tags: list = field(default_factory=lambda: [{"name": "qwen3:8b", "model": "qwen3:8b", "size": 5 << 30}])
    show: dict = field(
        default_factory=lambda: {"capabilities": ["completion"], "model_info": {"q.context_length": 40960}}
    )
    replies: list = field(default_factory=list)
    probe: object = lambda body: answer({"text": "ok", "cites": []})
    probed: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    tagged: int = 0
    running: list = field(default_factory=list)

    def install(self, host=HOST):
        self.router.get(f"{host}/api/tags").mock(side_effect=self._tags)
        self.router.get(f"{host}/api/ps").mock(side_effect=self._ps)
        self.router.post(f"{host}/api/show").mock(side_effect=self._show)
        self.router.post(f"{host}/api/chat").mock(side_effect=self._chat)

    def _tags(self, request):
        self.headers.append(request.headers)
        self.tagged += 1
        return httpx.Response(200, json={"models": self.tags})

    def _ps(self, request):
        self.headers.append(request.headers)
        return httpx.Response(200, json={"models": self.running})

    def _show(self, request):
        self.headers.append(request.headers)
        name = json.loads(request.content)["model"]
        if name.startswith("absent"):
            return httpx.Response(404, json={"error": f"model '{name}' not found"})
        return httpx.Response(200, json=self.show)

    async def _chat(self, request):
        self.headers.append(request.headers)
        body = json.loads(request.content)
        if body["messages"] == PROBES[0] or body["messages"] == PROBES[1]:
            self.probed.append(body)
            reply = self.probe(body)
            return (
                reply
                if isinstance(reply, httpx.Response)
                else httpx.Response(200, content=chat_lines(reply, sent="x" * 400))
            )
        self.asked.append(body)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply = reply(body)
        if asyncio.iscoroutine(reply):
            reply = await reply
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, httpx.Response):
            return reply
        if isinstance(reply, str):
            reply = chat_lines(reply, sent="".join(m["content"] for m in body["messages"]))
        return httpx.Response(200, content=reply)


@dataclass
class Told:
    """The events of a narration."""

    events: list = field(default_factory=list)

    def __call__(self, kind, value):
        self.events.append((kind, value))

    def of(self, kind):
        return [value for name, value in self.events if name == kind]


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """Nothing of the person who runs the tests: neither what is known of models nor keys and hosts."""
    example_report("zh")  # compiles a checkout's knowledge into the folder that is there
    monkeypatch.setenv("EXPLAIN_LOG_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("EXPLAIN_LOG_DATA_DIR", str(tmp_path / "data"))
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ollama():
    with respx.mock(assert_all_called=False) as router:
        fake = FakeOllama(router)
        fake.install()
        yield fake


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def explain(told):
    """Explains the example log with the scripted model."""

    def run(language="zh", keeper=None, **options):
        options = {"parallel": 1, **options}
        return narrate_now(example_report(language), ModelOptions(language=language, **options), told, keeper)

    return run


def model_sentences(explanation):
    return [s for section in explanation.sections for s in section.statements if s.origin == "model"]
