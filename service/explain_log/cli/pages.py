"""Shows a report: as JSON, as a page of text or markdown, or as a page that grows while a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explain_log.cli import streams
from explain_log.cli.settings import Settings
from explain_log.narration.explanation import Sentence
from explain_log.render.words import Words
from explain_log.report import Report

if TYPE_CHECKING:
    from explain_log.render.grid import Block


def shown_languages(settings: Settings) -> tuple[str, ...]:
    """The languages that the wanted format shows: a page of HTML has both, the reader's first."""
    if settings.text("format") != "html":
        return (settings.language,)
    return (settings.language, "en" if settings.language == "zh" else "zh")


def show(report: Report, settings: Settings, others: Sequence[Report] = ()) -> None:
    """Writes the whole report to standard output, in the wanted format.

    others: the same report in the further languages of shown_languages.
    """
    kind = settings.text("format")
    if kind == "json":
        from explain_log.report import report_text

        streams.write(report_text(report) + "\n")
        return
    if kind in ("html", "sarif", "svg", "png"):
        from explain_log.cli.files import write_file

        write_file(kind, [report, *others])
        return
    from explain_log.render.page import make_page

    words = Words(settings.language)
    page = make_page(report, words)
    if kind == "markdown":
        from explain_log.render.markdown import markdown_text

        streams.write(markdown_text(page, words))
        return
    from explain_log.render.text import text_lines

    write_blocks(text_lines(page, words, streams.width()), settings)


def write_blocks(blocks: list[Block], settings: Settings) -> None:
    """Writes blocks of text to standard output, in colours where they are wanted."""
    from explain_log.render.colours import paint

    streams.write(paint(blocks, colour=streams.shows_colour(settings.text("color"))))


class LivePage:
    """A page of text that grows: each sentence of the explanation is written as soon as it is certain.

    `begun` tells whether anything is written yet: until then the report may still be shown as a whole.
    """

    def __init__(self, report: Report, settings: Settings) -> None:
        self._report = report
        self._words = Words(settings.language)
        self._colour = streams.shows_colour(settings.text("color"))
        self._section = ""
        self._number = 0
        self._tables_due = True
        self._told: set[tuple[str, str]] = set()
        self.begun = False

    def sentence(self, section: str, sentence: Sentence) -> None:
        """Writes a sentence, under its heading where the one before belongs to another section."""
        from explain_log.render import page, text

        width = streams.width()
        lines = [] if self.begun else text.headline_lines(page.headline(self._report, self._words), width)
        if section != self._section:
            lines += self._tables(section, width)
            lines += text.heading_lines(page.heading(self._report, section, self._words), width)
            self._section, self._number = section, 0
        self._number += 1
        lines += text.part_lines(page.sentence_part(sentence, self._report, self._words), self._number, width)
        self._write(lines)
        self.begun = True
        self._told.add((section, sentence.text))

    def _tables(self, section: str, width: int) -> list[Block]:
        """The tables, once the sections that stand before them are through."""
        from explain_log.render import page, text

        if not self._tables_due or page.is_before_tables(section):
            return []
        self._tables_due = False
        return text.table_lines(page.make_page(self._report, self._words), self._words, width)

    def finish(self, report: Report) -> None:
        """Writes what is not written yet: sentences that the rules had to say after all, tables, findings."""
        from explain_log.render import page, text

        for section in report.explanation.sections if report.explanation else []:
            for sentence in section.statements:
                if (section.id, sentence.text) not in self._told:
                    self.sentence(section.id, sentence)
        width = streams.width()
        self._write(self._tables("", width) + text.end_lines(page.make_page(report, self._words), self._words, width))

    def _write(self, lines: list[Block]) -> None:
        from explain_log.render.colours import paint

        streams.write(paint(lines, colour=self._colour))
