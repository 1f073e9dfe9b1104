"""A report as each of the formats that have an address of their own."""

from __future__ import annotations

from explain_log.render.words import Words
from explain_log.report import Report

MEDIA_TYPES = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "sarif": "application/sarif+json",
}
"""Format, as at the end of an address → its media type."""


def rendered(kind: str, reports: list[Report]) -> bytes:
    """The report as a file. reports: in one language or in several, the reader's first.

    Raises InputError where a PNG cannot be drawn here.
    """
    report = reports[0]
    words = Words(report.language)
    if kind == "png":
        from explain_log.render.picture.picture import picture_of
        from explain_log.render.picture.png import png_file

        return png_file(picture_of(report), words)
    return _text(kind, reports, words).encode("utf-8", "replace")


def _text(kind: str, reports: list[Report], words: Words) -> str:
    report = reports[0]
    if kind == "md":
        from explain_log.render.markdown import markdown_text
        from explain_log.render.page import make_page

        return markdown_text(make_page(report, words), words)
    if kind == "html":
        from explain_log.render.html.page import html_page

        return html_page(reports)
    if kind == "part":  # of the service's own page
        from explain_log.render.html.app import app_part

        return app_part(report)
    if kind == "svg":
        from explain_log.render.picture.paper import svg_file
        from explain_log.render.picture.picture import picture_of

        return svg_file(picture_of(report), words)
    from explain_log.render.sarif import sarif_text

    return sarif_text(report)
