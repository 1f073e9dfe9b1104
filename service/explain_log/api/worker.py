"""A worker: a process of its own that reads logs and renders reports, one task at a time, until its input ends.

What goes wrong here, also a crash or too much memory, costs one task. It never sees a key and has no network to use.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import Any

from explain_log.api import frames, tasks

MOST_MEMORY_BYTES = 2 << 30
_TASKS_TO_COLLECT = 50


def main() -> None:
    """Works until standard input ends."""
    _limit_itself()
    tasks.warm_up()
    gc.freeze()  # what is loaded now stays: looking through it again and again would take a tenth of the time
    gc.disable()
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints must not get between the frames
    _send(answers, {"ready": True}, [])
    done = 0
    while (frame := frames.read(requests)) is not None:
        _send(answers, *_answer(*frame))
        done += 1
        if not done % _TASKS_TO_COLLECT:
            gc.collect()


def _answer(header: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    from explain_log.errors import InputError

    try:
        return tasks.TASKS[header["task"]](header, blobs)
    except tasks.Refused as error:
        return {"refused": [error.status, str(error)]}, []
    except InputError as error:
        return {"refused": [422, str(error)]}, []
    except MemoryError:
        return {"refused": [413, "this takes more memory than the service has for it: send the part that matters"]}, []
    except Exception as error:  # noqa: BLE001 - told without any of the log's text
        return {"failed": type(error).__name__}, []


def _send(answers: Any, header: dict[str, Any], blobs: list[bytes]) -> None:
    for piece in frames.written(header, blobs):
        view = memoryview(piece)
        while view:
            view = view[answers.write(view) :]


def _limit_itself() -> None:
    """No more memory than this, and no file of it when it crashes."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
