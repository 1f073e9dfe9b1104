"""What the service's page shows of a report: the same parts, with the log itself instead of some of its lines."""

from __future__ import annotations

from explain_log.knowledge import load
from explain_log.render.html.page import LANGUAGES, environment
from explain_log.render.html.view import view_of
from explain_log.render.safe import visible
from explain_log.render.words import Words
from explain_log.report import Report

Texts = dict[str, dict[str, str]]
"""Key → the text in each language."""

_GROUPS = ("web", "weight")


def app_part(report: Report) -> str:
    """A report's markup, in its language, with places for what only the service's page has."""
    rejected = report.explanation.rejected if report.explanation else []
    return (
        environment()
        .get_template("app_part.html")
        .render(
            view=view_of(report, whole_log=True),
            rejected=[(visible(one.text), visible(one.reason)) for one in rejected],
        )
    )


def app_page(language: str, settings: dict[str, object]) -> str:
    """The page around it. settings: what its scripts have to know of the service."""
    return (
        environment()
        .get_template("app.html")
        .render(language=language, tag=LANGUAGES[language][0], words=Words(language), texts=texts(), settings=settings)
    )


def texts() -> Texts:
    """The words that the page's scripts use, in both languages: the reader may switch at any time."""
    table = load().table("page_words")
    return {f"{group}.{name}": dict(entry) for group in _GROUPS for name, entry in table[group].items()}
