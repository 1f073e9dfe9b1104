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


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["te"], ["term"]),
        (["--form"], ["--format"]),
        (["--format", ""], ["text", "json", "markdown"]),
        (["line", "--format", ""], ["text", "json"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["--since", ""], []),
        (["se"], ["serve", "server.log"]),
        (["server.log", "se"], ["server.log"]),
        (["term", "n_seq"], ["n_seq_max"]),
        (["--lang", "zh", "term", "n_seq"], ["n_seq_max"]),
    ],
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_what_bash_offers(run, environment, tmp_path, words, offered):
    """bash offers subcommands, options, values, terms and files where each may stand."""
    (tmp_path / "server.log").touch()
    program = tmp_path / "bin" / "explain-log"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m explain_log "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    asked = " ".join(f"'{word}'" for word in words)
    script = run("completion", "bash").stdout + (
        f"COMP_WORDS=(explain-log {asked}); COMP_CWORD={len(words)}; $(complete -p explain-log | sed 's/.*-F //;s/ .*//'); printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    environment |= {"PATH": f"{program.parent}:{environment['PATH']}"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.stdout.split() == offered
