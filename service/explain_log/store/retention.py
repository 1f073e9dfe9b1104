"""Drops what is too old, and beyond a size what was not used for longest."""

from __future__ import annotations

from sqlalchemy import delete, func, not_, or_, select

from explain_log.store.database import Database
from explain_log.store.jobs import FAILED
from explain_log.store.reports import Reports, drop_unused
from explain_log.store.tables import contents, jobs, logs, pointers, sessions

DAY_SECONDS = 24 * 3600.0
_AT_A_TIME = 200
_FAILED_DAYS = 1.0
_POINTER_BYTES = 200
_LEFT = 0.9
"""Of the size limit is what a clean-up leaves, so that it does not run for every report."""


async def clean_up(database: Database, reports: Reports, most_days: float, most_bytes: int) -> int:
    """Drops what is beyond the limits; gives how many reports' ids went."""
    dropped = 0
    while gone := await _drop_old(database, reports, most_days):
        dropped += gone
    if await kept_bytes(database) > most_bytes:
        while (excess := await kept_bytes(database) - most_bytes * _LEFT) > 0:
            gone = await _drop_unused_longest(database, reports, excess)
            if not gone:
                break
            dropped += gone
    return dropped


async def kept_bytes(database: Database) -> int:
    """What reports, logs and ids take, about."""
    of_contents = select(func.coalesce(func.sum(contents.c.size), 0)).scalar_subquery()
    of_logs = select(func.coalesce(func.sum(logs.c.size), 0)).scalar_subquery()
    of_pointers = select(func.count() * _POINTER_BYTES).select_from(pointers).scalar_subquery()
    async with database.reading() as connection:
        return int(await connection.scalar(select(of_contents + of_logs + of_pointers)) or 0)


async def _drop_old(database: Database, reports: Reports, most_days: float) -> int:
    """Some of the ids that are too old, and contents that nothing points to since a process was killed."""
    now = database.now()
    async with database.writing() as connection:
        await connection.execute(delete(sessions).where(sessions.c.until < now))
        failed = select(jobs.c.id).where(jobs.c.state == FAILED, jobs.c.made < now - _FAILED_DAYS * DAY_SECONDS)
        old = or_(pointers.c.made < now - most_days * DAY_SECONDS, pointers.c.id.in_(failed.scalar_subquery()))
        in_work = select(jobs.c.id).where(jobs.c.state != FAILED).scalar_subquery()
        due = select(pointers.c.id).where(old, not_(pointers.c.id.in_(in_work))).limit(_AT_A_TIME)
        ids = list((await connection.execute(due)).scalars())
        await connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
        rows = await connection.execute(
            delete(pointers).where(pointers.c.id.in_(ids)).returning(pointers.c.content_key)
        )
        keys = {row.content_key for row in rows if row.content_key}
        lost = select(contents.c.key).where(
            contents.c.made < now - DAY_SECONDS,
            ~select(pointers.c.id).where(pointers.c.content_key == contents.c.key).exists(),
        )
        keys |= set((await connection.execute(lost.limit(_AT_A_TIME))).scalars())
        gone = await drop_unused(connection, sorted(keys))
    for key in gone:
        reports.forget(key)
    return len(ids)


async def _drop_unused_longest(database: Database, reports: Reports, excess: float) -> int:
    """Some of the contents that were not used for longest, with their ids, as many as it takes to free so much."""
    async with database.writing() as connection:
        in_work = select(jobs.c.id).where(jobs.c.state != FAILED).scalar_subquery()
        held = select(pointers.c.content_key).where(pointers.c.id.in_(in_work), pointers.c.content_key.is_not(None))
        free = select(contents.c.key, contents.c.size + logs.c.size).join(logs)
        free = free.where(not_(contents.c.key.in_(held.scalar_subquery()))).order_by(contents.c.used)
        keys = []
        for key, size in (await connection.execute(free.limit(_AT_A_TIME))).all():
            if excess > 0:
                keys.append(key)
                excess -= size + _POINTER_BYTES
        going = delete(pointers).where(pointers.c.content_key.in_(keys)).returning(pointers.c.id)
        ids = (await connection.execute(going)).all()
        gone = await drop_unused(connection, keys)
    for key in gone:
        reports.forget(key)
    return max(len(ids), len(gone))
