"""Reports: kept once, found by random ids, gone with the last one."""

import asyncio
import os
import stat

import pytest
from sqlalchemy import func, select

from explain_log.errors import InputError
from explain_log.store import Content, ContentGoneError, NotKeptError, Reports, database_at, open_database
from explain_log.store.packing import packed_lines, unpacked_lines
from explain_log.store.retention import DAY_SECONDS, clean_up, kept_bytes
from explain_log.store.tables import contents, log_lines, logs, metadata, pointers


def content(name="a", log="log", **more):
    lines = [(1, packed_lines(["one", "two"])), (3, packed_lines(["three"]))]
    return Content(b'{"id":null,"name":"%b"}' % name.encode(), "en", log, f"request {name}", None, lines, 3, **more)


async def count(database, table):
    async with database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(table))


def test_the_same_content_is_kept_once(run):
    """Two ids of the same content, two contents of the same log: one row each."""

    async def work(database):
        reports = Reports(database)
        first = await reports.keep_and_point(content(), "")
        second = await reports.keep_and_point(content(), "")
        other = await reports.keep_and_point(content("b"), "")
        assert len({first, second, other}) == 3
        return [await count(database, table) for table in (pointers, contents, logs, log_lines)]

    assert run(work) == [3, 2, 1, 2]


def test_the_last_id_takes_the_data_along(run):
    """The first delete leaves the data, the last one leaves nothing."""

    async def work(database):
        reports = Reports(database)
        ids = [await reports.keep_and_point(content(), "") for _ in range(2)]
        seen = []
        for one in ids:
            assert await reports.delete(one)
            assert not await reports.delete(one)
            seen.append([await count(database, table) for table in (pointers, contents, logs, log_lines)])
        assert await reports.find("request a") is None
        return seen

    assert run(work) == [[1, 1, 1, 2], [0, 0, 0, 0]]


def test_what_was_asked_before_is_found_by_another_process(run):
    """A new process finds the content by the request, and its lines by number."""

    async def work(database):
        await Reports(database).keep_and_point(content(), "key")
        found = await Reports(database).find("request a")
        assert found is not None
        lines = await Reports(database).lines("log", 2, 2)
        return found[1].report, found[1].last_line, [(n, unpacked_lines(data)) for n, data in lines]

    assert run(work) == (b'{"id":null,"name":"a"}', 3, [(1, ["one", "two"])])


@pytest.mark.parametrize(("first", "last", "numbers"), [(1, 1, [1]), (2, 3, [1, 3]), (3, 9, [3]), (4, 9, [3])])
def test_lines_from_the_middle(run, first, last, numbers):
    """The pieces that hold the wanted lines, no others."""

    async def work(database):
        reports = Reports(database)
        await reports.keep_and_point(content(), "")
        return [number for number, _ in await reports.lines("log", first, last)]

    assert run(work) == numbers


def test_many_at_once(run):
    """A hundred requests at once for the same and for other contents all get an id that leads there."""

    async def work(database):
        reports = Reports(database)
        kept = [content(str(n % 10), f"log{n % 10}") for n in range(100)]
        ids = await asyncio.gather(*(reports.keep_and_point(one, "") for one in kept))
        assert len(set(ids)) == 100
        found = [await reports.pointer(one) for one in ids]
        assert [one.content_key for one in found] == [one.key for one in kept]
        return await count(database, contents)

    assert run(work) == 10


def test_another_content_for_the_same_request(run):
    """Two processes that answered the same request differently keep both; the first one is found."""

    async def work(database):
        first, second = content(), content()
        second.report = b'{"id":null,"other":true}'
        reports = Reports(database)
        await reports.keep_and_point(first, "")
        report_id = await Reports(database).keep_and_point(second, "")
        pointer = await reports.pointer(report_id)
        assert (await Reports(database).content(pointer.content_key)).report == second.report
        return (await Reports(database).find("request a"))[1].report

    assert run(work) == content().report


def test_how_request_keys_of_a_log_go_on(run):
    """Of that log alone, and only of keys that begin so."""

    async def work(database):
        reports = Reports(database)
        for one in (content("a.x"), content("a.y"), content("ab"), content("a.z", log="other")):
            await reports.keep_and_point(one, "")
        return sorted(await reports.endings("log", "request a."))

    assert run(work) == ["x", "y"]


