"""The page as markdown, for an issue or a chat. Nothing that a log holds becomes markup."""

from __future__ import annotations

import re

from explain_log.render.findings import AdvicePart, FindingPart
from explain_log.render.loads import LoadTable, Placement
from explain_log.render.page import Page, SectionPart
from explain_log.render.words import Words

_MARKS = {"error": "❌", "warning": "⚠️", "notice": "🔎", "info": "ℹ️", "benign": "✅"}
_MARKUP = re.compile(
    r"([\\`*\[\]<>|#~$]|(?<![^\W_])_|_(?![^\W_])|(?:https?|ftp)(?=://)|www(?=\.)|(?<!\w)@(?=\w)|!(?=\[)|&(?=#?\w+;))",
    re.IGNORECASE,
)
_BLOCK_START = re.compile(r"^([-+=]|\d+(?=[.)](?:\s|$)))")


def markdown_text(page: Page, words: Words) -> str:
    """The whole page as markdown."""
    lines = [f"## {plain(page.headline.text)}", "", *(plain(about) + "  " for about in page.headline.about)]
    for section in page.before:
        lines += _section(section)
    lines += _loads(page.loads, words) if page.loads else []
    for placement in page.placements:
        lines += _placement(placement, words)
    for section in page.after:
        lines += _section(section)
    if page.findings:
        lines += ["", f"### {words('findings.heading')}", ""]
    for finding in page.findings:
        lines += _finding(finding)
    for note in page.notes:
        lines += ["", f"<sub>{plain(note)}</sub>"]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Text that markdown shows as it is: no emphasis, links, mentions, HTML or table cells."""
    return _BLOCK_START.sub(_escaped_start, _MARKUP.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    found = match[1]
    if found in ("<", ">", "&", "@"):
        return f"&#{ord(found)};"
    if found.isalnum():  # a bare link is cut in two for the renderer, not for the reader
        return f"{found}&#8203;"
    return "\\" + found


def _escaped_start(match: re.Match[str]) -> str:
    return f"{match[1]}\\" if match[1].isdigit() else f"\\{match[1]}"


def code(text: str) -> str:
    """A code span that its text cannot end: its fence is longer than any run of backticks within."""
    fence = "`" * (_longest_run(text) + 1)
    edge = " " if text[:1] in ("`", " ", "") or text[-1:] in ("`", " ") else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def fenced(lines: list[str], indent: str = "") -> list[str]:
    """A code block that its lines cannot end."""
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return [indent + line for line in (f"{fence}", *lines, fence)]


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _cell(text: str) -> str:
    """A table's cell in code: a bar would end it even there."""
    return code(text.replace("|", "¦")) if text else ""


def _section(section: SectionPart) -> list[str]:
    lines = ["", f"### {plain(section.heading)}", ""]
    for sentence in section.sentences:
        lines += [f"- {plain(sentence)}"] if isinstance(sentence, str) else _advice(sentence, "- ")
    return lines


def _table(header: list[str], rows: list[list[str]], right: int) -> list[str]:
    """A table; the columns from `right` on stand to the right."""
    rule = ["---" if place < right else "---:" for place in range(len(header))]
    return ["", *("| " + " | ".join(row) + " |" for row in (header, rule, *rows))]


def _loads(table: LoadTable, words: Words) -> list[str]:
    rows = [[plain(cell) if place != 2 else _cell(cell) for place, cell in enumerate(row)] for row in table.rows]
    note = ["", plain(table.note)] if table.note else []
    return ["", f"### {words('loads.heading')}", *_table(table.header, rows, 4), *note]


def _placement(placement: Placement, words: Words) -> list[str]:
    titles = [words("table.device"), words("table.layers")]
    titles += [words(f"table.{name}") for name in placement.columns] + [words("table.total")]
    rows = [[_cell(row.name), row.layers, *row.cells, row.total] for row in placement.rows]
    title = ["", f"**{plain(placement.title)}**"] if placement.title else []
    return [*title, *_table(titles, rows, 2)]


def _finding(finding: FindingPart) -> list[str]:
    mark = f"{_MARKS[finding.severity]} **{finding.label}{plain(finding.title)}**"
    where = " · ".join(filter(None, (finding.where, finding.also)))
    lines = [f"- {mark}  ", f"  {plain(finding.detail)}  ", "  " + " · ".join(filter(None, (where, code(finding.id))))]
    if finding.evidence:
        lines += ["", *fenced([f"{number}: {text}" for number, text in finding.evidence], "  ")]
    for advice in finding.advice:
        lines += ["", *_advice(advice, "  - ")]
    return lines


def _advice(advice: AdvicePart, mark: str) -> list[str]:
    indent = " " * len(mark)
    lines = [f"{mark}**{plain(advice.action)}** {plain(advice.effect)}"]
    if advice.commands:
        lines += ["", *fenced(advice.commands, indent), ""]
    return lines + [f"{indent}- {label}{plain(text)}" for label, text in advice.steps]
