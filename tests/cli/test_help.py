"""Help that teaches by example, and completion: both know every option and subcommand."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from explain_log.cli.completion import SHELLS
from explain_log.cli.options import COMMANDS, EXPLAIN
from explain_log.render.width import columns

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_screen_and_names_every_option(run, name, language):
    """Each command's help has all its options and is at most 80 columns wide and 28 lines long."""
    done = run(*([name] if name else []), "--help", "--lang", language)
    assert (done.returncode, done.stderr) == (0, "")
    for option in COMMANDS[name].options:
        if option.name != "lang" or name not in ("serve", "completion"):
            assert option.flag in done.stdout
    assert len(done.stdout.splitlines()) <= 28
    assert max(map(columns, done.stdout.splitlines())) <= 80


def test_help_names_every_subcommand(run):
    """The first help shows an example of each subcommand."""
    text = run("--help").stdout
    assert all(f"explain-log {name}" in text for name in COMMANDS if name)


def test_help_outweighs_what_is_missing(run):
    """`--help` is answered even where the rest of the line is incomplete."""
    assert run("line", "--help").returncode == 0


def test_version(run):
    """`--version` is name and number."""
    assert run("--version").stdout.startswith("explain-log ")


def test_every_option_is_documented():
    """docs/command-line.md has every option, variable and subcommand."""
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for command in COMMANDS.values():
        assert command is EXPLAIN or f"explain-log {command.name}" in text
        for option in command.options:
            assert option.flag in text
            assert not option.configured or option.variable in text


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_a_script_of_the_shell(run, shell):
    """The script of each shell parses in that shell and knows every option."""
    script = run("completion", shell).stdout
    for option in EXPLAIN.options:
        assert option.flag.lstrip("-") in script
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    check = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
    assert (check.returncode, check.stderr) == (0, "")


OFFERED = [
    (["te"], ["term"]),
    (["--form"], ["--format"]),
    (["--format", ""], ["text", "json", "markdown", "html", "sarif", "svg", "png"]),
    (["line", "--format", ""], ["text", "json"]),
    (["completion", ""], ["bash", "zsh", "fish"]),
    (["cache", ""], ["list", "show", "purge"]),
    (["keys", ""], ["create", "list", "revoke"]),
    (["chat", "se"], ["server.log"]),
    (["--since", ""], []),
    (["se"], ["serve", "server.log"]),
    (["server.log", "se"], ["server.log"]),
    (["term", "n_seq"], ["n_seq_max"]),
    (["--lang", "zh", "term", "n_seq"], ["n_seq_max"]),
]


@pytest.fixture
def shell(environment, tmp_path):
    """Runs a script in a shell that finds explain-log, in a folder with server.log; gives the words it prints."""
    (tmp_path / "server.log").touch()
    program = tmp_path / "bin" / "explain-log"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m explain_log "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    variables = environment | {"PATH": f"{program.parent}:{environment['PATH']}"}

    def run(name: str, script: str) -> list[str]:
        done = subprocess.run([name, "-c", script], capture_output=True, text=True, env=variables, cwd=tmp_path)
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize(("words", "offered"), OFFERED)
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_what_bash_offers(run, shell, words, offered):
    """bash offers subcommands, options, values, terms and files where each may stand."""
    asked = " ".join(f"'{word}'" for word in words)
    script = run("completion", "bash").stdout + (
        f"COMP_WORDS=(explain-log {asked}); COMP_CWORD={len(words)}\n"
        "$(complete -p explain-log | sed 's/.*-F //;s/ .*//'); printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    assert [word for word in shell("bash", script) if word] == offered


@pytest.mark.parametrize(("words", "offered"), OFFERED)
@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_what_fish_offers(run, shell, words, offered):
    """fish offers the same."""
    script = run("completion", "fish").stdout + f"complete -C 'explain-log {' '.join(words)}'"
    assert sorted(line.partition("\t")[0] for line in shell("fish", script)) == sorted(offered)


def test_completion_tells_in_the_readers_language(run):
    """Where a shell shows descriptions they are in the language asked for."""
    assert "只用规则" in run("--lang", "zh", "completion", "fish").stdout
