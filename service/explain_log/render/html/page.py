"""Marks a page up: Jinja2 templates, one file with its style inside, no script and nothing from outside."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from explain_log import __version__
from explain_log.render.html.view import view_of
from explain_log.render.safe import visible
from explain_log.report import Report

STYLES = ("picture.css", "report.css")
"""The style sheets of web/static that a report needs, in their order."""

LANGUAGES = {"zh": ("zh-Hans", "中文"), "en": ("en", "English")}
"""Language → (its tag, its own name)."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of web/templates. What is no markup is escaped, what is missing is an error."""
    made = Environment(
        loader=PackageLoader("explain_log", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {"LANGUAGES": LANGUAGES, "version": __version__, "drawn": _drawn}
    return made


def _drawn(svg: str) -> Markup:
    """A picture's markup, in which everything from a log was escaped when it was drawn (picture/svg.py)."""
    return Markup(svg)  # noqa: S704 - escaped there


def html_page(reports: list[Report]) -> str:
    """A whole page in one file. reports: the same report in one language or in several; the first is shown first."""
    views = [view_of(report) for report in reports]
    style = style_text()
    source = visible(reports[0].source.name)
    title = views[0].words("headline.standard_input") if source == "-" else source
    return (
        environment()
        .get_template("report.html")
        .render(
            views=views,
            first=views[0],
            title=title,
            style=Markup(style),  # noqa: S704 - a file of this package
            policy=policy(style),
        )
    )


@lru_cache(maxsize=1)
def style_text() -> str:
    """The style sheets of a report as one text."""
    folder = files("explain_log").joinpath("web", "static")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in STYLES)


def policy(style: str) -> str:
    """The Content-Security-Policy of a page with just this style: nothing is loaded, nothing runs."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