def test_a_content_that_was_dropped_is_not_pointed_to(run):
    """Who found a content that is deleted at that moment is told, and can make it anew."""

    async def work(database):
        reports = Reports(database)
        only = await reports.keep_and_point(content(), "")
        another = await reports.keep_and_point(content("b", "log b"), "")
        key = content().key
        await Reports(database).delete(only)  # as another process would
        with pytest.raises(NotKeptError):
            await reports.point(key, "")
        assert await reports.find("request a") is None
        with pytest.raises(ContentGoneError):
            await reports.turn(another, key)
        return (await reports.pointer(another)).content_key

    assert run(work) == content("b", "log b").key


def test_turning_an_id(run):
    """An id that turns to another content lets the first one go; one that is gone is told."""

    async def work(database):
        reports = Reports(database)
        report_id = await reports.keep_and_point(content(), "")
        await reports.turn(report_id, await reports.keep(content("b")), "why")
        assert (await reports.pointer(report_id)).notice == "why"
        assert await reports.find("request a") is None
        await reports.delete(report_id)
        with pytest.raises(NotKeptError):
            await reports.turn(report_id, await reports.keep(content("c")))
        return await count(database, contents)

    assert run(work) == 0


def test_old_reports_go(run, clock):
    """After thirty days an id goes, and with it the data that only it pointed to."""

    async def work(database):
        reports = Reports(database)
        await reports.keep_and_point(content(), "")
        clock.now += 20 * DAY_SECONDS
        await reports.keep_and_point(content("b", "log b"), "")
        clock.now += 15 * DAY_SECONDS
        dropped = await clean_up(database, reports, 30, 1 << 30)
        return dropped, [await count(database, table) for table in (pointers, contents, logs)]

    assert run(work) == (1, [1, 1, 1])


def test_beyond_the_size_the_longest_unused_go(run, clock):
    """What was asked for again stays."""

    async def work(database):
        reports = Reports(database)
        for n in range(40):
            await reports.keep_and_point(content(str(n), f"log{n}"), "")
            clock.now += 2 * 3600
        await reports.point(content("0", "log0").key, "")
        size = await kept_bytes(database)
        await clean_up(database, reports, 30, size // 2)
        assert await kept_bytes(database) <= size // 2
        return await reports.find("request 0") is not None, await reports.find("request 1") is None

    assert run(work) == (True, True)


def test_what_nothing_points_to_goes_after_a_day(run, clock):
    """A process that was killed between keeping and pointing leaves nothing for ever."""

    async def work(database):
        reports = Reports(database)
        await reports.keep(content())
        await clean_up(database, reports, 30, 1 << 30)
        before = await count(database, contents)
        clock.now += 2 * DAY_SECONDS
        await clean_up(database, reports, 30, 1 << 30)
        return before, await count(database, contents)

    assert run(work) == (1, 0)


def test_opening_again_changes_nothing(run):
    """Tables that are up to date stay as they are, with what is in them."""

    async def keep(database):
        return await Reports(database).keep_and_point(content(), "")

    report_id = run(keep)

    async def find(database):
        return await Reports(database).pointer(report_id) is not None

    assert run(find)


def test_the_migrations_make_the_tables_that_the_code_uses(run):
    """Every table, column, key and index of the code is there, and nothing else."""

    async def work(database):
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        async with database.engine.connect() as connection:
            return await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))

    assert run(work) == []


def test_two_that_start_at_once(url):
    """Replicas that start together do not get in each other's way."""

    async def main():
        databases = await asyncio.gather(*(open_database(url) for _ in range(3)))
        for database in databases:
            await database.close()

    asyncio.run(main())


def test_the_file_is_for_this_user_only(tmp_path):
    """Nobody else reads what logs said."""
    path = tmp_path / "deep" / "reports.sqlite"
    asyncio.run(_open_and_close(f"sqlite:///{path}"))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700


async def _open_and_close(url):
    await (await open_database(url)).close()


@pytest.mark.parametrize("url", ["mysql://u:geheim@h/d", "", "x", "postgresql://u:geheim@127.0.0.1:1/d"])
def test_a_database_that_cannot_be_had(url):
    """One line, without the password."""
    with pytest.raises(InputError) as told:
        asyncio.run(_open_and_close(url))
    assert "geheim" not in str(told.value)


def test_nothing_is_opened_before(tmp_path):
    """A database that is only named is not there yet."""
    database_at(f"sqlite:///{tmp_path}/x.sqlite")
    assert os.listdir(tmp_path) == []
