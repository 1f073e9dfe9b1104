"""What bots remember, and that it survives a restart."""

import stat

from explain_log.bots.memory import Memory


def test_an_event_is_new_once(tmp_path):
    """Also for the process after this one."""
    path = str(tmp_path / "deep" / "bot.sqlite")
    first = Memory(path)
    assert first.first_time("a")
    assert not first.first_time("a")
    first.close()
    second = Memory(path)
    assert not second.first_time("a")
    assert second.first_time("b")
    second.close()


def test_a_thread_keeps_its_latest_report(tmp_path):
    """By the closest key that is known."""
    memory = Memory()
    memory.remember(("thread", "chat"), "old", "zh")
    memory.remember(("chat",), "new", "en")
    assert memory.report_of(("thread", "chat")) == ("old", "zh")
    assert memory.report_of(("other", "chat")) == ("new", "en")
    assert memory.report_of(("other",)) is None
    memory.close()


def test_only_this_user_reads_it(tmp_path):
    """Ids of chats and people are in it."""
    path = tmp_path / "bot.sqlite"
    Memory(str(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
