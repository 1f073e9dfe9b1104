"""Writes a report as one of the formats that are files: HTML, SARIF, and the picture as SVG or PNG."""

from __future__ import annotations

import sys

from explain_log.cli import streams
from explain_log.errors import InputError
from explain_log.report import Report


def write_file(kind: str, reports: list[Report]) -> None:
    """Writes the report to standard output. kind: html, sarif, svg or png; reports: in one language or in several.

    Raises InputError where a PNG cannot be drawn, or would go to a terminal.
    """
    report = reports[0]
    if kind == "html":
        from explain_log.render.html.page import html_page

        streams.write(html_page(reports))
    elif kind == "sarif":
        from explain_log.render.sarif import sarif_text

        streams.write(sarif_text(report))
    else:
        _write_picture(kind, report)


def _write_picture(kind: str, report: Report) -> None:
    from explain_log.render.picture.picture import picture_of
    from explain_log.render.words import Words

    picture, words = picture_of(report), Words(report.language)
    if kind == "svg":
        from explain_log.render.picture.paper import svg_file

        streams.write(svg_file(picture, words))
        return
    if streams.is_terminal(sys.stdout):
        raise InputError("png.terminal")
    from explain_log.render.picture.png import png_file

    streams.write_bytes(png_file(picture, words))
