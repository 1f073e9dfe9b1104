"""The page in one file: complete, linked both ways, and nothing that a log holds becomes markup."""

import re
from base64 import b64encode
from dataclasses import fields, is_dataclass
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from explain_log.checks.finding import Evidence, Finding
from explain_log.facts.models import ModelLoad
from explain_log.lines import parse_origin
from explain_log.narration.explanation import Explanation, Section, Sentence
from explain_log.pipeline import make_reports
from explain_log.render.html.lines import MOST_LINES, shown_lines
from explain_log.render.html.page import html_page, style_text
from explain_log.render.html.view import view_of

EXAMPLE = "examples/deepseek-r1-70b-8gpu.log"
VOID = {"meta", "input", "br"}


class Markup(HTMLParser):
    """The elements of a page, and whether they nest."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


@pytest.fixture(scope="module")
def reports():
    """The log that the project began with, in both languages."""
    return make_reports([parse_origin(EXAMPLE)], ("zh", "en"))


@pytest.fixture(scope="module")
def page(reports):
    """Its page."""
    return html_page(reports)


@pytest.fixture(scope="module")
def markup(page):
    """Its elements."""
    return Markup(page)


def test_elements_nest_and_ids_are_unique(markup):
    """Everything that is opened is closed, and a link has one place to go to."""
    assert markup.open == []
    assert len(markup.ids) == len(set(markup.ids))


def test_every_link_leads_to_a_place_on_the_page(markup):
    """There is no link to anywhere else."""
    targets = [attributes["href"] for attributes in markup.of("a")]
    assert len(targets) > 100
    assert {target[:1] for target in targets} == {"#"}
    assert {target[1:] for target in targets} <= set(markup.ids)
    labelled = [name for _, attributes in markup.elements for name in (attributes.get("aria-labelledby") or "").split()]
    assert set(labelled) <= set(markup.ids)


def test_nothing_runs_and_nothing_is_loaded(page, markup):
    """No script, no handler, no style attribute, no address outside; the policy allows just the page's own style."""
    assert not {tag for tag, _ in markup.elements} & {"script", "img", "link", "iframe", "object", "embed", "base", "form"}
    for _, attributes in markup.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")]
    assert "url(http" not in page
    assert "@import" not in page
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    policy = next(meta["content"] for meta in markup.of("meta") if meta.get("http-equiv"))
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert style == style_text()


@pytest.mark.parametrize("place", [0, 1])
def test_findings_and_lines_link_to_each_other(reports, markup, place):
    """Every finding is there and leads to a line that it rests on; every line leads back to each of its findings."""
    report = reports[place]
    language = report.language
    view = view_of(report)
    shown, left = shown_lines(report)
    assert left == 0
    for finding in report.findings:
        anchor = f"{language}-f-{finding.id}" + ("" if finding.load is None else f"-{finding.load}")
        assert anchor in markup.ids
        assert any(evidence.line in shown for evidence in finding.evidence) or not finding.evidence
        for group in view.lines:
            if {line.number for line in group.lines} & {evidence.line for evidence in finding.evidence}:
                assert f"#{anchor}" in [link.href for link in group.findings]
    findings = [finding for severity in view.severities for finding in severity.findings]
    assert all(any(link.href for link in finding.lines) for finding in findings)


def test_the_whole_explanation_is_there(reports, markup):
    """Each sentence of both languages, and what each shown line means."""
    text = "".join("".join(markup.texts).split())
    for report in reports:
        for section in report.explanation.sections:
            assert "".join(section.heading.split()) in text
            for sentence in section.statements:
                assert "".join(sentence.text.split()) in text
        meanings = [group.meaning for group in view_of(report).lines]
        assert sum(meaning is not None for meaning in meanings) >= 0.9 * len(meanings)


