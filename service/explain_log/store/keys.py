"""API keys: shown once when they are made, kept as hashes."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, func, insert, select, update

from explain_log.store.database import Database
from explain_log.store.tables import keys, sessions

PREFIX = "el_"
_FRESH_SECONDS = 2.0


@dataclass(frozen=True)
class Key:
    """A key without its secret. made, revoked: seconds since 1970."""

    id: str
    name: str
    made: float
    revoked: float | None = None


class Keys:
    """The keys of a database. What is asked at each request is at most two seconds old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[str, Key]] = {}
        self._read_at = float("-inf")

    async def create(self, name: str) -> tuple[Key, str]:
        """A new key and what its holder sends: `el_` with the id and a secret of 256 bits."""
        key = Key(secrets.token_hex(4), name, self._database.now())
        secret = secrets.token_urlsafe(32)
        row = {"id": key.id, "name": name, "hash": _hash(secret), "made": key.made, "revoked": None}
        async with self._database.writing() as connection:
            await connection.execute(insert(keys), row)
        self._read_at = float("-inf")
        return key, f"{PREFIX}{key.id}_{secret}"

    async def entries(self) -> list[Key]:
        """All keys, revoked ones as well, in the order in which they were made."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(keys).order_by(keys.c.made, keys.c.id))
            return [Key(row.id, row.name, row.made, row.revoked) for row in rows]

    async def revoke(self, key_id: str) -> bool:
        """Ends a key and its sessions. Whether there was such a key in use."""
        async with self._database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.key_id == key_id))
            mine = update(keys).where(keys.c.id == key_id, keys.c.revoked.is_(None))
            gone = await connection.execute(mine.values(revoked=self._database.now()))
        self._read_at = float("-inf")
        return bool(gone.rowcount)

    async def count(self) -> int:
        """How many were ever made: a service that had keys once is not open to all when the last one is revoked."""
        async with self._database.reading() as connection:
            return int(await connection.scalar(select(func.count()).select_from(keys)) or 0)

    async def any(self) -> bool:
        """Whether there is or was any key."""
        await self._read()
        return bool(self._known)

    async def check(self, token: str) -> Key | None:
        """The key that a token is of; None where it is none, or revoked."""
        key_id, _, secret = token.removeprefix(PREFIX).partition("_")
        await self._read()
        digest, key = self._known.get(key_id, ("", None))
        same = hmac.compare_digest(digest, _hash(secret))
        return key if same and key is not None and key.revoked is None else None

    async def active(self, key_id: str) -> Key | None:
        """A key that is not revoked."""
        await self._read()
        key = self._known.get(key_id, ("", None))[1]
        return key if key is not None and key.revoked is None else None

    async def _read(self) -> None:
        now = self._database.now()
        if now - self._read_at < _FRESH_SECONDS:
            return
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(keys))).all()
        self._known = {row.id: (row.hash, Key(row.id, row.name, row.made, row.revoked)) for row in rows}
        self._read_at = now


def _hash(secret: str) -> str:
    # The secret has 256 random bits: a slow hash would protect nothing and cost every request.
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
