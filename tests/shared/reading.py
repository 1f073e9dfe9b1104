"""Reads logs and records for tests: the facts of a text, and the values that a record holds."""

from dataclasses import fields, is_dataclass
from functools import partial

from explain_log.citations import facts_at, finding_at
from explain_log.facts import Assembler
from explain_log.knowledge import load as load_knowledge
from explain_log.lines import lines_of_text
from explain_log.statements import Recogniser

# What an entry is about, and where it stands, is no value of the log.
OWN = frozenset((
    "index", "first_line", "last_line", "first_time", "last_time", "lines", "derived", "device", "product", "stages",
))


def facts_of(text):
    """The facts of a log."""
    recogniser, assembler, last = Recogniser(load_knowledge()), Assembler(load_knowledge()), 0
    for line in lines_of_text(text):
        last = line.number
        statement = recogniser.recognise(line)
        if statement is not None:
            assembler.take(statement)
    return assembler.finish(last)


def cited(cite, report):
    """What an id stands for in a report or the glossary; nothing where it stands for nothing. Notes are for models."""
    kind, _, name = cite.partition(":")
    look = {"fact": partial(facts_at, report), "finding": partial(finding_at, report), "term": load_knowledge().term, "note": str}
    return look[kind](name)


def values_of(record, prefix="", leave_out=OWN):
    """(dotted path, value) of everything that a record says; what is in the list is named by its device or place."""
    for field in fields(record):
        value = getattr(record, field.name)
        path = f"{prefix}{field.name}"
        if field.name in leave_out or field.metadata or value is None or value in ([], {}):
            continue
        if is_dataclass(value):
            yield from values_of(value, f"{path}.", leave_out)
        elif isinstance(value, list) and is_dataclass(value[0]):
            for place, item in enumerate(value):
                yield from values_of(item, f"{path}.{getattr(item, 'device', place)}.", leave_out)
        elif isinstance(value, dict):
            yield from ((f"{path}.{key}", item) for key, item in value.items())
        else:
            yield path, value
