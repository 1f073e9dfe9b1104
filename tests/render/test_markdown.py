"""The page as markdown: nothing of a log becomes markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from explain_log.checks.finding import Evidence
from explain_log.render.markdown import code, fenced, markdown_text, plain
from explain_log.render.page import make_page
from explain_log.render.words import Words

EVIL = [
    "<script>alert(1)</script>",
    "![x](http://evil/x.png)",
    "[click](javascript:alert(1))",
    "``` break ```` out",
    "`code` ``two``",
    "| a | b |",
    "# heading",
    "- item",
    "1. item",
    "&lt;b&gt;",
    "http://evil.example/x www.evil.example @someone #12",
    "**bold** _it_ ~~no~~ __init__ a_b_c _x",
    "HTTPS://EVIL.example WWW.evil.example",
    "\x1b[31mred\u202e",
]


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def shown(report, language="en") -> str:
    words = Words(language)
    return markdown_text(make_page(report, words), words)


@pytest.mark.parametrize("evil", EVIL)
def test_log_text_is_shown_as_it_is(report, evil):
    """Whatever stands in a log: no link, image, HTML, heading or emphasis comes of it."""
    report.loads[0].model.name = report.source.name = evil
    report.loads[0].devices[0].device = evil
    report.findings[0].title = report.findings[0].detail = evil
    report.findings[0].evidence = [Evidence(3, evil)]
    report.findings[0].advice[0].command = evil
    html = rendered(shown(report))
    clean = rendered(shown(report).replace(evil, "x"))
    for tag in ("<script", "<img", "<a ", "<em>", "<strong>x", "<del>"):
        assert tag not in html
    assert html.count("<h1>") == 0
    assert html.count("<table>") == clean.count("<table>")
    assert not set("\x1b\u202e") & set(html)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_a_code_span_cannot_be_left(text):
    """A code span is one code span with its text in it, whatever the text."""
    if not text.strip():
        return
    html = MarkdownIt("commonmark").renderInline(code(text))
    assert html.startswith("<code>")
    assert html.count("<code>") == 1
    assert html.endswith("</code>")


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))))
def test_a_code_block_cannot_be_left(lines):
    """Nor can a code block."""
    html = MarkdownIt("commonmark").render("\n".join([*fenced(lines), "", "after"]))
    assert html.endswith("<p>after</p>\n")


@given(st.text("ab *_`[]()<>#~|!&\\-+1.0@:/wht", min_size=1, max_size=40))
def test_plain_text_stays_plain(text):
    """Escaped text is one paragraph of text."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render("x " + plain(text))
    assert html.startswith("<p>x")
    assert html.count("<") == 2


def test_words_of_the_log_read_as_they_are():
    """Names with underscores and numbers are not littered with backslashes."""
    assert plain("OLLAMA_NUM_PARALLEL n_ctx 175.3 MiB/s") == "OLLAMA_NUM_PARALLEL n_ctx 175.3 MiB/s"
    assert plain("1.5 GiB") == "1.5 GiB"


def test_the_page_has_what_the_text_has(report):
    """Headline, sections, the table, findings with their lines, advice with its command."""
    text = shown(report)
    for part in ("## The model is loaded", "### What happened", "| `CUDA0` | 17 | 3000.50", "### Findings", "L13–15, L20",
                 "export OLLAMA_X=1", "`offload.partial`"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_whole_markdown(report, language):
    """Every table and code block is one when rendered."""
    html = rendered(shown(report, language))
    assert html.count("<table>") == 1
    assert html.count("<pre>") == 3
