"""Completion scripts for the shells, made by shtab from the table of options."""

from __future__ import annotations

import argparse

from explain_log.cli import ANSWERED, streams
from explain_log.cli.arguments import nearest
from explain_log.cli.options import COMMANDS, EXPLAIN, Command, Option
from explain_log.errors import InputError
from explain_log.render.words import Words

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


def completion(shell: str, language: str) -> int:
    """Prints the completion script of a shell. Raises InputError for an unknown one."""
    words = Words(language)
    if shell not in SHELLS:
        allowed = nearest(shell, list(SHELLS)) or ", ".join(SHELLS)
        raise InputError(words("error.bad_value", name="SHELL", value=repr(shell), allowed=allowed))
    import shtab

    streams.write(shtab.complete(_parser(words), shell=shell) + "\n")
    return ANSWERED


def _parser(words: Words) -> argparse.ArgumentParser:
    """The command line as argparse has it, which is what shtab reads."""
    parser = argparse.ArgumentParser(prog=streams.NAME, add_help=True)
    parser.add_argument("--version", action="store_true")
    _add_options(parser, EXPLAIN, words)
    commands = parser.add_subparsers()
    for name, command in COMMANDS.items():
        if not name:
            continue
        sub = commands.add_parser(name, help=words(f"command.{name}"))
        _add_options(sub, command, words)
        if command.word:
            sub.add_argument(command.word, nargs="*", choices=SHELLS if name == "completion" else None)
    files = parser.add_argument("FILE", nargs="*")
    files.complete = _shtab_file()  # type: ignore[attr-defined]
    return parser


def _shtab_file() -> dict[str, str]:
    import shtab

    return dict(shtab.FILE)


def _add_options(parser: argparse.ArgumentParser, command: Command, words: Words) -> None:
    for option in command.options:
        _add_option(parser, option, words(f"option.{option.name}"))


def _add_option(parser: argparse.ArgumentParser, option: Option, text: str) -> None:
    if option.kind == "flag":
        parser.add_argument(option.flag, action="store_true", help=text)
    else:
        parser.add_argument(option.flag, choices=option.choices or None, metavar=option.placeholder or None, help=text)
