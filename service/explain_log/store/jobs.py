"""Reports that were promised: rows that outlive the process, each worked on by who holds its lease."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from explain_log.store.batches import Batches
from explain_log.store.database import Database
from explain_log.store.reports import new_id
from explain_log.store.tables import jobs, pointers

LEASE_SECONDS = 30.0
MOST_TRIES = 3
"""A job that took its worker along so often is not tried again."""
_STEP_SECONDS = 2e-6
"""So far apart are jobs of one process at least: their order is that of their times."""
QUEUED, RUNNING, FAILED = "queued", "running", "failed"


@dataclass(frozen=True)
class Job:
    """A promised report. options: how to explain it.  body: the file of the raw log, "" once it is parsed.

    status, detail: why it failed.  tries: how often it was begun.
    """

    id: str
    state: str
    options: dict[str, Any]
    body: str
    made: float
    tries: int
    status: int
    detail: str


class Jobs:
    """The jobs of a database. worker: who holds the leases that are taken here."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker
        self._last = 0.0
        self._promised: Batches[dict[str, Any]] = Batches(self._insert)

    async def promise(self, options: dict[str, Any], body: str, owner: str) -> str:
        """Takes a job on; gives the id of its report."""
        row = {"id": new_id(), "options": json.dumps(options), "body": body, "owner": owner}
        await self._promised.add(row)
        return str(row["id"])

    async def _insert(self, rows: list[dict[str, Any]]) -> list[Exception | None]:
        now = self._last = max(self._database.now(), self._last + len(rows) * _STEP_SECONDS)
        of_pointers = [
            {"id": row["id"], "content_key": None, "owner": row["owner"], "made": now, "notice": ""} for row in rows
        ]
        fresh = {"state": QUEUED, "lease_by": "", "lease_until": 0.0, "tries": 0, "status": 0, "detail": ""}
        of_jobs = [
            {
                "id": row["id"],
                "options": row["options"],
                "body": row["body"],
                "made": now - (len(rows) - place) * _STEP_SECONDS,
                **fresh,
            }
            for place, row in enumerate(rows)
        ]
        async with self._database.writing() as connection:
            await connection.execute(insert(pointers), of_pointers)
            await connection.execute(insert(jobs), of_jobs)
        return [None] * len(rows)

    async def claim(self, most: int, visible: str) -> list[Job]:
        """Takes over the oldest jobs that nobody works on.

        visible: how the raw logs begin that can be read here; a job whose log lies elsewhere is left to others.
        """
        now = self._database.now()
        free = or_(jobs.c.state == QUEUED, and_(jobs.c.state == RUNNING, jobs.c.lease_until < now))
        here = or_(jobs.c.body == "", func.substr(jobs.c.body, 1, len(visible)) == visible)
        oldest = select(jobs.c.id).where(free, here).order_by(jobs.c.made, jobs.c.id).limit(most)
        if not self._database.is_sqlite:
            oldest = oldest.with_for_update(skip_locked=True)
        taken = (
            update(jobs)
            .where(jobs.c.id.in_(oldest.scalar_subquery()))
            .values(state=RUNNING, lease_by=self._worker, lease_until=now + LEASE_SECONDS, tries=jobs.c.tries + 1)
            .returning(jobs)
        )
        async with self._database.writing() as connection:
            rows = (await connection.execute(taken)).all()
        return sorted(map(_job, rows), key=lambda job: job.made)

    async def renew(self, ids: list[str]) -> set[str]:
        """Holds on to leases; gives the ids that are still held here: others were deleted or taken over."""
        if not ids:
            return set()
        held = and_(jobs.c.id.in_(ids), jobs.c.lease_by == self._worker, jobs.c.state == RUNNING)
        until = self._database.now() + LEASE_SECONDS
        async with self._database.writing() as connection:
            rows = await connection.execute(update(jobs).where(held).values(lease_until=until).returning(jobs.c.id))
            return {row.id for row in rows}

    async def parsed(self, job_id: str) -> None:
        """Its raw log is not needed any more."""
        await self._set(job_id, body="")

    async def finish(self, job_id: str) -> None:
        """The report is there."""
        async with self._database.writing() as connection:
            await connection.execute(delete(jobs).where(jobs.c.id == job_id))

    async def fail(self, job_id: str, status: int, detail: str) -> None:
        """It cannot be done: the problem that its report's address will answer."""
        await self._set(job_id, state=FAILED, status=status, detail=detail, body="", lease_until=0.0)

    async def give_up(self, seconds: float, detail: str) -> int:
        """Fails jobs whose raw log nobody has read for so long; how many there were."""
        old = and_(jobs.c.body != "", jobs.c.state == QUEUED, jobs.c.made < self._database.now() - seconds)
        values: dict[str, Any] = {"state": FAILED, "status": 500, "detail": detail, "body": ""}
        async with self._database.reading() as connection:
            if not await connection.scalar(select(func.count()).select_from(jobs).where(old)):
                return 0
        async with self._database.writing() as connection:
            return (await connection.execute(update(jobs).where(old).values(values))).rowcount

    async def hand_back(self, ids: list[str]) -> None:
        """Lets others do them; not a try."""
        if ids:
            mine = and_(jobs.c.id.in_(ids), jobs.c.lease_by == self._worker, jobs.c.state == RUNNING)
            values: dict[str, Any] = {"state": QUEUED, "lease_by": "", "lease_until": 0.0, "tries": jobs.c.tries - 1}
            async with self._database.writing() as connection:
                await connection.execute(update(jobs).where(mine).values(values))

    async def take_back_from(self, worker: str) -> int:
        """Frees what a process held that is surely gone."""
        values: dict[str, Any] = {"state": QUEUED, "lease_by": "", "lease_until": 0.0}
        held = and_(jobs.c.lease_by == worker, jobs.c.state == RUNNING)
        async with self._database.writing() as connection:
            return (await connection.execute(update(jobs).where(held).values(values))).rowcount

    async def find(self, job_id: str) -> Job | None:
        """A job that is not done, or failed."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).first()
        return None if row is None else _job(row)

    async def position(self, job: Job) -> int:
        """How many go before it: 0 while it is being worked on."""
        if job.state != QUEUED:
            return 0
        before = or_(jobs.c.made < job.made, and_(jobs.c.made == job.made, jobs.c.id < job.id))
        query = select(func.count()).select_from(jobs).where(jobs.c.state == QUEUED, before)
        async with self._database.reading() as connection:
            return int(await connection.scalar(query) or 0) + 1

    async def open_count(self) -> int:
        """How many are not done."""
        async with self._database.reading() as connection:
            query = select(func.count()).select_from(jobs).where(jobs.c.state != FAILED)
            return int(await connection.scalar(query) or 0)

    async def bodies(self) -> set[str]:
        """The files of raw logs that jobs still need."""
        async with self._database.reading() as connection:
            return set((await connection.execute(select(jobs.c.body).where(jobs.c.body != ""))).scalars())

    async def _set(self, job_id: str, **values: Any) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def _job(row: Any) -> Job:
    return Job(row.id, row.state, json.loads(row.options), row.body, row.made, row.tries, row.status, row.detail)
