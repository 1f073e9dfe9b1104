"""Has models write, in a process of its own (narrating.py), which is started anew should it end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from explain_log.api import frames
from explain_log.api.problems import Problem
from explain_log.api.workers import ended
from explain_log.errors import ModelUnavailable
from explain_log.narration.display import OnEvent
from explain_log.narration.options import ModelOptions

_LOG = logging.getLogger(__name__)
_START_SECONDS = 60.0


@dataclass(eq=False)
class _Waiting:
    """A narration: where its events go, and its end."""

    on_event: OnEvent
    end: asyncio.Future[tuple[dict[str, Any], list[bytes]]]


@dataclass(frozen=True)
class Narrated:
    """What came of it. report: None where its words are known.  digest: the model's, "" where it did not say all."""

    report: bytes | None
    digest: str


class Narrator:
    """The process."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, _Waiting] = {}

    async def narrate(
        self, report: bytes, options: ModelOptions, on_event: OnEvent, *, answer_only: bool = False,
        known: Iterable[str] = (),
    ) -> Narrated:  # fmt: skip
        """The report in a model's words, unless its digest is among the known ones; with answer_only of sections only
        the answer. on_event is called as by `narrate`, with JSON. Cancelling it closes the streams to the model.

        Raises ModelUnavailable as `narrate` does, and where the process ends over it.
        """
        process = await self._running()
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting(on_event, asyncio.get_running_loop().create_future())
        header = {"id": number, "options": asdict(options), "known": list(known), "answer_only": answer_only}
        try:
            self._send(process, header, [report])
            answer, blobs = await waiting.end
        except asyncio.CancelledError:
            self._send(process, {"id": number, "cancel": True}, [])
            raise
        finally:
            del self._waiting[number]
        if "unavailable" in answer:
            raise ModelUnavailable(answer["unavailable"])
        if "failed" in answer:
            _LOG.error("unexpected %s in a narration", answer["failed"])
            raise ModelUnavailable("an error in explain-log itself; the rules answer")
        return Narrated(blobs[0] if blobs else None, answer["digest"])

    async def start(self) -> None:
        """Starts the process."""
        await self._running()

    async def close(self) -> None:
        """Ends it."""
        if self._process is not None and self._process.returncode is None:
            await ended(self._process)
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    @staticmethod
    def _send(process: asyncio.subprocess.Process, header: dict[str, Any], blobs: list[bytes]) -> None:
        assert process.stdin is not None
        if not process.stdin.is_closing():
            process.stdin.writelines(frames.written(header, blobs))

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None or self._reading is None:
                self._process = await self._started()
                self._reading = asyncio.create_task(self._read(self._process))
            return self._process

    async def _started(self) -> asyncio.subprocess.Process:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "explain_log.api.narrating",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                await frames.receive(process.stdout)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await ended(process)
            raise Problem(
                503, "the service cannot reach models at the moment: try again soon", retry_after=5
            ) from error
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header, blobs = await frames.receive(process.stdout)
                waiting = self._waiting.get(header["id"])
                if waiting is None or waiting.end.done():
                    continue
                if "event" in header:
                    waiting.on_event(header["event"], header["payload"])
                else:
                    waiting.end.set_result((header, blobs))
        self._reading = None
        for waiting in self._waiting.values():
            if not waiting.end.done():
                waiting.end.set_exception(ModelUnavailable("the process that talks to models ended; the rules answer"))
