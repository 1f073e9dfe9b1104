"""The process that talks to models: judging their sentences must not hold up requests that want no model.

Requests come in on standard input and events go out on standard output, as frames with the id of their request.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
from typing import Any

from explain_log.api import frames
from explain_log.api.tasks import report_bytes, report_of
from explain_log.briefing import ANSWER
from explain_log.errors import ModelUnavailable
from explain_log.facts.models import as_json
from explain_log.narration.explain import narrate
from explain_log.narration.explanation import Explanation
from explain_log.narration.options import ModelOptions, TimeLimits
from explain_log.report import Report

_NICENESS = 5
_LIMIT_BYTES = 1 << 26


async def main() -> None:
    """Narrates until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(_LIMIT_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints must not get between the frames
    narrations = _Narrations(answers)
    narrations.send({"ready": True}, [])
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            header, blobs = await frames.receive(reader)
            narrations.take(header, blobs)
    narrations.cancel_all()


class _Narrations:
    """What is being narrated."""

    def __init__(self, answers: Any) -> None:
        self._answers = answers
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def take(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        number = header["id"]
        if header.get("cancel"):
            task = self._tasks.get(number)
            if task is not None:
                task.cancel()
            return
        self._tasks[number] = asyncio.create_task(self._narrate(number, header, blobs[0]))

    def cancel_all(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    def send(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        view = memoryview(b"".join(frames.written(header, blobs)))
        while view:
            view = view[self._answers.write(view) :]

    async def _narrate(self, number: int, header: dict[str, Any], data: bytes) -> None:
        def on_event(kind: str, payload: Any) -> None:
            shown = [payload[0], as_json(payload[1])] if kind == "sentence" else as_json(payload)
            self.send({"id": number, "event": kind, "payload": shown}, [])

        try:
            report, options = report_of(data), _options(header["options"])
            sections = report.explanation.sections if report.explanation is not None else []
            answers = [section for section in sections if section.id == ANSWER and not options.question]
            if report.explanation is not None:
                kept = [] if header["answer_only"] else [section for section in sections if section.id != ANSWER]
                report.explanation.sections = kept
            keeper = _Keeper(header["known"])
            report.explanation = await narrate(report, options, on_event, keeper)
            report.explanation.sections[:0] = answers
            told = {"id": number, "digest": keeper.digest, "known": keeper.knows}
            self.send(told, [] if keeper.knows else [report_bytes(report)])
        except ModelUnavailable as error:
            self.send({"id": number, "unavailable": " ".join(str(error).split())}, [])
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - told without any of the log's text
            self.send({"id": number, "failed": type(error).__name__}, [])
        finally:
            del self._tasks[number]


class _Keeper:
    """Keeps nothing here: says which model it is, so that the service finds or keeps what it said in its own store.

    known: digests of the models that have said it.  digest: the model's, where it has said it before or says it whole.
    """

    def __init__(self, known: list[str]) -> None:
        self._known = known
        self.digest = ""
        self.knows = False

    def find(self, _report: Report, model: str, digest: str, options: ModelOptions) -> Explanation | None:
        self.knows = digest in self._known
        if not self.knows:
            return None
        self.digest = digest
        return Explanation(options.language, "model", model, [], [])

    def keep(self, _explanation: Explanation, _report: Report, digest: str, _options: ModelOptions) -> None:
        self.digest = digest


def _options(values: dict[str, Any]) -> ModelOptions:
    return ModelOptions(**{**values, "limits": TimeLimits(**values["limits"])})


if __name__ == "__main__":
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    gc.collect()
    gc.freeze()
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(main())
