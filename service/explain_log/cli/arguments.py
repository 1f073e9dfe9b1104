"""Reads a command line by the table of options.

Its own few lines and not argparse's: options and files may stand in any order, a wrong word is answered in
the reader's language with what was probably meant, and nothing is imported for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.cli.options import COMMANDS, EXPLAIN, Command, Option
from explain_log.cli.streams import NAME
from explain_log.errors import InputError
from explain_log.render.words import Words


@dataclass(eq=False)
class Arguments:
    """A command line taken apart. values: option's name → text as given; a flag's text is "true"."""

    command: Command
    values: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    help: bool = False
    version: bool = False


def parse_arguments(arguments: list[str], language: str) -> Arguments:
    """The command line taken apart. Raises InputError for what it cannot mean, in that language."""
    command, rest = _command(arguments)
    parsed = Arguments(command)
    options = {option.flag: option for option in command.options}
    queue = iter(rest)
    for argument in queue:
        name, equals, value = argument.partition("=")
        if argument == "--":
            parsed.words += queue
        elif not _is_option(name):
            parsed.words.append(argument)
        elif argument in ("-h", "--help"):
            parsed.help = True
        elif argument == "--version":
            parsed.version = True
        elif name not in options:
            raise InputError(_unknown(name, command, language))
        elif options[name].kind == "flag":
            if equals:
                raise InputError(Words(language)("error.takes_no_value", name=name))
            parsed.values[options[name].name] = "true"
        else:
            given = value if equals else next(queue, None)
            if given is None:
                allowed = allowed_values(options[name], Words(language))
                raise InputError(Words(language)("error.needs_value", name=name, allowed=allowed))
            parsed.values[options[name].name] = given
    if not parsed.help and not parsed.version:
        _check_words(parsed, language)
    return parsed


def _is_option(name: str) -> bool:
    """A lone `-` is standard input, and a log line such as `- kv 0: …` is no option either."""
    return name.startswith("-") and name != "-" and " " not in name


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


def _check_words(parsed: Arguments, language: str) -> None:
    command, words = parsed.command, Words
    if len(parsed.words) < command.least:
        raise InputError(words(language)("error.missing_word", program=program(command), word=command.word))
    if command.most is not None and len(parsed.words) > command.most:
        extra = parsed.words[command.most]
        raise InputError(words(language)("error.unknown_word", word=extra, program=program(command)))


def program(command: Command) -> str:
    """How the command is called."""
    return f"{NAME} {command.name}".strip()


def _unknown(name: str, command: Command, language: str) -> str:
    known = [*(option.flag for option in command.options), "--help", "--version"]
    like = nearest(name, known)
    if like:
        return Words(language)("error.unknown_option_like", option=name, like=like)
    return Words(language)("error.unknown_option", option=name, program=program(command))


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that was probably meant, if any."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, 0.6)), None)


def allowed_values(option: Option, words: Words) -> str:
    """What an option can be, for an error."""
    return ", ".join(option.choices) if option.choices else words(f"error.{option.kind}")
