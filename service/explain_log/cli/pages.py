"""Shows a report: as JSON, as a page of text or markdown, or as a page that grows while a model writes."""

from __future__ import annotations

from explain_log.cli import streams
from explain_log.cli.settings import Settings
from explain_log.report import Report


def show(report: Report, settings: Settings) -> None:
    """Writes the whole report to standard output, in the wanted format."""
    if settings.text("format") == "json":
        from explain_log.report import report_text

        streams.write(report_text(report) + "\n")
        return
    from explain_log.render.page import make_page
    from explain_log.render.words import Words

    words = Words(settings.language)
    page = make_page(report, words)
    if settings.text("format") == "markdown":
        from explain_log.render.markdown import markdown_text

        streams.write(markdown_text(page, words))
        return
    from explain_log.render.colours import paint
    from explain_log.render.text import text_lines

    lines = text_lines(page, words, streams.width())
    streams.write(paint(lines, colour=streams.shows_colour(settings.text("color"))))


class LivePage:
    """A page of text that begins with the sentences of a model, each written as soon as it has passed.

    `begun` tells whether anything is written yet: until then the page may still be shown in another way.
    """

    def __init__(self, report: Report, settings: Settings) -> None:
        from explain_log.render.words import Words

        self._report = report
        self._words = Words(settings.language)
        self._colour = streams.shows_colour(settings.text("color"))
        self._section = ""
        self._told: set[str] = set()
        self.begun = False

    def sentence(self, section: str, heading: str, text: str) -> None:
        """Writes a sentence, under its heading where the one before belongs to another section."""
        from explain_log.render.colours import paint
        from explain_log.render.page import SectionPart, headline
        from explain_log.render.safe import visible
        from explain_log.render.text import headline_lines, section_lines, sentence_lines

        width = streams.width()
        lines = [] if self.begun else headline_lines(headline(self._report, self._words), width)
        shown = visible(text)
        if section == self._section:
            lines += sentence_lines(shown, width)
        else:
            lines += section_lines(SectionPart(section, visible(heading), [shown]), width)
        streams.write(paint(lines, colour=self._colour))
        self.begun = True
        self._section = section
        self._told.add(shown)

    def finish(self, report: Report) -> None:
        """Writes what is not written yet: other sentences, tables, findings."""
        from explain_log.render.colours import paint
        from explain_log.render.page import make_page
        from explain_log.render.text import rest_lines, section_lines

        width = streams.width()
        page = make_page(report, self._words)
        lines = []
        for part in (*page.before, *page.after):
            part.sentences = [one for one in part.sentences if one not in self._told]
        for part in page.before:
            lines += section_lines(part, width) if part.sentences else []
        page.after = [part for part in page.after if part.sentences]
        streams.write(paint(lines + rest_lines(page, self._words, width), colour=self._colour))
