"""Jobs that outlive processes; keys and sessions of which only hashes are kept."""

import pytest
from sqlalchemy import text

from explain_log.store import Content, Jobs, Keys, Reports, Sessions
from explain_log.store.jobs import FAILED, LEASE_SECONDS, QUEUED, RUNNING
from explain_log.store.retention import DAY_SECONDS, clean_up


def test_the_oldest_first_each_once(run):
    """Two workers that claim at once get different jobs, in the order in which they were promised."""

    async def work(database):
        one, two = Jobs(database, "one"), Jobs(database, "two")
        ids = [await one.promise({"n": n}, "", "") for n in range(5)]
        first = [job.id for job in await one.claim(2, "/spool")]
        second = [job.id for job in await two.claim(9, "/spool")]
        assert await one.claim(9, "/spool") == []
        return [first, second] == [ids[:2], ids[2:]]

    assert run(work)


def test_positions(run):
    """Who waits is told how many come first; who is worked on stands at 0."""

    async def work(database):
        jobs = Jobs(database, "one")
        ids = [await jobs.promise({}, "", "") for _ in range(3)]
        await jobs.claim(1, "")
        return [await jobs.position(await jobs.find(one)) for one in ids], await jobs.open_count()

    assert run(work) == ([0, 1, 2], 3)


def test_a_lease_that_ends_is_taken_over(run, clock):
    """A worker that is silent for half a minute loses its job; one that renews keeps it."""

    async def work(database):
        one, two = Jobs(database, "one"), Jobs(database, "two")
        lost, held = await one.promise({}, "", ""), await one.promise({}, "", "")
        await one.claim(2, "")
        clock.now += LEASE_SECONDS - 1
        assert await one.renew([held]) == {held}
        clock.now += 2
        taken = await two.claim(9, "")
        assert [job.id for job in taken] == [lost]
        assert taken[0].tries == 2
        return await one.renew([lost, held]) == {held}

    assert run(work)


def test_a_job_whose_log_lies_elsewhere_is_left(run):
    """Only who can read the raw log takes the job; once it is parsed anybody can."""

    async def work(database):
        jobs = Jobs(database, "one")
        report_id = await jobs.promise({}, "/spool/a/job-1", "")
        assert await jobs.claim(1, "/spool/b") == []
        assert len(await jobs.claim(1, "/spool/a")) == 1
        await jobs.parsed(report_id)
        await jobs.hand_back([report_id])
        return len(await Jobs(database, "two").claim(1, "/spool/b"))

    assert run(work) == 1


def test_a_log_that_nobody_reads_is_given_up(run, clock):
    """The machine that had it never came back: after a day the client is told."""

    async def work(database):
        jobs = Jobs(database, "one")
        lost, parsed = await jobs.promise({}, "gone/job-1", ""), await jobs.promise({}, "", "")
        assert await jobs.give_up(DAY_SECONDS, "why") == 0
        clock.now += DAY_SECONDS + 1
        assert await jobs.give_up(DAY_SECONDS, "why") == 1
        return (await jobs.find(lost)).state, (await jobs.find(parsed)).state

    assert run(work) == (FAILED, QUEUED)


def test_states(run, clock):
    """Queued, running, handed back without counting as a try, failed with why, and dropped a day later."""

    async def work(database):
        jobs, reports = Jobs(database, "one"), Reports(database)
        report_id = await jobs.promise({"a": 1}, "/spool/x", "owner")
        states = [(await jobs.find(report_id)).state]
        await jobs.claim(1, "/spool")
        states.append((await jobs.find(report_id)).state)
        await jobs.hand_back([report_id])
        assert (await jobs.find(report_id)).tries == 0
        await jobs.claim(1, "/spool")
        assert await jobs.bodies() == {"/spool/x"}
        assert await jobs.take_back_from("two") == 0
        assert await jobs.take_back_from("one") == 1
        await jobs.claim(1, "/spool")
        await jobs.fail(report_id, 422, "why")
        job = await jobs.find(report_id)
        states.append(job.state)
        assert (job.status, job.detail, job.body) == (422, "why", "")
        assert await jobs.claim(1, "/spool") == []
        clock.now += 2 * DAY_SECONDS
        await clean_up(database, reports, 30, 1 << 30)
        assert await reports.pointer(report_id) is None
        return states, await jobs.find(report_id)

    assert run(work) == ([QUEUED, RUNNING, FAILED], None)


