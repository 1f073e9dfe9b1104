"""The ids by which the parts of a page link to each other; each begins with the language, as a page may hold two."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from explain_log.checks.finding import Finding
from explain_log.render.findings import runs_of

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True)
class Link:
    """Where to go and what it is called; href "" is a name without a place on this page."""

    text: str
    href: str = ""


def line_id(language: str, line: int) -> str:
    """The id of a log line."""
    return f"{language}-L{line}"


def finding_id(language: str, finding: Finding) -> str:
    """The id of a finding, of the load that it is about."""
    load = "" if finding.load is None else f"-{finding.load}"
    return f"{language}-f-{_safe(finding.id)}{load}"


def term_id(language: str, term: str) -> str:
    """The id of a glossary entry."""
    return f"{language}-t-{_safe(term)}"


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)


def line_links(language: str, lines: list[int], shown: Container[int], most: int = 6) -> list[Link]:
    """`L13–15`, `L20` as links to the first line of each run that is on the page; a long list is cut short."""
    runs = runs_of(lines)
    links = []
    for text, run in runs[:most]:
        place = next((line for line in run if line in shown), None)
        links.append(Link(f"L{text}", "" if place is None else f"#{line_id(language, place)}"))
    return [*links, Link("…")] if len(runs) > most else links
