"""Both databases, for real: SQLite in a file, PostgreSQL as a server of the tests' own."""

import asyncio

import postgres
import pytest

from explain_log.store import open_database


class Clock:
    """Seconds since 1970, as a test wants them."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="session")
def postgres_url():
    """A running PostgreSQL."""
    postgres.needed()
    with postgres.running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/reports.sqlite"
    base = request.getfixturevalue("postgres_url")
    name = postgres.new_database(base)
    return base.rpartition("/")[0] + "/" + name


@pytest.fixture
def clock():
    """The time of the databases."""
    return Clock()


@pytest.fixture
def run(url, clock):
    """Runs a coroutine function with the database, in an event loop of its own."""

    def run(work):
        async def main():
            database = await open_database(url, clock)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(main())

    return run
