"""The parts of a running service, and how they start and end."""

from __future__ import annotations

import asyncio
import gc
import logging
from functools import partial

from explain_log.api.explain import Explainer
from explain_log.api.jobs import JobRunner
from explain_log.api.metrics import Metrics
from explain_log.api.narrator import Narrator
from explain_log.api.options import ServiceOptions
from explain_log.api.spool import Spool
from explain_log.api.workers import Workers
from explain_log.store import Jobs, Keys, Reports, Sessions, database_at
from explain_log.store.retention import clean_up

_LOG = logging.getLogger(__name__)
_CLEAN_UP_SECONDS = 60.0
_CHECKPOINT_SECONDS = 2.0


class Service:
    """Everything that routes use."""

    def __init__(self, options: ServiceOptions) -> None:
        self.options = options
        self.database = database = database_at(options.database)
        self.metrics = Metrics()
        self.spool = Spool(options.folder)
        self.reports = Reports(database)
        self.jobs = Jobs(database, self.spool.worker)
        self.keys = Keys(database)
        self.sessions = Sessions(database)
        self.workers = Workers(options.workers, options.parses_waiting, options.parse_seconds)
        self.narrator = Narrator()
        self.explainer = Explainer(options, self.reports, self.workers, self.narrator, self.metrics)
        self.runner = JobRunner(options, self.jobs, self.reports, self.explainer, self.spool, self.metrics)
        for name, queue in (("parse", self.workers.queue), ("model", self.explainer.models)):
            self.metrics.watch(name, partial(getattr, queue, "waiting"), partial(getattr, queue, "running"))
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Opens the database; starts the workers, the narrator, the jobs and the clean-up."""
        await self.database.prepare()
        if self.options.llm:
            await self.narrator.start()
        await self.workers.start()
        await self.runner.start()
        self._loops = [asyncio.create_task(loop) for loop in (self._clean_up(), self._checkpoint())]
        gc.collect()
        gc.freeze()  # what is loaded by now stays; looking through it would stop all requests for a tenth of a second

    def stop_queues(self) -> None:
        """Sends away who waits: the service is about to end."""
        self.explainer.models.close()

    async def close(self) -> None:
        """Ends all; jobs that do not end in time are handed back."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.runner.close(self.options.shutdown_seconds)
        await self.workers.close()
        await self.narrator.close()
        self.spool.close()
        await self.database.close()

    async def _clean_up(self) -> None:
        while True:
            try:
                await clean_up(self.database, self.reports, self.options.days, self.options.store_bytes)
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                _LOG.error("old reports cannot be dropped: %s", type(error).__name__)
            await asyncio.sleep(_CLEAN_UP_SECONDS)

    async def _checkpoint(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT_SECONDS)
            try:
                await self.database.checkpoint()
            except Exception as error:  # noqa: BLE001 - as above
                _LOG.error("the database cannot be tidied: %s", type(error).__name__)
