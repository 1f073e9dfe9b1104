"""Sessions of browsers: a cookie instead of the key, and a token against requests that other sites make."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, insert, select

from explain_log.store.database import Database
from explain_log.store.tables import sessions

SECONDS = 12 * 3600.0


@dataclass(frozen=True)
class Session:
    """Whose it is, and the token that its changing requests carry."""

    key_id: str
    csrf: str


class Sessions:
    """The sessions of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, key_id: str) -> tuple[str, Session]:
        """A new session and its cookie's value."""
        cookie, session = secrets.token_urlsafe(32), Session(key_id, secrets.token_urlsafe(24))
        now = self._database.now()
        row = {"hash": _hash(cookie), "key_id": key_id, "csrf": session.csrf, "until": now + SECONDS}
        async with self._database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.until < now))
            await connection.execute(insert(sessions), row)
        return cookie, session

    async def find(self, cookie: str) -> Session | None:
        """The session of a cookie that is not too old."""
        query = select(sessions).where(sessions.c.hash == _hash(cookie), sessions.c.until >= self._database.now())
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Session(row.key_id, row.csrf)

    async def end(self, cookie: str) -> None:
        """Ends a session."""
        async with self._database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.hash == _hash(cookie)))


def _hash(cookie: str) -> str:
    return sha256(cookie.encode("utf-8", "replace")).hexdigest()
