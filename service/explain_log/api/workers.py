"""The workers of a service: started, asked one task at a time, ended when they take too long, replaced in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import Any

from explain_log.api import frames
from explain_log.api.problems import Problem
from explain_log.api.queues import BoundedQueue, OnPosition

_LOG = logging.getLogger(__name__)
_START_SECONDS = 60.0
_DRAIN_SECONDS = 2.0
_END_SECONDS = 1.0
MOST_TASKS = 2000
"""After so many a worker is replaced: whatever a library leaks goes with it."""

Answer = tuple[dict[str, Any], list[bytes]]


async def ended(process: asyncio.subprocess.Process) -> None:
    """Kills a process. Where its pipe still holds something, asyncio would wait for somebody to read that."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()


class _Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.tasks = 0
        self.broken = False

    async def ask(self, header: dict[str, Any], blobs: list[bytes]) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.tasks += 1
        self._process.stdin.writelines(frames.written(header, blobs))
        await self._process.stdin.drain()
        return await frames.receive(self._process.stdout)

    async def ready(self) -> None:
        assert self._process.stdout is not None
        await frames.receive(self._process.stdout)

    async def end(self) -> None:
        self.broken = True
        await ended(self._process)


class Workers:
    """So many processes. queue: who waits for one."""

    def __init__(self, count: int, most_waiting: int, seconds: float) -> None:
        self.queue = BoundedQueue("a worker", count, most_waiting, 0.05)
        self.seconds = seconds
        self._idle: list[_Worker | None] = [None] * count
        self._all: set[_Worker] = set()
        self._background: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def start(self) -> None:
        """Starts them all."""
        self._idle = list(await asyncio.gather(*(self._started() for _ in self._idle)))

    async def close(self) -> None:
        """Ends them all."""
        self._closing = True
        self.queue.close()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, *(worker.end() for worker in self._all), return_exceptions=True)

    async def do(
        self, header: dict[str, Any], blobs: list[bytes] | None = None, *, seconds: float | None = None,
        on_position: OnPosition | None = None, bounded: bool = True,
    ) -> Answer:  # fmt: skip
        """Has a task done (tasks.py); the answer's header has `waited_seconds`.

        Raises Problem: what the task refuses, 503 where too many wait, 422 where it takes too long.
        """
        place = self.queue.place(on_position, bounded=bounded)
        waited = await place.__aenter__()
        worker = self._idle.pop()
        try:
            if worker is None or worker.broken:
                worker = await self._started()
        except BaseException:
            self._idle.append(None)
            await place.__aexit__(None, None, None)
            raise
        asking = asyncio.create_task(self._asked(worker, header, blobs or [], seconds or self.seconds))
        try:
            answer = await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._in_background(self._drained(asking, worker, place))
            raise
        except BaseException:
            await self._give_back(worker, place)
            raise
        await self._give_back(worker, place)
        answer[0]["waited_seconds"] = waited
        return _checked(answer)

    async def _asked(self, worker: _Worker, header: dict[str, Any], blobs: list[bytes], seconds: float) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                return await worker.ask(header, blobs)
        except TimeoutError as error:
            await worker.end()
            raise Problem(422, f"this takes longer than {seconds:g} s: send the part that matters") from error
        except (asyncio.IncompleteReadError, ConnectionError, OSError) as error:
            await worker.end()
            _LOG.error("a worker ended during the task %s", header["task"])
            raise Problem(422, "this log cannot be read here: a worker ended over it") from error

    async def _drained(self, asking: asyncio.Task[Answer], worker: _Worker, place: Any) -> None:
        """Who asked has gone: a task that ends soon costs no process."""
        done, _ = await asyncio.wait([asking], timeout=_DRAIN_SECONDS)
        if not done:
            await worker.end()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await self._give_back(worker, place)

    async def _give_back(self, worker: _Worker, place: Any) -> None:
        if worker.broken:
            self._all.discard(worker)
            self._idle.insert(0, None)
        elif worker.tasks == MOST_TASKS:
            self._idle.append(worker)
            self._in_background(self._replace(worker))
        else:
            self._idle.append(worker)
        await place.__aexit__(None, None, None)

    async def _replace(self, worn: _Worker) -> None:
        """Puts a new process in a worker's place, once it runs and the old one is idle."""
        new = await self._started()
        while worn not in self._idle:
            if worn.broken:
                await new.end()
                return
            await asyncio.sleep(0.05)
        self._idle[self._idle.index(worn)] = new
        self._all.discard(worn)
        await worn.end()

    async def _started(self) -> _Worker:
        if self._closing:
            raise Problem(503, "the service is stopping: try again soon", retry_after=5)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "explain_log.api.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=_environment(), start_new_session=True,
        )  # fmt: skip
        worker = _Worker(process)
        self._all.add(worker)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker.ready()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            self._all.discard(worker)
            await worker.end()
            raise Problem(503, "no worker could be started: try again soon", retry_after=5) from error
        return worker

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _environment() -> dict[str, str]:
    """Ours, with the modules found as here, without secrets."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("EXPLAIN_LOG_DATABASE", "OLLAMA_API", "OLLAMA_HOST"))
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONDONTWRITEBYTECODE": "1"}


def _checked(answer: Answer) -> Answer:
    header = answer[0]
    if "refused" in header:
        raise Problem(header["refused"][0], header["refused"][1])
    if "failed" in header:
        _LOG.error("unexpected %s in a worker", header["failed"])
        raise Problem(500, "an error in explain-log itself; the log was not explained")
    return answer
