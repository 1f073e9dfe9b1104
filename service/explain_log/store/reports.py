"""Reports: kept once by content, found by random ids, dropped when the last id goes."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, delete, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from explain_log.store.batches import Batches
from explain_log.store.content import Content, ContentGoneError, Kept, NotKeptError, Pointer
from explain_log.store.database import Database
from explain_log.store.packing import packed, unpacked
from explain_log.store.tables import contents, jobs, log_lines, logs, pointers

REMEMBERED_BYTES = 48 << 20
"""So much of what was asked for lately is held in memory."""
_USED_SECONDS = 3600.0
_MOST_KEPT = 50


def new_id() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


class Reports:
    """The reports of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pointing: Batches[dict[str, Any]] = Batches(self._insert_pointers)
        self._keeping: Batches[Kept] = Batches(self._insert_kept, _MOST_KEPT)
        self._lately: OrderedDict[str, tuple[str, Content]] = OrderedDict()  # by request key and by content key
        self._bytes = 0

    async def find(self, request_key: str) -> tuple[str, Content] | None:
        """What was answered to the same request: the content's key, and the content."""
        known = self._lately.get(request_key)
        if known is not None:
            self._lately.move_to_end(request_key)
            return known
        return await self._select(contents.c.request_key == request_key)

    def remembers(self, request_key: str) -> bool:
        """Whether the answer to a request is in memory."""
        return request_key in self._lately

    async def endings(self, log_key: str, start: str) -> list[str]:
        """How request keys that begin so go on, of the contents of a log."""
        query = select(contents.c.request_key).where(contents.c.log_key == log_key)
        async with self._database.reading() as connection:
            keys = [row.request_key or "" for row in await connection.execute(query)]
        return [key.removeprefix(start) for key in keys if key.startswith(start)]

    async def content(self, key: str) -> Content:
        """The content of a key. Raises NotKeptError."""
        known = self._lately.get(key) or await self._select(contents.c.key == key)
        if known is None:
            raise NotKeptError
        return known[1]

    async def _select(self, condition: Any) -> tuple[str, Content] | None:
        query = select(contents, logs.c.last_line).join(logs).where(condition)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        found = Content(unpacked(row.report), row.language, row.log_key, row.request_key, None, [], row.last_line)
        found.other = None if row.other is None else unpacked(row.other)
        found.used = row.used
        self._remember(row.key, found)
        return row.key, found

    async def keep(self, content: Content) -> str:
        """Keeps a content, which may be there already; gives its key. Something must point to it soon."""
        return await self._keep(content, None)

    async def keep_and_point(self, content: Content, owner: str) -> str:
        """Keeps a content and gives a new id for it."""
        made = self._database.now()
        pointer = {"id": new_id(), "content_key": content.key, "owner": owner, "made": made, "notice": ""}
        await self._keep(content, pointer)
        return str(pointer["id"])

    async def _keep(self, content: Content, pointer: dict[str, Any] | None) -> str:
        await self._keeping.add(Kept(content, content.key, self._database.now(), pointer))
        content.used, content.lines = self._database.now(), []
        self._remember(content.key, content)
        return content.key

    async def _insert_kept(self, rows: list[Kept]) -> list[Exception | None]:
        """Many in one transaction; where one of them fails, each in its own."""
        lines = [line for row in rows for line in row.of_lines()]
        pointed = [row.pointer for row in rows if row.pointer is not None]
        try:
            async with self._database.writing() as connection:
                await connection.execute(self._insert(logs), [row.of_log() for row in rows])
                if lines:
                    await connection.execute(self._insert(log_lines), lines)
                await connection.execute(self._insert(contents), [row.of_content() for row in rows])
                if pointed:
                    await connection.execute(insert(pointers), pointed)
        except IntegrityError as error:
            if len(rows) > 1:
                return [(await self._insert_kept([row]))[0] for row in rows]
            if rows[0].content.request_key is None:
                return [error]
            rows[0].content.request_key = None  # another content answers that request already
            return await self._insert_kept(rows)
        return [None] * len(rows)

    def _insert(self, table: Table) -> Any:
        """Inserts what is not there yet."""
        make = sqlite_insert if self._database.is_sqlite else postgresql_insert
        return make(table).on_conflict_do_nothing()

    async def set_other(self, key: str, content: Content, other: bytes) -> None:
        """Adds the report in the other language to a content."""
        content.other = other
        self._remember(key, content)
        row = update(contents).where(contents.c.key == key)
        async with self._database.writing() as connection:
            await connection.execute(row.values(other=packed(other), size=contents.c.size + len(packed(other))))

    async def point(self, content_key: str, owner: str, notice: str = "") -> str:
        """A new id for a content. Raises NotKeptError where that was dropped meanwhile."""
        made = self._database.now()
        row = {"id": new_id(), "content_key": content_key, "owner": owner, "made": made, "notice": notice}
        await self._pointing.add(row)
        return str(row["id"])

    async def _insert_pointers(self, rows: list[dict[str, Any]]) -> list[Exception | None]:
        """Many in one transaction; where one of them fails, each in its own."""
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(pointers), rows)
                await self._note_use(connection, {row["content_key"] for row in rows})
        except IntegrityError:
            if len(rows) > 1:
                return [(await self._insert_pointers([row]))[0] for row in rows]
            self.forget(rows[0]["content_key"])
            return [NotKeptError()]
        return [None] * len(rows)

    async def _note_use(self, connection: AsyncConnection, keys: Iterable[str]) -> None:
        """Remembers, hourly, that contents are used: the size limit drops others first."""
        now = self._database.now()
        for key in keys:
            known = self._lately.get(key)
            if known is not None and known[1].used < now - _USED_SECONDS:
                known[1].used = now
                await connection.execute(update(contents).where(contents.c.key == key).values(used=now))

    async def turn(self, report_id: str, content_key: str, notice: str = "") -> None:
        """Makes an id point to another content, and drops what it pointed to if nothing else does.

        Raises NotKeptError where the id is gone, ContentGoneError where the content is.
        """
        try:
            async with self._database.writing() as connection:
                before = await connection.scalar(select(pointers.c.content_key).where(pointers.c.id == report_id))
                row = update(pointers).where(pointers.c.id == report_id).values(content_key=content_key, notice=notice)
                there = bool((await connection.execute(row)).rowcount)
                unused = [before] if there and before is not None and before != content_key else []
                gone = await drop_unused(connection, unused if there else [content_key])
        except IntegrityError as error:
            self.forget(content_key)
            raise ContentGoneError from error
        self._forget_all(gone)
        if not there:
            raise NotKeptError

    async def note(self, report_id: str, notice: str) -> None:
        """Says with a report how it came about."""
        async with self._database.writing() as connection:
            await connection.execute(update(pointers).where(pointers.c.id == report_id).values(notice=notice))

    async def pointer(self, report_id: str) -> Pointer | None:
        """What an id stands for."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(pointers).where(pointers.c.id == report_id))).first()
        return None if row is None else Pointer(row.id, row.content_key, row.owner, row.made, row.notice)

    async def delete(self, report_id: str) -> bool:
        """Drops an id, its job, and the data when it was the last one. Whether it was there."""
        async with self._database.writing() as connection:
            key = await connection.scalar(select(pointers.c.content_key).where(pointers.c.id == report_id))
            await connection.execute(delete(jobs).where(jobs.c.id == report_id))
            gone = await connection.execute(delete(pointers).where(pointers.c.id == report_id))
            self._forget_all(await drop_unused(connection, [key] if key else []))
        return bool(gone.rowcount)

    async def lines(self, log_key: str, first: int, last: int) -> list[tuple[int, bytes]]:
        """The packed pieces that hold these lines."""
        begin = (
            select(func.coalesce(func.max(log_lines.c.first_line), first))
            .where(log_lines.c.log_key == log_key, log_lines.c.first_line <= first)
            .scalar_subquery()
        )
        query = (
            select(log_lines.c.first_line, log_lines.c.data)
            .where(log_lines.c.log_key == log_key, log_lines.c.first_line.between(begin, last))
            .order_by(log_lines.c.first_line)
        )
        async with self._database.reading() as connection:
            return [(row.first_line, row.data) for row in await connection.execute(query)]

    def _remember(self, key: str, content: Content) -> None:
        self.forget(key)
        for name in filter(None, (key, content.request_key)):
            self._lately[name] = (key, content)
        self._bytes += _size(content)
        while self._bytes > REMEMBERED_BYTES and len(self._lately) > 1:
            self.forget(next(iter(self._lately.values()))[0])

    def forget(self, key: str) -> None:
        """Takes a content out of memory."""
        known = self._lately.pop(key, None)
        if known is not None:
            self._bytes -= _size(known[1])
            self._lately.pop(known[1].request_key or "", None)

    def _forget_all(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.forget(key)


def _size(content: Content) -> int:
    return len(content.report) + len(content.other or b"")


async def drop_unused(connection: AsyncConnection, keys: list[str]) -> list[str]:
    """Drops those contents that no id points to, and logs that no content is of; gives their keys."""
    if not keys:
        return []
    unused = ~exists().where(pointers.c.content_key == contents.c.key)
    gone = (
        await connection.execute(
            delete(contents).where(contents.c.key.in_(keys), unused).returning(contents.c.key, contents.c.log_key)
        )
    ).all()
    log_keys = {row.log_key for row in gone}
    if log_keys:
        orphaned = ~exists().where(contents.c.log_key == logs.c.key)
        await connection.execute(delete(logs).where(logs.c.key.in_(log_keys), orphaned))
    return [row.key for row in gone]
