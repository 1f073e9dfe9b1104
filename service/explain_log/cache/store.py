"""The file that explanations are kept in: SQLite, values as JSON; several processes may use it at once.

Whatever is wrong with the file costs only what was kept: a damaged one is put aside, one that cannot be written
is left alone. No method raises.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from explain_log.folders import data_folder

FILE = "explanations.sqlite"
MOST_BYTES = 64 * 1024 * 1024
MOST_AGE_SECONDS = 90 * 24 * 3600.0
_BUSY_SECONDS = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS explanations (
  key TEXT PRIMARY KEY, made REAL NOT NULL, used REAL NOT NULL, size INTEGER NOT NULL,
  model TEXT NOT NULL, language TEXT NOT NULL, name TEXT NOT NULL, question TEXT NOT NULL, value TEXT NOT NULL
)
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """What is kept under a key. made, used: seconds since 1970.  size: bytes of its JSON.  name: of the log."""

    key: str
    made: float
    used: float
    size: int
    model: str
    language: str
    name: str
    question: str


class Store:
    """The file. now: the clock, for tests."""

    def __init__(
        self, path: str | None = None, *, most_bytes: int = MOST_BYTES, now: Callable[[], float] = time.time
    ) -> None:
        self.path = path or os.path.join(data_folder(), FILE)
        self._most_bytes = most_bytes
        self._now = now

    def find(self, key: str) -> str | None:
        """The JSON under a key, where it is not too old."""

        def look(file: sqlite3.Connection) -> str | None:
            oldest = self._now() - MOST_AGE_SECONDS
            query = "UPDATE explanations SET used = ? WHERE key = ? AND made >= ? RETURNING value"
            row = file.execute(query, (self._now(), key, oldest)).fetchone()
            return str(row[0]) if row else None

        return self._do(look, None, create=False)

    def keep(self, entry: Entry, value: str) -> bool:
        """Keeps a JSON text, and drops what is old or, beyond the limit of size, was not used for long."""

        def put(file: sqlite3.Connection) -> bool:
            row = (entry.key, entry.made, entry.used, len(value.encode()), entry.model, entry.language, entry.name)
            file.execute(
                "INSERT OR REPLACE INTO explanations (key, made, used, size, model, language, name, question, value) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, entry.question, value),
            )
            file.execute("DELETE FROM explanations WHERE made < ?", (self._now() - MOST_AGE_SECONDS,))
            file.execute(
                "DELETE FROM explanations WHERE key IN (SELECT key FROM "
                "(SELECT key, sum(size) OVER (ORDER BY used DESC, key) AS total FROM explanations) WHERE total > ?)",
                (self._most_bytes,),
            )
            return True

        return self._do(put, otherwise=False, create=True)

    def entries(self, key: str = "") -> list[Entry]:
        """What is kept under keys that begin so, the latest used first."""

        def read(file: sqlite3.Connection) -> list[Entry]:
            query = (
                "SELECT key, made, used, size, model, language, name, question FROM explanations "
                "WHERE substr(key, 1, ?) = ? ORDER BY used DESC, key"
            )
            return [Entry(*row) for row in file.execute(query, (len(key), key))]

        return self._do(read, [], create=False)

    def value(self, key: str) -> str | None:
        """The JSON under a whole key; does not count as use."""

        def read(file: sqlite3.Connection) -> str | None:
            row = file.execute("SELECT value FROM explanations WHERE key = ?", (key,)).fetchone()
            return str(row[0]) if row else None

        return self._do(read, None, create=False)

    def purge(self, key: str = "") -> int:
        """Drops what is kept under keys that begin so; how many there were."""

        def drop(file: sqlite3.Connection) -> int:
            return file.execute("DELETE FROM explanations WHERE substr(key, 1, ?) = ?", (len(key), key)).rowcount

        count = self._do(drop, 0, create=False)
        if count and not key:
            self._do(lambda file: file.execute("VACUUM").fetchall(), [], create=False, alone=True)
        return count

    def _do(self, action: Callable[[sqlite3.Connection], T], otherwise: T, *, create: bool, alone: bool = False) -> T:
        """The action's result; `otherwise` where the file is not there or cannot be used."""
        if not create and not os.path.exists(self.path):
            return otherwise
        for _ in range(2):
            try:
                with self._open(alone=alone) as file:
                    return action(file)
            except sqlite3.OperationalError:  # busy for too long, read only, full: not its content's fault
                return otherwise
            except sqlite3.DatabaseError:
                if not self._put_aside():
                    return otherwise
                if not create:
                    return otherwise
            except (OSError, ValueError):
                return otherwise
        return otherwise

    @contextlib.contextmanager
    def _open(self, *, alone: bool) -> Iterator[sqlite3.Connection]:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        file = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            with contextlib.suppress(sqlite3.OperationalError):  # another one is just switching
                file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = NORMAL")
            file.execute(_TABLE)
            if alone:
                yield file
                return
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")
        finally:
            file.close()

    def _put_aside(self) -> bool:
        """Moves a damaged file out of the way."""
        try:
            os.replace(self.path, self.path + ".damaged")
            for end in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.path + end)
        except OSError:
            return False
        return True
