"""Opens the database, brings its tables up to date, and runs transactions."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from explain_log.errors import InputError
from explain_log.folders import data_folder

FILE = "reports.sqlite"
_BUSY_SECONDS = 30
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
# A checkpoint syncs the file, for which whoever happens to write would wait: `checkpoint` does it in between.
_PRAGMAS = (
    "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS}000",
    "wal_autocheckpoint=50000",
)  # fmt: skip
_MIGRATING = 0x6578706C  # an advisory lock of PostgreSQL: replicas that start together migrate one after the other


class Database:
    """An open database. now: the clock, for tests."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.now = now
        self.is_sqlite = engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes. On SQLite it waits for its turn at once, so that it cannot deadlock later."""
        async with self.engine.connect() as connection:
            if self.is_sqlite:
                await connection.execute(text("BEGIN IMMEDIATE"))
            try:
                yield connection
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads."""
        async with self.engine.connect() as connection:
            yield connection

    async def prepare(self) -> None:
        """Makes or updates the tables. Raises InputError where the database cannot be had."""
        try:
            if self.is_sqlite:
                _prepare_file(self.engine.url.database or "")
            async with self.engine.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, OSError) as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
            raise InputError("serve.database_failed", database=_shown(self.engine.url), reason=reason) from error

    async def checkpoint(self) -> None:
        """Takes over into the file what SQLite has written beside it; does not hold up others."""
        if self.is_sqlite:
            async with self.reading() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(PASSIVE)"))

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()


def default_url() -> str:
    """The file in the user's data folder."""
    return f"sqlite:///{os.path.join(data_folder(), FILE)}"


async def open_database(address: str, now: Callable[[], float] = time.time) -> Database:
    """Opens a database by its URL and makes or updates its tables. Raises InputError where it cannot be had."""
    database = database_at(address, now)
    await database.prepare()
    return database


def database_at(address: str, now: Callable[[], float] = time.time) -> Database:
    """The database of a URL, not opened yet. Raises InputError where it is none."""
    return Database(_engine(_url(address)), now)


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise InputError("serve.database", database="…") from error  # it may hold a password
    backend = url.drivername.partition("+")[0]
    if backend not in _DRIVERS:
        raise InputError("serve.database", database=_shown(url))
    return url.set(drivername=_DRIVERS[backend])


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _prepare_file(path: str) -> None:
    """The folder and the file, for this user only."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8)
    engine = create_async_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=8, max_overflow=8)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    # None: we say BEGIN ourselves; the driver's own would come too late, at the first write.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
    else:
        connection.execute(text("BEGIN IMMEDIATE"))
    config = Config()
    config.set_main_option("script_location", os.path.join(os.path.dirname(__file__), "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