def test_a_job_in_work_is_not_cleaned_up(run, clock):
    """However long it takes, a promised report stays promised."""

    async def work(database):
        jobs, reports = Jobs(database, "one"), Reports(database)
        report_id = await jobs.promise({}, "", "")
        clock.now += 90 * DAY_SECONDS
        await clean_up(database, reports, 30, 1)
        return (await jobs.find(report_id)).state

    assert run(work) == QUEUED


def test_deleting_a_report_drops_its_job(run):
    """What nobody wants is not worked on."""

    async def work(database):
        jobs, reports = Jobs(database, "one"), Reports(database)
        report_id = await jobs.promise({}, "", "")
        await jobs.claim(1, "")
        await reports.delete(report_id)
        return await jobs.renew([report_id]), await jobs.find(report_id)

    assert run(work) == (set(), None)


@pytest.mark.parametrize(
    "wrong", ["", "el_", "el_0_x", "x", "el_{id}_", "el_{id}_{half}", "{token} ", "{token}x", "日志"]
)
def test_keys(run, wrong):
    """The token that was given opens, nothing near it does."""

    async def work(database):
        keys = Keys(database)
        assert not await keys.any()
        key, token = await keys.create("laptop")
        assert (await keys.check(token)).id == key.id
        assert await keys.check(wrong.format(id=key.id, half=token.split("_", 2)[2][:20], token=token)) is None
        return await keys.any()

    assert run(work)


def test_a_revoked_key_opens_nothing(run):
    """Neither the key nor a session that began with it; the service does not become open to all."""

    async def work(database):
        keys, sessions = Keys(database), Sessions(database)
        key, token = await keys.create("laptop")
        cookie, _ = await sessions.begin(key.id)
        assert await keys.revoke(key.id)
        assert not await keys.revoke(key.id)
        assert await keys.check(token) is None
        assert await keys.active(key.id) is None
        assert await sessions.find(cookie) is None
        return await keys.any(), await keys.count(), [one.revoked is not None for one in await keys.entries()]

    assert run(work) == (True, 1, [True])


def test_another_process_revokes(run, clock):
    """It holds here two seconds later."""

    async def work(database):
        here, there = Keys(database), Keys(database)
        key, token = await here.create("laptop")
        assert await here.check(token)
        await there.revoke(key.id)
        clock.now += 2.5
        return await here.check(token)

    assert run(work) is None


def test_sessions_end(run, clock):
    """By being ended, and after half a day."""

    async def work(database):
        keys, sessions = Keys(database), Sessions(database)
        key, _ = await keys.create("laptop")
        cookie, session = await sessions.begin(key.id)
        assert await sessions.find(cookie) == session
        assert await sessions.find(cookie + "x") is None
        other, _ = await sessions.begin(key.id)
        await sessions.end(cookie)
        assert await sessions.find(cookie) is None
        clock.now += 13 * 3600
        return await sessions.find(other)

    assert run(work) is None


def test_no_secret_is_kept(run):
    """Neither a key's nor a session's secret stands in any column."""

    async def work(database):
        keys, sessions = Keys(database), Sessions(database)
        key, token = await keys.create("laptop")
        cookie, _ = await sessions.begin(key.id)
        async with database.reading() as connection:
            rows = [
                str(row)
                for name in ("keys", "sessions")
                for row in await connection.execute(text(f"SELECT * FROM {name}"))
            ]
        return any(secret in row for row in rows for secret in (token.split("_", 2)[2], cookie))

    assert run(work) is False


def test_a_content_is_a_record():
    """Its key depends on report and log, and on nothing that is added later."""
    one, two = Content(b"a", "en", "log"), Content(b"a", "en", "log", other=b"b")
    assert one.key == two.key != Content(b"a", "en", "log2").key
