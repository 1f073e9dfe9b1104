"""The names that a sentence may use: those of the report and of the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from weakref import WeakKeyDictionary

from explain_log.facts.models import Json
from explain_log.facts.record import is_gpu
from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.wording import normalise
from explain_log.report import Report

IDENTIFIER = re.compile(
    r"[a-z][a-z0-9+.\-]*://[^\s，。；）)\"']+"  # an address
    r"|(?<![\w.])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"  # a date
    r"|(?<![\w.:])\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?![\w:])"  # a time of day
    r"|(?<![\w.])\d+\.\d+\.\d+\.\d+(?::\d+)?(?!\w|\.\d)"  # an IP address
    r"|\[::\]:\d+"  # any address
    r"|(?<![\w.])v?\d+\.\d+\.\d+(?:-?rc\d+)?(?![\w])"  # a version
    r"|(?<![\w/.\-])(?:~|\.{1,2})?(?:/[\w.~+\-]*[\w~+\-]){2,}/?"  # a path
    r"|(?<![\w\-\x00])--?[A-Za-z][A-Za-z0-9\-]*(?![\w])"  # an option
    r"|(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_]*(?:[.:\-/][A-Za-z0-9_]+)*",  # a word or an identifier
    re.ASCII,
)
_PART = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_WORD = re.compile(r"[a-z]+")
_PORT = re.compile(r":(\d{2,5})$")
_PRODUCT = re.compile(r"[a-z]?\d{3,5}")
_MOST_TEXTS = 20_000
_QUOTE_CHARACTERS = 12


@dataclass
class Vocabulary:
    """Known names, in lower case.

    names: identifiers and their parts.  phrases: parts of names of several words, such as "rtx 3090".
    words: every word of the report.  indexes: the numbers that name a device.  loads: those of loads.
    devices: the log's own name of a device by its folded id, and by "gpu" with its number.
    products: the numbers in the names of devices and addresses: 4090, 11434.
    quotable: what may be quoted word for word: the log lines that findings rest on, the glossary's texts.
    """

    names: set[str] = field(default_factory=set)
    phrases: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    indexes: set[int] = field(default_factory=set)
    loads: set[int] = field(default_factory=set)
    devices: dict[str, str] = field(default_factory=dict)
    quotable: str = ""
    products: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Makes the names in a text known."""
        lowered = text.casefold()
        for match in IDENTIFIER.finditer(lowered):
            self.names.add(match[0])
            self.names.update(_PART.findall(match[0]))

    def add_phrase(self, text: str) -> None:
        """Makes a name of several words known, and what people shorten it to."""
        self.add(text)
        parts = text.casefold().split()
        if len(text) > 2:
            self.phrases.add(" ".join(parts))
        for length in range(1, len(parts) + 1):
            for start in range(len(parts) - length + 1):
                phrase = " ".join(parts[start : start + length])
                if re.search(r"\d", phrase) and re.search(r"[a-z]", phrase):
                    self.phrases.add(phrase)

    def quote(self, text: str) -> None:
        """Lets a text of the log stand as it is, in whatever language it is."""
        if len(text) >= _QUOTE_CHARACTERS:
            self.phrases.add(normalise(text).casefold())


_OF_REPORT: WeakKeyDictionary[Report, Vocabulary] = WeakKeyDictionary()


def vocabulary(report: Report, knowledge: Knowledge) -> Vocabulary:
    """The vocabulary of a report, made once."""
    known = _OF_REPORT.get(report)
    if known is None:
        known = _OF_REPORT[report] = _make(report, knowledge)
    return known


def _make(report: Report, knowledge: Knowledge) -> Vocabulary:
    known = Vocabulary()
    parts = (report.source, report.server_runs, report.loads, report.requests, report.findings)
    for count, text in enumerate(_texts(parts)):
        if count > _MOST_TEXTS:
            break
        known.add(text)
        known.words.update(_WORD.findall(text.casefold()))
    for load in report.loads:
        known.loads.add(load.index)
        for device in load.devices:
            number = _number(device.device)
            known.indexes.add(number)
            known.devices.setdefault(device.device.casefold(), device.device)
            if number >= 0 and is_gpu(device.device):
                known.devices.setdefault(f"gpu{number}", device.device)
        for name in (load.model.name, load.model.file_type, load.model.type_label):
            known.add_phrase(name or "")
        if load.error:
            known.quote(load.error.message)
    for finding in report.findings:
        for value in finding.values.values():
            known.quote(str(value) if isinstance(value, str) else "")
    for run in report.server_runs:
        known.products.update(_PORT.findall(run.listen or ""))
        known.indexes.update(range(len(run.devices)))
        for found in run.devices:
            known.add_phrase(found.name or "")
            known.products.update(_PRODUCT.findall((found.name or "").casefold()))
    known.indexes.discard(-1)
    lines = [evidence.text for finding in report.findings for evidence in finding.evidence]
    lines += [text for entry in _terms(knowledge) for text in entry["text"].values()]
    known.quotable = normalise("\n".join(dict.fromkeys(lines))).casefold()
    for text in _glossary(knowledge):
        known.add(text)
    return known


def _texts(value: Json) -> Iterator[str]:
    """Every text and every key below a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield each.name
            yield from _texts(getattr(value, each.name))


def _glossary(knowledge: Knowledge) -> Iterator[str]:
    yield from knowledge.keys("terms")
    for entry in _terms(knowledge):
        yield from _several(entry["names"].values())
        yield from entry["short"].values()
        yield entry.get("formula", "")
    yield from knowledge.keys("settings")
    yield from knowledge.table("quant_types")


def _terms(knowledge: Knowledge) -> Iterator[Json]:
    return (knowledge.term(name) for name in knowledge.keys("terms"))


def _several(groups: Iterable[list[str]]) -> Iterator[str]:
    for group in groups:
        yield from group


def _number(device: str) -> int:
    digits = device[len(device.rstrip("0123456789")) :]
    return int(digits) if digits else -1
