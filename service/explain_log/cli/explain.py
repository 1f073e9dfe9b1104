"""`explain-log FILE …`: reads, explains, shows."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from explain_log.cli import ANSWERED, FAILED_ON, streams
from explain_log.cli.pages import show, shown_languages
from explain_log.cli.settings import Settings
from explain_log.errors import InputError
from explain_log.lines import Origin, parse_origin
from explain_log.pipeline import make_reports
from explain_log.render.words import Words
from explain_log.report import Report

_STANDARD_INPUT = "-"
_FAILING = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def explain(files: list[str], settings: Settings) -> int:
    """Explains the files, or standard input, and gives the exit status. Raises InputError."""
    origins = [parse_origin(file) for file in _named(files)]
    report, *others = read_in(origins, settings, shown_languages(settings))
    if settings.flag("dry_run"):
        _show_requests(report, settings)
        return ANSWERED
    if settings.flag("no_llm"):
        _answer(report, settings)
        show(report, settings, others)
    else:
        from explain_log.cli.narrated import explain_with_model

        explain_with_model(report, settings, others)
    _note_emptiness(report, settings)
    failing = _FAILING[settings.text("fail_on")]
    return FAILED_ON if any(finding.severity in failing for finding in report.findings) else ANSWERED


def _named(files: list[str]) -> list[str]:
    """The inputs; without any, standard input, unless a person is sitting there."""
    nobody = sys.stdin is None or (not files and streams.is_terminal(sys.stdin))
    if nobody and (not files or _STANDARD_INPUT in files):
        raise InputError("error.no_input")
    return files or [_STANDARD_INPUT]


def read(origins: list[Origin], settings: Settings) -> Report:
    """The report of the inputs by the rules; what could be read in part only is told. Raises InputError."""
    return read_in(origins, settings, (settings.language,))[0]


def read_in(origins: list[Origin], settings: Settings, languages: Sequence[str]) -> list[Report]:
    """The same in several languages."""
    progress = None
    if streams.is_terminal(sys.stderr):
        from explain_log.cli.progress import ReadingProgress

        progress = ReadingProgress(settings.language)
    try:
        reports = make_reports(
            origins,
            languages,
            progress=progress,
            load=settings.number("load"),
            since=settings.text("since") or None,
            until=settings.text("until") or None,
        )
    finally:
        if progress is not None:
            progress.line.wipe()
    _note_damage(origins, settings)
    return reports


def _answer(report: Report, settings: Settings) -> None:
    if settings.text("question"):
        from explain_log.cli.narrated import answer_by_rules

        answer_by_rules(report, settings)


def _show_requests(report: Report, settings: Settings) -> None:
    """Prints what would be sent to a model; nothing is."""
    from explain_log.cli.asking import model_options
    from explain_log.narration.dry_run import requests_for

    shown = requests_for(report, model_options(settings))
    streams.write_json(shown)
    for note in shown["notes"]:
        streams.say(note)


def _note_damage(origins: list[Origin], settings: Settings) -> None:
    """One line for each input that could be read in part only."""
    for note in (origin.note for origin in origins if origin.note is not None):
        streams.say(Words(settings.language).told(note))


def _note_emptiness(report: Report, settings: Settings) -> None:
    """One line where there was nothing to explain."""
    source = report.source
    if source.recognised_lines:
        return
    words = Words(settings.language)
    name = words("headline.standard_input") if source.name == _STANDARD_INPUT else source.name
    streams.say(words("notes.nothing" if source.lines else "notes.no_lines", name=name))
