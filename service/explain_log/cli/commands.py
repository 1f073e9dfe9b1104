"""Leads a command line to the command that it names."""

from __future__ import annotations

import os

from explain_log.cli import ANSWERED, WRONG_USE, streams
from explain_log.cli.arguments import Arguments, parse_arguments
from explain_log.cli.options import COMMANDS
from explain_log.cli.settings import Settings, config_path, first_language, settle
from explain_log.cli.values import nearest
from explain_log.errors import InputError
from explain_log.render.words import Words


def run(command_line: list[str]) -> int:
    """Runs a command line and gives its exit status; what is wrong with it is told in one line."""
    language = _early_language(command_line)
    try:
        arguments = parse_arguments(command_line, language)
        if arguments.help or arguments.version:
            return _told_about(arguments)
        settings = settle(arguments)
        language = settings.language
        return _dispatch(arguments, settings)
    except InputError as error:
        streams.say(Words(language).told(error))
        return WRONG_USE


def _told_about(arguments: Arguments) -> int:
    if arguments.version:
        from explain_log import __version__

        streams.write(f"{streams.NAME} {__version__}\n")
    else:
        streams.write(help_text(arguments))
    return ANSWERED


def _early_language(command_line: list[str]) -> str:
    """The language for errors in the command line itself, which is not taken apart yet."""
    for place, argument in enumerate(command_line):
        name, _, value = argument.partition("=")
        if name == "--lang":
            choice = value or next(iter(command_line[place + 1 :]), "")
            if choice in ("zh", "en"):
                return choice
    return first_language()


def help_text(arguments: Arguments) -> str:
    """The screenful that teaches a command by example."""
    text = Words(first_language(arguments))(f"help.{arguments.command.name or 'main'}")
    home = os.path.expanduser("~")
    return text.lstrip("\n").replace("{config}", config_path().replace(home, "~", 1))


def _dispatch(arguments: Arguments, settings: Settings) -> int:
    name, words = arguments.command.name, arguments.words
    if name == "term":
        from explain_log.cli.lookup import term

        return term(words[0] if words else None, settings)
    if name == "line":
        from explain_log.cli.lookup import line

        return line(words[0], settings)
    if name == "verify":
        from explain_log.cli.verify import verify

        return verify(words[0], settings)
    if name == "chat":
        from explain_log.cli.chat import chat

        return chat(words, settings)
    if name == "cache":
        from explain_log.cli.cached import cache

        return cache(words[0], words[1] if len(words) > 1 else "", settings)
    if name == "statements":
        from explain_log.cli.lookup import statements

        return statements(words, settings)
    if name == "serve":
        from explain_log.cli.serving import serve

        return serve(settings)
    if name == "keys":
        from explain_log.cli.keys import keys

        return keys(words[0], words[1] if len(words) > 1 else "", settings)
    if name == "bot":
        from explain_log.bots.run import run_bot

        run_bot(words[0], os.environ)
        return ANSWERED
    if name == "completion":
        from explain_log.cli.completion import completion

        return completion(words[0], settings.language)
    return _explain(words, settings)


def _explain(files: list[str], settings: Settings) -> int:
    from explain_log.cli.explain import explain

    try:
        return explain(files, settings)
    except InputError as error:
        like = _meant_command(files)
        if like is None:
            raise
        raise InputError("error.command_like", error=error, like=like) from error


def _meant_command(files: list[str]) -> str | None:
    """The subcommand that was probably meant by a first word that is no file."""
    if not files or os.path.exists(files[0]) or not files[0].isalpha():
        return None
    return nearest(files[0], [name for name in COMMANDS if name])
