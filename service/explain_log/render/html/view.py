"""Everything that a page shows of a report in one language: chosen, linked and made harmless, not yet marked up."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from explain_log.citations import lines_of_cite, split_cite
from explain_log.facts.models import ModelLoad
from explain_log.facts.selection import leading, serving
from explain_log.narration.explanation import Sentence
from explain_log.render.findings import AdvicePart, Told
from explain_log.render.glossary import Term, term
from explain_log.render.html.anchors import Link, finding_id, line_links, term_id
from explain_log.render.html.findings import SeverityView, severity_views
from explain_log.render.html.lines import LineGroup, line_groups, shown_lines
from explain_log.render.loads import LoadTable, Placement, load_table, placement_of
from explain_log.render.page import Headline, headline, is_before_tables, notes, section_order, sentence_part
from explain_log.render.picture.paper import Sheet, outcome_lines, sheets
from explain_log.render.picture.picture import picture_of
from explain_log.render.safe import visible
from explain_log.render.words import Words
from explain_log.report import Report

WIDE, NARROW = 760.0, 340.0
"""The pictures are drawn for a desk and for a phone; the page shows the one that fits."""

_MOST_PICTURES = 4


@dataclass(eq=False)
class SentenceView:
    """A sentence of the explanation and what it rests on; advice stands with how to follow it."""

    text: str
    links: list[Link]
    advice: AdvicePart | None = None


@dataclass(eq=False)
class SectionView:
    """A part of the explanation. early: whether it stands before the pictures."""

    id: str
    early: bool
    heading: str
    sentences: list[SentenceView]


@dataclass(eq=False)
class PictureView:
    """The pictures of a load in both widths, and the table of its buffers."""

    title: str
    said: list[str]
    failed: bool
    wide: list[Sheet]
    narrow: list[Sheet]
    table: Placement | None


@dataclass(eq=False)
class TermView:
    """A glossary entry with its id on the page."""

    anchor: str
    term: Term


@dataclass(eq=False)
class ReportView:
    """A page in one language. `words` gives its headings."""

    language: str
    words: Words
    headline: Headline
    sections: list[SectionView]
    pictures: list[PictureView]
    loads: LoadTable | None
    severities: list[SeverityView]
    lines: list[LineGroup]
    lines_left: int
    terms: list[TermView]
    notes: list[str] = field(default_factory=list)

    @property
    def line_count(self) -> int:
        """How many log lines are shown."""
        return sum(len(group.lines) for group in self.lines)

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """(severity, name, how many findings) of each severity."""
        return [(view.severity, view.label, len(view.findings)) for view in self.severities]


def view_of(report: Report, *, whole_log: bool = False) -> ReportView:
    """The page of a report, in the report's language.

    whole_log: the page shows the log itself, so that every line can be linked and none is chosen.
    """
    words = Words(report.language)
    told: Told = set()
    chosen, left = (frozenset[int](), 0) if whole_log else shown_lines(report)
    shown: Container[int] = range(1, report.source.lines + 1) if whole_log else chosen
    sections = _sections(report, words, shown, told)
    return ReportView(
        language=report.language,
        words=words,
        headline=headline(report, words),
        sections=sections,
        pictures=_pictures(report, words),
        loads=load_table(report, words),
        severities=severity_views(report, words, shown, told),
        lines=line_groups(report, chosen, report.language),
        lines_left=left,
        terms=_terms(report),
        notes=notes(report, words),
    )


def _sections(report: Report, words: Words, shown: Container[int], told: Told) -> list[SectionView]:
    if report.explanation is None:
        return []
    views = []
    for section in sorted(report.explanation.sections, key=lambda one: section_order(one.id)):
        sentences = [_sentence(sentence, report, words, shown, told) for sentence in section.statements]
        if sentences:
            views.append(SectionView(section.id, is_before_tables(section.id), visible(section.heading), sentences))
    return views


def _sentence(sentence: Sentence, report: Report, words: Words, shown: Container[int], told: Told) -> SentenceView:
    part = sentence_part(sentence, report, words, told)
    links = _rests_on(sentence, report, shown)
    if isinstance(part, str):
        return SentenceView(part, links)
    return SentenceView("", links, part)


def _rests_on(sentence: Sentence, report: Report, shown: Container[int]) -> list[Link]:
    """The lines behind a sentence's ids, then its findings; these lead on to the terms."""
    lines: set[int] = set()
    links: dict[str, Link] = {}
    by_id = {finding.fact_id: finding for finding in report.findings}
    for cite in sentence.cites:
        lines |= lines_of_cite(report, cite)
        finding = by_id.get(cite)
        if finding is not None:
            links[cite] = Link(finding.id, f"#{finding_id(report.language, finding)}")
    return [*line_links(report.language, sorted(lines), shown, 4), *links.values()]


def _pictures(report: Report, words: Words) -> list[PictureView]:
    """The load that leads the report, then the latest others of which memory is known."""
    first = leading(report.loads)
    if first is None:
        return []
    served = serving(report.loads)
    others = [load for load in reversed(served) if load is not first and load.devices]
    several = len(served) > 1
    return [_picture(report, load, words, several=several) for load in [first, *others][:_MOST_PICTURES]]


def _picture(report: Report, load: ModelLoad, words: Words, *, several: bool) -> PictureView:
    picture = picture_of(report, load)
    name = picture.model or words("picture.no_model")
    title = f"{words('picture.title_load', index=load.index)} · {name}" if several else name
    prefix = f"{report.language}-p{load.index}"
    return PictureView(
        title=title,
        said=outcome_lines(picture, words),
        failed=picture.outcome == "failed",
        wide=sheets(picture, words, WIDE, f"{prefix}-wide"),
        narrow=sheets(picture, words, NARROW, f"{prefix}-narrow"),
        table=placement_of(load, words, several=several) if load.devices else None,
    )


def _terms(report: Report) -> list[TermView]:
    """The terms that findings and sentences name."""
    names = dict.fromkeys(report.terms)
    sections = report.explanation.sections if report.explanation else []
    for cite in (cite for section in sections for sentence in section.statements for cite in sentence.cites):
        kind, name = split_cite(cite) or ("", "")
        if kind == "term":
            names[name] = None
    found = [(name, term(name, report.language)) for name in names]
    return [TermView(term_id(report.language, name), entry) for name, entry in found if entry is not None]
