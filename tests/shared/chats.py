"""A stand-in for the REST service, a chat surface that notes what it is told, and servers on loopback."""

import asyncio
import contextlib
import gzip
import json
import socket
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from explain_log.bots.conversation import Conversation
from explain_log.bots.desk import Desk
from explain_log.bots.memory import Memory
from explain_log.bots.run import make_bot
from explain_log.bots.service import ExplainService
from explain_log.bots.settings import Settings
from explain_log.bots.surface import ChatFile, Incoming
from explain_log.pipeline import report_of_text
from explain_log.report import report_json

ROOT = Path(__file__).resolve().parents[2]
LOG = (ROOT / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
REPORT_ID = "0123456789abcdef0123456789abcdef"


def run(main):
    """Runs a test's coroutine to its end."""
    return asyncio.run(main)


@contextlib.asynccontextmanager
async def serving(app, *, lifespan="off"):
    """Serves an app on a free port of loopback; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan=lifespan, ws="none")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@dataclass
class StubService:
    """Answers as the service does. asked: what it was asked; refuse: statuses to answer with first."""

    asked: list = field(default_factory=list)
    refuse: list = field(default_factory=list)
    statements: list = field(default_factory=list)
    pause_seconds: float = 0.0
    has_picture: bool = True
    key: str = ""

    def app(self):
        routes = [
            Route("/v1/explain", self.explain, methods=["POST"]),
            Route("/v1/reports/{id}/ask", self.ask, methods=["POST"]),
            Route("/v1/reports/{id}.png", self.png),
        ]
        return Starlette(routes=routes)

    def refusal(self, request: Request):
        self.key = request.headers.get("authorization", "")
        if not self.refuse:
            return None
        status = self.refuse.pop(0)
        headers = {"Retry-After": "0"} if status in (429, 503) else {}
        problem = {"type": "about:blank", "title": "", "status": status, "detail": "no"}
        return JSONResponse(problem, status, headers, "application/problem+json")

    async def explain(self, request: Request) -> Response:
        refused = self.refusal(request)
        if refused:
            return refused
        async with request.form() as form:
            data = await form["log"].read()
            told = {key: value for key, value in form.items() if key != "log"}
            self.asked.append({"log": data, "name": form["log"].filename, **told})
        text = gzip.decompress(data).decode() if data[:2] == b"\x1f\x8b" else data.decode(errors="replace")
        report = report_json(report_of_text(text, told["language"]))
        report["id"] = REPORT_ID
        return self.stream([("progress", {"stage": "reading", "position": 0}), ("report", report), *self.told(), ("done", {"id": REPORT_ID, "notice": ""})])

    def told(self):
        return [("statement", {"section": "summary", "statement": {"text": text, "cites": [], "origin": "model"}}) for text in self.statements]

    def stream(self, events):
        async def pieces():
            yield b": still there\n\n"
            for kind, data in events:
                await asyncio.sleep(self.pause_seconds)
                yield f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def ask(self, request: Request) -> Response:
        refused = self.refusal(request)
        if refused:
            return refused
        body = await request.json()
        self.asked.append({"report": request.path_params["id"], **body})
        sentence = {"text": f"An answer to: {body['question']}", "cites": [], "origin": "rules"}
        return self.stream([("statement", {"section": "answer", "statement": sentence}), ("done", {"id": "answer", "heading": "", "statements": [sentence], "origin": "rules", "model": None, "notice": ""})])

    async def png(self, request: Request) -> Response:
        return Response(PNG, media_type="image/png") if self.has_picture else Response(status_code=406)


@dataclass
class NotingSurface:
    """A chat that keeps what was said. fail: what calls raise, in turn."""

    pace_seconds: float = 0.0
    said: list = field(default_factory=list)
    fail: list = field(default_factory=list)

    def note(self, *call):
        if self.fail:
            error = self.fail.pop(0)
            if error is not None:
                raise error
        self.said.append(call)

    async def acknowledge(self):
        self.said.append(("acknowledge",))

    async def open(self, card):
        self.note("open", card)

    async def update(self, card):
        self.note("update", card)

    async def close(self, card, picture):
        self.note("close", card, picture)

    def reply_keys(self):
        return ("note:card",)

    @property
    def last(self):
        return self.said[-1][1]


def message(text="", surface=None, files=(), number="1", **values):
    """An incoming message of a test chat."""
    told = {"chat": "c", "sender": "s", "threads": ("note:c",)} | values
    return Incoming(event_id=f"note:{number}", text=text, surface=surface or NotingSurface(), files=list(files), **told)


def file_of(data: bytes, name="server.log"):
    async def fetch(most_bytes):
        return data

    return ChatFile(name, len(data), fetch)


@contextlib.asynccontextmanager
async def bot_over(stub: StubService, name: str, values: dict, **options):
    """A bot of that name with these variables, over the stand-in; gives bot and desk. It is not running yet."""
    async with desk_over(stub, **options) as (desk, memory):
        bot = make_bot(Settings(name, values), desk, memory)
        try:
            yield bot, desk
            await desk.idle()
        finally:
            await bot.close()


@contextlib.asynccontextmanager
async def desk_over(stub: StubService, *, language="en", memory=None, **options):
    """A desk whose conversation talks with the stand-in; gives desk and memory."""
    async with serving(stub.app()) as url:
        memory = memory or Memory()
        service = ExplainService(url, "the-key", "https://logs.example")
        desk = Desk(Conversation(service, memory, language=language), memory, **options)
        try:
            yield desk, memory
            await desk.idle()
        finally:
            await service.close()
            memory.close()
