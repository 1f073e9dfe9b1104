"""Server-sent events, and work that ends when its client goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import StreamingResponse

from explain_log.api.problems import Problem

_LOG = logging.getLogger(__name__)
EVENT_STREAM = "text/event-stream"
_KEEP_ALIVE_SECONDS = 15.0

T = TypeVar("T")
Emit = Callable[[str, Any], None]


def event(name: str, data: Any) -> bytes:
    """One event. data: JSON as bytes, or a value."""
    text = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
    return b"event: %b\ndata: %b\n\n" % (name.encode(), text.replace(b"\n", b"\ndata: "))


async def with_client(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; it is cancelled when the client goes. The body must be read already."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Problem(400, "the client went away")  # nobody reads it
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def streamed(work: Callable[[Emit], Awaitable[None]], headers: dict[str, str] | None = None) -> StreamingResponse:
    """Events as they happen. work: is given what emits them; it is cancelled when the client goes.

    A Problem that it raises becomes the event `done` with the field `problem`.
    """
    return StreamingResponse(
        _events(work), media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no", **(headers or {})}
    )


async def _events(work: Callable[[Emit], Awaitable[None]]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(pieces_of(work)) as pieces:
        async for piece in pieces:
            yield b": still there\n\n" if piece is None else event(*piece)


async def pieces_of(work: Callable[[Emit], Awaitable[None]]) -> AsyncGenerator[tuple[str, Any] | None]:
    """What the work emits, as it does; None now and then while nothing comes. Closing it cancels the work.

    A Problem that the work raises is the last piece, "done" with the field `problem`.
    """
    queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()

    def emit(name: str, data: Any) -> None:
        queue.put_nowait((name, data))

    async def run() -> None:
        try:
            await work(emit)
        except Problem as problem:
            emit("done", {"problem": problem.document()})
        except Exception as error:  # noqa: BLE001 - the stream has begun: its end must be told
            _LOG.error("unexpected %s in a stream", type(error).__name__)
            emit("done", {"problem": Problem(500, "an error in explain-log itself").document()})
        finally:
            queue.put_nowait(None)

    task = asyncio.create_task(run())
    try:
        while True:
            try:
                async with asyncio.timeout(_KEEP_ALIVE_SECONDS):
                    piece = await queue.get()
            except TimeoutError:
                yield None
                continue
            if piece is None:
                return
            yield piece
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
