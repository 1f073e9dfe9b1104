"""Group commit: what many requests want to write at the same moment is written in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Collects rows while the batch before is being written. write: gives for each row its error, or None."""

    def __init__(self, write: Callable[[list[T]], Awaitable[list[Exception | None]]], most: int = 500) -> None:
        self._write = write
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, row: T) -> None:
        """Returns when the row is written; raises what its writing raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                errors = await self._write([row for row, _ in batch])
            except Exception as failed:  # noqa: BLE001 - each of those who wait gets it
                errors = [failed] * len(batch)
            for (_, done), error in zip(batch, errors, strict=True):
                if done.done():
                    continue  # who waited has gone; the row stays, as after any answer that nobody read
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