def test_both_languages_or_one(reports, page):
    """A page of one language has no switch; a page of two shows the first one first."""
    alone = html_page(reports[:1])
    assert 'name="language"' not in alone
    assert 'id="show-zh" checked' in page
    assert 'id="show-en" checked' in html_page(reports[::-1])
    assert page.startswith("<!doctype html>\n<html lang=\"zh-Hans\">")


def findings_about(count, lines_each=3):
    """So many findings, each with lines of its own."""
    return [
        Finding("load.slow", "notice", number + 1, "t", "d", {}, None, None,
                [Evidence(number * 10 + at + 1, "x") for at in range(lines_each)], [], False, "load_time", [])
        for number in range(count)
    ]  # fmt: skip


def test_of_many_findings_each_keeps_a_line(report):
    """Lines are limited; the first of every finding comes before more of any, and what is left out is counted."""
    report.findings = findings_about(300)
    shown, left = shown_lines(report)
    assert len(shown) == MOST_LINES
    assert left == 900 - MOST_LINES
    assert all(number * 10 + 1 in shown for number in range(300))
    assert f"{left} more lines are not listed" in html_page([report])


def test_one_verdict_on_many_loads_is_told_once(report):
    """The last load's in full, the others in a line each, all with their anchors."""
    report.findings = findings_about(5)
    markup = Markup(html_page([report]))
    assert [attributes["class"] for attributes in markup.of("details") if attributes.get("class", "").startswith("finding")] == ["finding notice"]
    assert {f"en-f-load.slow-{load}" for load in range(1, 6)} <= set(markup.ids)


def test_a_log_without_anything(report):
    """No load, no finding, no explanation: a page that says so."""
    report.findings, report.loads, report.explanation, report.server_runs = [], [], None, []
    assert "No findings." in html_page([report])


HOSTILE = [
    "</style></textarea><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)><svg onload=alert(1)>",
    "' autofocus onfocus=alert(1) x='",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:alert(1)//&lt;b&gt;\x1b]0;t\x07\u202e\x00",
]
# What is chosen from the knowledge and not from a log: a page finds words and places by it.
CHOSEN = {"id", "severity", "language", "section", "terms", "cites", "purpose", "outcome", "origin", "stage", "kind", "product"}


def poisoned(value, text):
    """A record with the text in every field that could come from a log, keys included."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, list):
        return [poisoned(item, text) for item in value]
    if isinstance(value, tuple):
        return tuple(poisoned(item, text) for item in value)
    if isinstance(value, dict):
        return {poisoned(key, text): poisoned(item, text) for key, item in value.items()}
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in CHOSEN:
                setattr(value, field.name, poisoned(getattr(value, field.name), text))
    return value


def everything(text):
    """A report with something in every part of the page, each string ended by the text."""
    (report,) = make_reports([parse_origin(EXAMPLE)], ("en",))
    failed = ModelLoad(9, outcome="failed")
    failed.model.name = "m"
    report.loads.append(failed)
    report.explanation.sections.append(Section("answer", "Answer", [Sentence("An answer.", ["line:1"])]))
    report.explanation.origin, report.explanation.model = "model", "m"
    for finding in report.findings:
        for one in finding.evidence:
            one.text = "a line that nobody knows "
    return poisoned(report, text)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_log_holds_never_becomes_markup(text):
    """With an attack in every field the page has the same elements and attributes as with harmless words."""
    def shape(page):
        kept = ("href", "id", "title", "aria-label", "content", "d", "x", "width", "viewbox", "points", "data-mib", "transform", "y")
        return [(tag, sorted(name for name in attributes if name not in kept)) for tag, attributes in Markup(page).elements if tag not in ("text", "tspan")]

    assert shape(html_page([everything(text)])) == shape(html_page([everything(" harmless words")]))


def test_the_explanation_may_be_missing_in_part():
    """An explanation without sections is none."""
    report = everything("")
    report.explanation = Explanation("en")
    assert "explanation" not in [attributes.get("class") for attributes in Markup(html_page([report])).of("section")]
