"""The server: real sockets, /api/chat as streamed NDJSON, /api/tags, /api/show, /api/ps, /api/version.

It runs on an event loop in a thread of its own. Answers are cut into pieces of a few characters; a piece takes
`piece_seconds`. What it was asked, and when each answer's first sentence was complete, is kept for the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

from evals.scripted.characters import Character, honest
from evals.scripted.material import is_probe
from evals.scripted.tokens import count_tokens


@dataclass(eq=False)
class Exchange:
    """One request to /api/chat. Times are of time.monotonic(); broken: the client went away."""

    body: dict[str, Any]
    arrived: float
    prompt_tokens: int = 0
    answer: str = ""
    first_sentence: float | None = None
    ended: float | None = None
    broken: bool = False


@dataclass(eq=False)
class ScriptedOllama:
    """Use it as a context; `url` is where it listens.

    parallel: answers at a time, the rest waits; queue: how many may wait before 503.  load_seconds: before the first
    piece of the first answer.  think: the model has the capability; breaks_format: it ignores `format` when it is
    told not to think; piece_characters: how much of an answer comes at once; port: 0 for a free one.
    """

    character: Character = honest
    name: str = "scripted:8b"
    digest: str = "sha256:" + "5c" * 32
    parallel: int = 1
    queue: int = 512
    load_seconds: float = 0.0
    first_seconds: float = 0.0
    piece_seconds: float = 0.0
    piece_characters: int = 6
    think: bool = False
    breaks_format: bool = False
    context_length: int = 40960
    exchanges: list[Exchange] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    url: str = ""

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(started)), daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError("the scripted server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def asked(self) -> list[Exchange]:
        """The requests but for those that try out what the model can do."""
        return [exchange for exchange in self.exchanges if not is_probe(exchange.body)]

    async def _run(self, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._slots = asyncio.Semaphore(self.parallel)
        self._waiting = 0
        self._loaded = not self.load_seconds
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=2048)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        async with server:
            await self._stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.paths.append(f"{method} {path}")
            self.headers.append(headers)
            if path == "/api/chat":
                await self._chat(json.loads(body), reader, writer)
            else:
                self._answer(writer, *self._plain(path, body))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the server is being stopped
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()

    def _plain(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        model = {"name": self.name, "model": self.name, "size": 5 << 30, "digest": self.digest}
        if path == "/api/tags":
            return 200, {"models": [model]}
        if path == "/api/ps":
            return 200, {"models": [model] if self._loaded else []}
        if path == "/api/version":
            return 200, {"version": "0.32.15"}
        if path == "/api/show":
            if json.loads(body).get("model") != self.name:
                return 404, {"error": "model not found"}
            capabilities = ["completion", *(["thinking"] if self.think else [])]
            return 200, {"capabilities": capabilities, "model_info": {"scripted.context_length": self.context_length}}
        return 404, {"error": "not found"}

    @staticmethod
    def _answer(writer: asyncio.StreamWriter, status: int, value: dict[str, Any]) -> None:
        content = json.dumps(value).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + content
        )

    async def _chat(self, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(body, time.monotonic())
        self.exchanges.append(exchange)
        if self._slots.locked() and self._waiting >= self.queue:
            self._answer(writer, 503, {"error": "server busy, please try again. maximum pending requests exceeded"})
            return
        gone = asyncio.create_task(reader.read())
        writing = asyncio.create_task(self._write(exchange, writer))
        await asyncio.wait({gone, writing}, return_when=asyncio.FIRST_COMPLETED)
        exchange.broken = not writing.done()
        for task in (gone, writing):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task
        exchange.ended = time.monotonic()

    async def _write(self, exchange: Exchange, writer: asyncio.StreamWriter) -> None:
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
                b"Connection: close\r\n\r\n"
            )
            async for piece in self._pieces(exchange):
                line = json.dumps(piece, ensure_ascii=False).encode() + b"\n"
                writer.write(b"%x\r\n%s\r\n" % (len(line), line))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
        finally:
            self._slots.release()

    async def _pieces(self, exchange: Exchange) -> AsyncIterator[dict[str, Any]]:
        if not self._loaded:
            await asyncio.sleep(self.load_seconds)
            self._loaded = True
        if self.first_seconds:
            await asyncio.sleep(self.first_seconds)
        body = exchange.body
        ignores = self.breaks_format and body.get("think") is False
        exchange.answer = "Fine." if ignores else self.character(body)
        exchange.prompt_tokens = sum(count_tokens(message["content"]) for message in body["messages"])
        written = 0
        for at in range(0, len(exchange.answer), self.piece_characters):
            if self.piece_seconds:
                await asyncio.sleep(self.piece_seconds)
            written = at + self.piece_characters
            if exchange.first_sentence is None and "}" in exchange.answer[:written].partition('"cites"')[2]:
                exchange.first_sentence = time.monotonic()
            piece = {"role": "assistant", "content": exchange.answer[at:written]}
            yield {"model": self.name, "message": piece, "done": False}
        yield {
            "model": self.name,
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": exchange.prompt_tokens,
            "eval_count": max(1, count_tokens(exchange.answer)),
        }
