"""Where an option's value comes from: command line, environment, config.toml, default."""

import platformdirs
import pytest

from explain_log import folders
from explain_log.cli.language import locale_language

ZH, EN = "发生了什么", "What happened"


def test_the_environment_outweighs_the_config(run, seed, config):
    """config.toml holds until EXPLAIN_LOG_LANG says otherwise, and that until `--lang` does."""
    config('lang = "zh"\n')
    assert ZH in run("--no-llm", seed).stdout
    assert EN in run("--no-llm", seed, EXPLAIN_LOG_LANG="en").stdout
    assert ZH in run("--no-llm", "--lang", "zh", seed, EXPLAIN_LOG_LANG="en").stdout


def test_config_can_do_without_a_model(run, seed, config):
    """`no_llm = true` needs no option: nothing is said about a model."""
    config('no_llm = true\nformat = "markdown"\n')
    done = run(seed)
    assert done.stderr == ""
    assert done.stdout.startswith("## ")


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_flags_in_the_environment(run, seed, value):
    """A flag is set by 1, true, yes or on."""
    assert run(seed, EXPLAIN_LOG_NO_LLM=value).stderr == ""


def test_an_empty_variable_is_not_set(run, seed):
    """An empty variable means nothing."""
    assert EN in run("--no-llm", seed, EXPLAIN_LOG_LANG="").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lang = "fr"', "lang"),
        ("no_llm = 3", "no_llm"),
        ("lang = true", "lang"),
        ('lagn = "zh"', "lagn"),
        ("model = []", "model"),
        ('lang = "zh', "config.toml"),
    ],
)
def test_a_bad_config_names_file_and_key(run, seed, config, text, said):
    """What config.toml cannot mean is one line with the file and the key."""
    path = config(text)
    done = run("--no-llm", "--format", "markdown", seed) if "no_llm" not in text else run(seed)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr
    assert said in done.stderr


def test_a_bad_variable_is_named(run, seed):
    """A bad value in the environment names its variable."""
    done = run("--no-llm", seed, EXPLAIN_LOG_FAIL_ON="sometimes")
    assert done.returncode == 2
    assert "EXPLAIN_LOG_FAIL_ON" in done.stderr


def test_tables_of_other_doors_are_let_be(run, seed, config):
    """A table in config.toml belongs to another command."""
    config('[bot]\nname = "x"\n')
    assert run("--no-llm", seed).returncode == 0


def test_naming_a_model_outweighs_a_configured_no_llm(run, seed, config):
    """`--model` on the command line wants a model, whatever is configured."""
    config("no_llm = true\n")
    done = run("--model", "qwen3:8b", "--ollama-host", "http://127.0.0.1:9", seed)
    assert done.returncode == 0
    assert done.stderr.startswith("explain-log: no model was used: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not __import__("sys").platform.startswith("linux"), reason="the shortcut is for Linux")
@pytest.mark.parametrize("base", [None, "", "/tmp/somewhere"])
@pytest.mark.parametrize("kind", ["cache", "config", "data"])
def test_the_shortcut_agrees_with_platformdirs(monkeypatch, kind, base):
    """The user's folders are platformdirs' ones, with or without XDG_CONFIG_HOME and the like."""
    for name in (f"XDG_{kind.upper()}_HOME", f"EXPLAIN_LOG_{kind.upper()}_DIR"):
        monkeypatch.delenv(name, raising=False)
    if base is not None:
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", base)
    theirs = platformdirs.PlatformDirs("explain-log", appauthor=False)
    assert getattr(folders, f"{kind}_folder")() == getattr(theirs, f"user_{kind}_dir")


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LANG": "zh_CN"}, "zh"),
        ({"LANGUAGE": "zh_CN:en"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ({}, "en"),
    ],
)
def test_auto_asks_the_locale(monkeypatch, variables, language):
    """LC_ALL, LC_MESSAGES, LANG, LANGUAGE: the first that is set decides; all but Chinese is English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert locale_language() == language
