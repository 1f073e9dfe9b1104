"""`explain-log bot NAME`: what is wrong is one line, and secrets stay where they are."""

import builtins
import os
import subprocess
import sys

import pytest

from explain_log.bots.run import NAMES, make_bot, make_desk
from explain_log.bots.settings import Settings
from explain_log.errors import InputError


def bot(*arguments, **environment):
    """The command as it is called."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("EXPLAIN_LOG_") or name == "EXPLAIN_LOG_CACHE_DIR"}
    return subprocess.run(
        [sys.executable, "-m", "explain_log", "bot", *arguments], capture_output=True, text=True, timeout=60,
        env=known | {"PYTHONPATH": os.path.join(os.path.dirname(__file__), "..", "..", "service")} | environment,
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_without_its_variables_each_bot_names_the_first(name, tmp_path):
    """In one line on standard error, with status 2."""
    done = bot(name, "--lang", "en", EXPLAIN_LOG_DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert f"the {name} bot needs the environment variable EXPLAIN_LOG_{name.upper()}_" in last
    assert "Traceback" not in done.stderr


def test_an_unknown_bot():
    """The known ones are told."""
    done = bot("irc", "--lang", "zh")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("没有叫 irc 的机器人：slack, feishu, dingtalk, wecom, telegram, webhook")


EXTRAS = {
    "slack": ("slack_bolt", {"EXPLAIN_LOG_SLACK_BOT_TOKEN": "x", "EXPLAIN_LOG_SLACK_SIGNING_SECRET": "x"}),
    "dingtalk": ("dingtalk_stream", {"EXPLAIN_LOG_DINGTALK_APP_KEY": "x", "EXPLAIN_LOG_DINGTALK_APP_SECRET": "x"}),
    "wecom": ("aibot", {"EXPLAIN_LOG_WECOM_BOT_ID": "x", "EXPLAIN_LOG_WECOM_SECRET": "x"}),
    "feishu": (
        "cryptography",
        {f"EXPLAIN_LOG_FEISHU_{name}": "x" for name in ("APP_ID", "APP_SECRET", "VERIFICATION_TOKEN", "ENCRYPT_KEY")},
    ),
}


@pytest.mark.parametrize("name", EXTRAS)
def test_without_its_extra_each_bot_names_it(name, monkeypatch):
    """With the command that adds it."""
    missing, values = EXTRAS[name]
    really = builtins.__import__

    def without(module, *arguments, **options):
        if module.split(".")[0] == missing:
            raise ImportError(module)
        return really(module, *arguments, **options)

    for module in [module for module in sys.modules if module.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=rf"pip install 'explain-log\[{name}\]'"):
        make_bot(Settings(name, values), None, None)


@pytest.mark.parametrize(("name", "value"), [("EXPLAIN_LOG_BOT_LANG", "fr"), ("EXPLAIN_LOG_BOT_FILE_MIB", "many")])
def test_a_value_that_cannot_be_is_named(name, value):
    """Before anything runs."""
    with pytest.raises(InputError, match=name):
        make_desk(Settings("webhook", {name: value}), None, None)
