"""The commands that look something up in the knowledge: a term, a log line, the known statements."""

from __future__ import annotations

import sys

from explain_log.cli import ANSWERED, streams
from explain_log.cli.pages import write_blocks
from explain_log.cli.settings import Settings
from explain_log.cli.values import nearest
from explain_log.errors import InputError
from explain_log.knowledge import load
from explain_log.render.colours import paint
from explain_log.render.words import Words


def term(name: str | None, settings: Settings) -> int:
    """Shows a glossary entry, or lists all. Raises InputError for a name that is none."""
    from explain_log.render import glossary

    words = Words(settings.language)
    if name is None:
        entries = glossary.all_terms(words.language)
        if settings.text("format") == "json":
            streams.write_json(entries)
        elif settings.text("format") == "markdown":
            streams.write(glossary.list_markdown(entries))
        else:
            write_blocks(glossary.list_lines(entries, streams.width()), settings)
        return ANSWERED
    entry = glossary.find_term(name, words.language)
    if entry is None:
        like = nearest(name.lower(), load().keys("terms"))
        raise InputError("error.no_term_like" if like else "error.no_term", name=name, like=like)
    if settings.text("format") == "json":
        streams.write_json(entry)
    elif settings.text("format") == "markdown":
        streams.write(glossary.term_markdown(entry, words))
    else:
        write_blocks(glossary.term_lines(entry, words, streams.width()), settings)
    return ANSWERED


def line(text: str, settings: Settings) -> int:
    """Shows what a log line is and means; `-` reads lines from standard input."""
    from explain_log.render import known_lines

    words = Words(settings.language)
    if text == "-":
        if sys.stdin is None:
            raise InputError("error.no_input")
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    answers = known_lines.explained(text, words.language)
    if settings.text("format") == "json":
        streams.write_json(answers)
    else:
        write_blocks(known_lines.line_lines(answers, words, streams.width()), settings)
    return ANSWERED


def statements(search: list[str], settings: Settings) -> int:
    """Lists the known statements that hold each word of the search. Raises InputError where none does."""
    from explain_log.render import known_lines

    words = Words(settings.language)
    found = list(known_lines.search(search, words.language))
    if not found:
        raise InputError("error.no_statement", search=" ".join(search))
    if settings.text("format") == "json":
        streams.write_json(found)
    else:
        streams.write(paint(known_lines.statement_lines(found), colour=False))
    return ANSWERED
