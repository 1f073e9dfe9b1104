"""Reads a command line: argparse, fed from the table of options, answering in the reader's language.

A parser is built for the one command that is called. Options and words may stand in any order, and the first
word decides on the command, so that `explain-log server.log` needs none.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentError, ArgumentParser, HelpFormatter
from dataclasses import dataclass, field
from functools import partial

from explain_log.cli.options import COMMANDS, EXPLAIN, Command
from explain_log.cli.streams import NAME
from explain_log.cli.values import Value, allowed_values, checked, nearest
from explain_log.errors import InputError
from explain_log.render.words import Words

# Without a width it would import shutil to ask the terminal for it, which is slow and of no use: help is ours.
_FORMATTER = partial(HelpFormatter, width=80)


@dataclass(eq=False)
class Arguments:
    """A command line taken apart. values: option's name → its value; what was not given is absent."""

    command: Command
    values: dict[str, Value] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    help: bool = False
    version: bool = False


def parse_arguments(arguments: list[str], language: str) -> Arguments:
    """The command line taken apart. Raises InputError for what it cannot mean; language: of what it may be."""
    command, rest = _command(arguments)
    dashes = rest.index("--") if "--" in rest else len(rest)
    words = Words(language)
    parser = make_parser(command, words)
    try:
        found, unknown = parser.parse_known_intermixed_args(rest[:dashes])
    except ArgumentError as error:
        raise _misused(error, command, words) from error
    unknown += filter(_is_option, found.words)  # argparse takes `--qestion=Why is it slow` for a word
    if unknown:
        raise _unknown_option(unknown[0].partition("=")[0], command)
    parsed = Arguments(command, vars(found), found.words + rest[dashes + 1 :], found.help, found.version)
    if not parsed.help and not parsed.version:
        _check_words(parsed)
    return parsed


def make_parser(command: Command, words: Words) -> ArgumentParser:
    """The parser of one command."""
    parser = ArgumentParser(
        program(command), add_help=False, allow_abbrev=False, exit_on_error=False, formatter_class=_FORMATTER
    )
    add_options(parser, command, words)
    parser.add_argument("words", nargs="*", metavar=command.word or None)
    return parser


def add_options(parser: ArgumentParser, command: Command, words: Words) -> None:
    """Gives a parser the options of a command. What is not given is absent from what it finds."""
    for option in command.options:
        about = words(f"option.{option.name}")
        if option.kind == "flag":
            parser.add_argument(option.flag, action="store_true", default=SUPPRESS, help=about)
            continue
        parser.add_argument(
            option.flag,
            default=SUPPRESS,
            help=about,
            metavar=option.placeholder or None,
            choices=option.choices or None,
            type=partial(checked, option, name=option.flag, words=words),
        )
    parser.add_argument("-h", "--help", action="store_true", help=words("option.help"))
    parser.add_argument("--version", action="store_true", help=words("option.version"))


def _command(arguments: list[str]) -> tuple[Command, list[str]]:
    """The subcommand that the first word names, and the rest: options may stand before it."""
    takes_value = {option.flag for option in EXPLAIN.options if option.kind != "flag"}
    place = 0
    while place < len(arguments) and _is_option(arguments[place]) and arguments[place] != "--":
        place += 2 if arguments[place] in takes_value else 1
    word = arguments[place] if place < len(arguments) else ""
    if word and word in COMMANDS:
        return COMMANDS[word], arguments[:place] + arguments[place + 1 :]
    return EXPLAIN, arguments


def _is_option(word: str) -> bool:
    """As argparse has it: a lone `-` is standard input, and a log line such as `- kv 0: …` is no option either."""
    return word.startswith("-") and word != "-" and " " not in word.partition("=")[0]


def _check_words(parsed: Arguments) -> None:
    command = parsed.command
    if len(parsed.words) < command.least:
        raise InputError("error.missing_word", program=program(command), word=command.word)
    if command.most is not None and len(parsed.words) > command.most:
        raise InputError("error.unknown_word", word=parsed.words[command.most], program=program(command))


def program(command: Command) -> str:
    """How the command is called."""
    return f"{NAME} {command.name}".strip()


def _misused(error: ArgumentError, command: Command, words: Words) -> InputError:
    """What is wrong with a value: it is missing, or there is one where none belongs."""
    name = error.argument_name or ""
    option = next((option for option in command.options if option.flag == name and option.kind != "flag"), None)
    if option is None:
        return InputError("error.takes_no_value", name=name)
    return InputError("error.needs_value", name=name, allowed=allowed_values(option, words))


def _unknown_option(name: str, command: Command) -> InputError:
    known = [*(option.flag for option in command.options), "--help", "--version"]
    like = nearest(name, known)
    if like:
        return InputError("error.unknown_option_like", option=name, like=like)
    return InputError("error.unknown_option", option=name, program=program(command))
