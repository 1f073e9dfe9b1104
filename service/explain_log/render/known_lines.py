"""What single log lines mean, and which statements are known at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explain_log.knowledge import load
from explain_log.lines import lines_of_text
from explain_log.render.grid import Block
from explain_log.render.safe import visible
from explain_log.render.text import paragraph
from explain_log.render.words import Words
from explain_log.statements import Recogniser

Answer = dict[str, Any]
"""A line: line, text, statement, meaning, findings, and level, severity, fields, term."""

_STYLES = {"error": "error", "warning": "warning", "notice": "notice"}


def explained(text: str, language: str) -> list[Answer]:
    """What each line of the text is; blank lines are left out."""
    recogniser = Recogniser(load())
    answers = []
    for line in lines_of_text(text):
        if not line.text.strip():
            continue
        statement = recogniser.recognise(line)
        record = load().statement(statement.id) if statement else None
        known = record or {}
        answers.append(
            {
                "line": line.number,
                "text": line.raw,
                "statement": statement.id if statement else None,
                "meaning": known.get("meaning", {}).get(language),
                "findings": [],
                "level": line.level or known.get("level"),
                "severity": statement.severity if statement else None,
                "fields": statement.fields if statement else {},
                "term": known.get("term"),
            }
        )
    return answers


def line_lines(answers: list[Answer], words: Words, width: int) -> list[Block]:
    """The answers as text: the statement and how much it matters, its fields, its meaning."""
    lines: list[Block] = []
    for answer in answers:
        if lines:
            lines.append([])
        if len(answers) > 1:
            lines += paragraph("faint", f"{answer['line']}: {visible(answer['text'])}", width, "    ", [])
        lines += _answer_lines(answer, words, width)
    return lines


def _answer_lines(answer: Answer, words: Words, width: int) -> list[Block]:
    if answer["statement"] is None:
        return paragraph("warning", words("line.unknown"), width, "")
    severity = answer["severity"]
    lines: list[Block] = [[("strong", answer["statement"])]]
    label = words(f"severity.{severity}").rstrip(":： ")
    level = " · " + words("line.level", level=answer["level"]) if answer["level"] else ""
    lines.append([(_STYLES.get(severity, "info"), label), ("faint", level)])
    for name, value in answer["fields"].items():
        lines += paragraph("", visible(str(value)), width, "    ", [("code", f"  {visible(name)} = ")])
    lines += paragraph("", answer["meaning"] or words("line.no_meaning"), width, "")
    if answer["term"]:
        lines += paragraph("faint", words("line.term", term=answer["term"]), width, "")
    return lines


def search(wanted: list[str], language: str) -> Iterator[Answer]:
    """The statements that hold each wanted word in their id, wordings or meaning."""
    needles = [word.casefold() for word in wanted]
    for statement_id in load().keys("statements"):
        record: Any = load().statement(statement_id)
        wordings = [*record.get("forms", []), *record.get("msg", [])]
        meaning = record.get("meaning", {}).get(language)
        haystack = "\n".join((statement_id, *wordings, *record.get("meaning", {}).values())).casefold()
        if all(needle in haystack for needle in needles):
            yield {
                "id": statement_id,
                "level": record.get("level"),
                "severity": record.get("severity", "info"),
                "wordings": wordings,
                "meaning": meaning,
                "source": record["source"],
            }


def statement_lines(found: list[Answer]) -> list[Block]:
    """Known statements, for reading and for grep: id, level and severity, wordings, meaning."""
    lines: list[Block] = []
    for one in found:
        lines.append([("", f"{one['id']}  {one['level'] or '-'}  {one['severity']}")])
        lines += [[("", f"    {wording}")] for wording in one["wordings"]]
        if one["meaning"]:
            lines.append([("", f"    {one['meaning']}")])
    return lines
