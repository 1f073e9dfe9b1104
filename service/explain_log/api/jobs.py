"""Works on promised reports: takes over what is due, holds its leases, hands back what it cannot finish."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from anyio import to_thread

from explain_log.api.explain import Explained, Explainer, Wanted
from explain_log.api.metrics import Metrics
from explain_log.api.options import ServiceOptions
from explain_log.api.problems import Problem
from explain_log.api.spool import RawLog, Spool, remove
from explain_log.store import ContentGoneError, Job, Jobs, NotKeptError, Reports
from explain_log.store.jobs import LEASE_SECONDS, MOST_TRIES

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_FULL_SECONDS = 5
_LOST_SECONDS = 24 * 3600.0
"""So long a job may wait for the machine that has its raw log."""
_BLOCK_BYTES = 1 << 20


class JobRunner:
    """Works on the jobs of a database, so many at a time."""

    def __init__(
        self,
        options: ServiceOptions,
        jobs: Jobs,
        reports: Reports,
        explainer: Explainer,
        spool: Spool,
        metrics: Metrics,
    ) -> None:
        self._options = options
        self._jobs = jobs
        self._reports = reports
        self._explainer = explainer
        self._spool = spool
        self._metrics = metrics
        self._most = options.workers + 2 * options.model_slots
        self._active: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._open = 0
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins, with what a killed process of this folder left."""
        if self._spool.alone:
            await self._jobs.take_back_from(self._spool.worker)
        self._spool.tidy(await self._jobs.bodies())
        self._loops = [asyncio.create_task(self._look()), asyncio.create_task(self._hold())]

    async def promise(self, log: RawLog, wanted: Wanted) -> str:
        """Takes a log on; gives its report's id. Raises Problem 503 where too many are open."""
        if self._open >= self._options.most_jobs:
            raise Problem(503, "too many reports are waited for: try again later", retry_after=_FULL_SECONDS)
        self._open += 1  # set right at the next look
        path = log.as_job()
        try:
            report_id = await self._jobs.promise(asdict(wanted), self._spool.body_of(path), wanted.owner)
        except BaseException:
            remove(path)
            raise
        self._wake.set()
        return report_id

    async def cancel(self, report_id: str) -> None:
        """Stops work on a report that is not wanted any more."""
        job = await self._jobs.find(report_id)
        if job is not None and job.body:
            remove(self._spool.path_of(job.body))
        task = self._active.get(report_id)
        if task is not None:
            task.cancel()

    async def close(self, seconds: float) -> None:
        """Finishes what ends within the time, and hands back the rest."""
        for loop in self._loops[:1]:
            loop.cancel()
        if self._active:
            await asyncio.wait(self._active.values(), timeout=seconds)
        left = list(self._active)
        for task in list(self._active.values()):
            task.cancel()
        await asyncio.gather(*self._active.values(), return_exceptions=True)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._jobs.hand_back(left)

    async def _look(self) -> None:
        while True:
            try:
                await self._take_over()
                self._open = await self._jobs.open_count()
                await self._jobs.give_up(_LOST_SECONDS, "the machine that had the log is gone: send it again")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                _LOG.error("jobs cannot be read: %s", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    async def _take_over(self) -> None:
        free = self._most - len(self._active)
        for job in await self._jobs.claim(free, f"{self._spool.id}/") if free > 0 else ():
            self._active[job.id] = asyncio.create_task(self._do(job))

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                mine = list(self._active)
                held = await self._jobs.renew(mine)
            except Exception as error:  # noqa: BLE001 - as above
                _LOG.error("leases cannot be renewed: %s", type(error).__name__)
                continue
            for job_id in mine:
                task = self._active.get(job_id)
                if job_id not in held and task is not None:
                    task.cancel()

    async def _do(self, job: Job) -> None:
        outcome = "done"
        try:
            if job.tries > MOST_TRIES:
                raise Problem(500, "the service ended over this log several times: it is not tried again")
            await self._explain(job)
            await self._jobs.finish(job.id)
        except Problem as problem:
            if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:  # it is not the log's fault
                outcome = "handed_back"
                await self._jobs.hand_back([job.id])
            else:
                outcome = "failed"
                await self._failed(job, problem.status, problem.detail)
        except NotKeptError:
            outcome = "deleted"
        except ContentGoneError:
            outcome = "handed_back"
            await self._jobs.hand_back([job.id])
        except asyncio.CancelledError:
            outcome = "handed_back"
            raise
        except Exception as error:  # noqa: BLE001 - told without any of the log's text
            _LOG.error("unexpected %s in a job", type(error).__name__)
            outcome = "failed"
            await self._failed(job, 500, "an error in explain-log itself; the log was not explained")
        finally:
            self._active.pop(job.id, None)
            self._metrics.jobs.labels(outcome).inc()
            self._wake.set()

    async def _failed(self, job: Job, status: int, detail: str) -> None:
        await self._jobs.fail(job.id, status, detail)
        if job.body:
            remove(self._spool.path_of(job.body))

    async def _explain(self, job: Job) -> None:
        wanted = Wanted(**job.options)
        pointer = await self._reports.pointer(job.id)
        if pointer is None:
            raise NotKeptError
        if pointer.content_key is None:
            content_key = await self._read(job, wanted)
            await self._reports.turn(job.id, content_key)
        else:
            content_key = pointer.content_key
        if job.body:
            await self._jobs.parsed(job.id)
            remove(self._spool.path_of(job.body))
        if self._explainer.asks_model(wanted):
            content = await self._reports.content(content_key)
            explained = Explained(content, job.id)
            await self._explainer.by_model(explained, wanted, _nobody_listens, bounded=False)

    async def _read(self, job: Job, wanted: Wanted) -> str:
        log = RawLog(self._options.folder, self._options.most_bytes)
        try:
            await to_thread.run_sync(_read_into, log, self._spool.path_of(job.body))
        except OSError as error:
            raise Problem(500, "the log was lost: send it again") from error
        try:
            log.end()
            key = self._explainer.request_key(log.digest, wanted)
            found = await self._reports.find(key)
            if found is not None:
                return found[0]
            content, _ = await self._explainer.parsed(log, wanted, key, _nobody_listens, bounded=False)
            return await self._reports.keep(content)
        finally:
            log.close()


def _nobody_listens(kind: str, payload: Any) -> None:
    """What happens with a job is seen in its state."""


def _read_into(log: RawLog, path: str) -> None:
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            log.add(block)
