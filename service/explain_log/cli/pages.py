"""Shows a report as a page, in text or markdown."""

from __future__ import annotations

from explain_log.cli import streams
from explain_log.cli.settings import Settings
from explain_log.render.page import make_page
from explain_log.render.words import Words
from explain_log.report import Report


def show_page(report: Report, settings: Settings) -> None:
    """Writes the whole page to standard output."""
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
