"""What bots remember: which deliveries they have seen, and which report belongs to which thread. No text of anybody."""

from __future__ import annotations

import os
import sqlite3
import time

from explain_log.folders import data_folder

SEEN_SECONDS = 24 * 3600.0
"""Platforms deliver again within hours: Feishu the longest, up to 7.1 hours after the first time."""

THREAD_SECONDS = 30 * 24 * 3600.0
_TIDY_EVERY = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS seen (event TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS threads (thread TEXT PRIMARY KEY, report TEXT NOT NULL, language TEXT NOT NULL,
                                    at REAL NOT NULL) WITHOUT ROWID;
"""


class Memory:
    """The memory of the bots of a machine. path: a file that only this user can read, or ":memory:"."""

    def __init__(self, path: str = ":memory:") -> None:
        if path != ":memory:":
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._database = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        self._database.executescript(_TABLES)
        self._calls = 0

    def first_time(self, event: str) -> bool:
        """Whether an event comes for the first time. It is noted by asking."""
        self._calls += 1
        if self._calls % _TIDY_EVERY == 1:
            self._tidy()
        row = (event, time.time())
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", row).rowcount == 1

    def remember(self, threads: tuple[str, ...], report_id: str, language: str) -> None:
        """Notes the report of a thread, under each of its keys."""
        rows = [(thread, report_id, language, time.time()) for thread in threads]
        self._database.executemany("INSERT OR REPLACE INTO threads VALUES (?, ?, ?, ?)", rows)

    def report_of(self, threads: tuple[str, ...]) -> tuple[str, str] | None:
        """The report of a thread and the language that is spoken in it, by the first key that is known."""
        for thread in threads:
            query = "SELECT report, language FROM threads WHERE thread = ?"
            row = self._database.execute(query, (thread,)).fetchone()
            if row is not None:
                return str(row[0]), str(row[1])
        return None

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def _tidy(self) -> None:
        now = time.time()
        self._database.execute("DELETE FROM seen WHERE at < ?", (now - SEEN_SECONDS,))
        self._database.execute("DELETE FROM threads WHERE at < ?", (now - THREAD_SECONDS,))


def default_path(bot: str) -> str:
    """Where a bot's memory is kept."""
    return os.path.join(data_folder(), f"bot-{bot}.sqlite")
