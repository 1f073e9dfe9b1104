"""The way through: from inputs to a report with the rules' explanation. Doors call this and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from explain_log.checks import Occurrences, Wording, run_checks
from explain_log.facts import Assembler, Facts
from explain_log.facts.models import as_json
from explain_log.facts.selection import only_load
from explain_log.facts.stretch import Settled, Stretch
from explain_log.knowledge import Knowledge
from explain_log.knowledge import load as load_knowledge
from explain_log.lines import Line, Origin, lines_of_text, mended, read_lines
from explain_log.lines.source import BIG_BYTES, is_big
from explain_log.narration.rules import RulesNarrator
from explain_log.redaction import Redactor, Scan, redact_facts, redact_shapes
from explain_log.report import Report, Source, SourceFile, UnknownShape
from explain_log.statements import Recogniser, Shapes, Statement

if TYPE_CHECKING:
    from explain_log.bulk import How
    from explain_log.checks.finding import Observation, Unknown
    from explain_log.lines.period import Read

MOST_SHAPES_SHOWN = 20
MOST_COUNTED = 10_000
"""Line numbers that are remembered as counted; parts of a line do not come later than that."""

Progress = Callable[[int, "int | None"], None]


def make_report(
    origins: list[Origin],
    language: str,
    *,
    progress: Progress | None = None,
    load: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Report:
    """Reads the inputs and explains them by the rules, in "zh" or "en".

    progress is called with (bytes read, bytes in all or None) now and then. load: only the load of this index.
    since, until: only the lines from this time to that one (lines/period.py). Raises InputError where an input
    cannot be read, for what is no time, and for a load that is not there.
    """
    return make_reports(origins, (language,), progress=progress, load=load, since=since, until=until)[0]


def make_reports(
    origins: list[Origin],
    languages: Sequence[str],
    *,
    progress: Progress | None = None,
    load: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> list[Report]:
    """The same in several languages, from reading the inputs once. Raises InputError as make_report does."""
    reading = _Reading(load_knowledge(), load)
    _read_all(origins, reading, progress, since, until)
    return reading.reports(_source(origins), languages)


def make_reports_and_lines(
    log: Origin | str, languages: Sequence[str], texts: Callable[[], Iterator[str]], *, name: str = "-", most: int = 1
) -> tuple[list[Report], Iterator[tuple[int, str]]]:
    """The reports of one log, and (number, text) of each of its lines, redacted as the reports are.

    log: a file, or a text that is at hand, whose name is `name`.  texts: gives its text again, decoded, block by
    block.  most: so many of the languages are made; where anything was redacted all are, since from redacted lines
    the same report cannot be made again. Raises InputError as make_report does.
    """
    from explain_log.redaction import kept_lines

    reading = _Reading(load_knowledge())
    if isinstance(log, str):
        source = _read_lines(lines_of_text(log), reading, name, len(log.encode("utf-8", "replace")))
    else:
        _read_all([log], reading, None, None, None)
        source = _source([log])
    reports = reading.reports(source, languages, most=most)
    return reports, kept_lines(texts(), reading.scan, reading.redactor, reading.knowledge)


def _read_all(
    origins: list[Origin], reading: _Reading, progress: Progress | None, since: str | None, until: str | None
) -> None:
    if any(is_big(origin, BIG_BYTES) for origin in origins):
        _read_in_bulk(origins, reading, progress, None, since, until)
    else:
        _read(origins, reading, progress, _lines(origins, since, until))


def _source(origins: list[Origin]) -> Source:
    """What was read."""
    name = origins[0].name if len(origins) == 1 else ", ".join(origin.name for origin in origins)
    source = Source(name, sum(o.bytes for o in origins), max((o.last_line for o in origins), default=0))
    source.files = [SourceFile(o.name, o.first_line, o.last_line) for o in origins]
    return source


def _read(origins: list[Origin], reading: _Reading, progress: Progress | None, lines: Iterator[Line]) -> None:
    total = _total_bytes(origins)
    for count, (line, statement) in enumerate(mended(lines, reading.recognise, reading.last_lines)):
        reading.take(line, statement)
        if progress is not None and not count % 4096:
            progress(sum(origin.bytes for origin in origins), total)


def _read_in_bulk(
    origins: list[Origin],
    reading: _Reading,
    progress: Progress | None,
    how: How | None = None,
    since: str | None = None,
    until: str | None = None,
) -> None:
    """The same for much text: most of it is counted and never becomes lines (bulk/)."""
    from explain_log.bulk import Bulk, StretchMarker

    def recognise(line: Line) -> Statement | None:
        # For what mends lines, a stretch is a known line.
        return Statement("", line, {}, "info", {}) if isinstance(line, StretchMarker) else reading.recognise(line)

    total = _total_bytes(origins)
    lines = _lines(origins, since, until, Bulk(reading.knowledge, reading.settled, how).read)
    for count, (line, statement) in enumerate(mended(lines, recognise, reading.last_lines)):
        if isinstance(line, StretchMarker):
            reading.take_stretch(line.stretch)
        else:
            reading.take(line, statement)
            if count % 256:
                continue
        if progress is not None:
            progress(sum(origin.bytes for origin in origins), total)


def _lines(origins: list[Origin], since: str | None, until: str | None, read: Read | None = None) -> Iterator[Line]:
    """The lines that are wanted; read: how they are read, line by line if None."""
    if since is None and until is None:
        return read_lines(origins) if read is None else read(origins, None)
    from explain_log.lines.period import lines_between

    return lines_between(origins, since, until, read)


def report_of_text(text: str, language: str, *, name: str = "-") -> Report:
    """The same for a log that is at hand as text."""
    return report_of_lines(lines_of_text(text), language, name=name, size=len(text.encode("utf-8", "replace")))


def report_of_lines(lines: Iterable[Line], language: str, *, name: str, size: int) -> Report:
    """The same for lines that are already cut."""
    reading = _Reading(load_knowledge())
    return reading.report(_read_lines(lines, reading, name, size), language)


def _read_lines(lines: Iterable[Line], reading: _Reading, name: str, size: int) -> Source:
    last = 0
    for line, statement in mended(lines, reading.recognise, reading.last_lines):
        reading.take(line, statement)
        last = max(last, line.number + line.span - 1)
    return Source(name, size, last, [SourceFile(name, 1, last)])


def _total_bytes(origins: list[Origin]) -> int | None:
    import os

    try:
        return sum(os.stat(origin.name).st_size for origin in origins)
    except OSError:
        return None


@lru_cache(maxsize=1)
def _recogniser(knowledge: Knowledge) -> Recogniser:
    """The same for every log: they share most of their lines, and it remembers what those are."""
    return Recogniser(knowledge)


class _Reading:
    """Takes lines and keeps what a report needs of them."""

    def __init__(self, knowledge: Knowledge, load: int | None = None) -> None:
        """load: index of the one that the report is to be about, if one."""
        self.knowledge = knowledge
        self._load = load
        self._occurrences = Occurrences()
        self.recognise = _recogniser(knowledge).recognise
        self.last_lines = knowledge.last_lines()
        self._assembler = Assembler(knowledge, wanted=load, on_omitted=self._occurrences.take)
        self._shapes = Shapes()
        self.redactor = Redactor(knowledge)
        self.scan = Scan(self.redactor)
        self._envelopes: dict[str, None] = {}
        self._times: list[str] = []
        self._recognised = 0
        self._counted: dict[int, None] = {}
        self._last_line = 0
        self._last_stretch: Stretch | None = None
        self._terms: dict[str, None] = {}

    def take(self, line: Line, statement: Statement | None) -> None:
        self._last_line = max(self._last_line, line.number + line.span - 1)
        for envelope in line.envelope:
            self._envelopes[envelope] = None
        if line.time is not None:
            self._times[1:] = [line.time]
        self.scan.take(line)
        if statement is None:
            if not self.scan.hides(line.raw):
                self._shapes.add(line.number, line.text)
            return
        if not line.envelope and statement.id.startswith("llama."):
            self._envelopes["llama.cpp"] = None
        self._count(line)
        self._assembler.take(statement)

    def _count(self, line: Line) -> None:
        """Counts the lines of the input that a line takes up, each once: parts share a number, some come late."""
        for number in range(line.number, line.number + line.span):
            if number not in self._counted:
                self._counted[number] = None
                self._recognised += 1
        if len(self._counted) > MOST_COUNTED:
            for number in list(self._counted)[: MOST_COUNTED // 2]:
                del self._counted[number]

    def take_stretch(self, stretch: Stretch) -> None:
        """Adds lines that were only counted."""
        self._last_line = stretch.last
        self._last_stretch = stretch
        self._times[1:] = [stretch.time]
        for envelope in stretch.envelopes:
            self._envelopes[envelope] = None
        self.scan.take_values(stretch.values)
        self._recognised += stretch.lines
        self.scan.suspects.update(self._assembler.take_stretch(stretch))

    def settled(self) -> Settled:
        """What needs no single lines any more."""
        return self._assembler.settled()

    def report(self, source: Source, language: str) -> Report:
        return self.reports(source, (language,))[0]

    def reports(self, source: Source, languages: Sequence[str], most: int | None = None) -> list[Report]:
        """most: so many of the languages, where nothing was redacted."""
        facts = self._assembler.finish(self._last_line)
        self._occurrences.hand_over(facts)
        if self._last_stretch is not None and self._last_stretch.last == self._last_line:  # findings may show it
            facts.texts[self._last_line] = self._last_stretch.texts[self._last_line]
            self.scan.suspects.add(self._last_line)
        if self._load is not None:
            only_load(facts, self._load)
        facts.secrets = self.scan.finish()
        facts.secret_lines = self.scan.secret_lines
        redact_facts(facts, self.redactor, self.scan)
        source.recognised_lines = self._recognised
        unknown = redact_shapes(self._shapes.most_frequent(MOST_SHAPES_SHOWN), self.redactor)
        source.unrecognised = [UnknownShape(*row) for row in unknown]
        source.redactions = self.redactor.counts
        source.envelopes = list(self._envelopes)
        source.first_time = self._times[0] if self._times else None
        source.last_time = self._times[-1] if self._times else None
        observations, unknowns = run_checks(facts)
        self._occurrences.count(observations, facts)
        if most is not None and not (source.redactions or self.scan.suspects or self.scan.values):
            languages = languages[:most]
        return [self._worded(source, facts, observations, unknowns, language) for language in languages]

    def _worded(
        self, source: Source, facts: Facts, observations: list[Observation], unknowns: list[Unknown], language: str
    ) -> Report:
        wording = Wording(self.knowledge, language)
        findings = wording.findings(observations, facts)
        terms = dict.fromkeys(term for finding in findings for term in finding.terms)
        narrator = RulesNarrator(self.knowledge, language, wording)
        return Report(
            source=source,
            language=language,
            server_runs=facts.server_runs,
            loads=facts.loads,
            loads_omitted=as_json(facts.loads_omitted),
            requests=facts.requests,
            findings=findings,
            terms=list(terms),
            explanation=narrator.explain(facts, observations, unknowns, source.recognised_lines),
        )
