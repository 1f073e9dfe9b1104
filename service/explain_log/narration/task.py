"""The sections that a model is asked to write, each with its prompt, and what has become of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from explain_log.answers import Asked, answered_by_rules
from explain_log.briefing import ANSWER, Briefing, estimate_tokens, make_briefing
from explain_log.errors import ModelUnavailable
from explain_log.knowledge import load as load_knowledge
from explain_log.narration.explanation import Section, Sentence
from explain_log.narration.prompts import Message, prompt_file, prompt_tokens, render, section_task
from explain_log.narration.stream import Said
from explain_log.report import Report

PROMPT_TOKENS = 1500
"""The most that the prompt of a section may take, by our estimate."""
RULES_ONLY = frozenset({"unknown"})
"""What the log cannot tell is not for a model to say."""

_MOST_QUESTION_TOKENS = 300
_LEFT_OUT_AT_MOST = 9999


@dataclass(eq=False)
class Task:
    """One section to be written. problem: why its answer ended early or never came.  done: nothing more will come."""

    section: Section
    briefing: Briefing | None = None
    messages: list[Message] = field(default_factory=list)
    accepted: list[Sentence] = field(default_factory=list)
    refused: list[tuple[Said, str]] = field(default_factory=list)
    problem: ModelUnavailable | None = None
    done: bool = False

    @property
    def cites(self) -> list[str]:
        """The ids that an answer may cite: those of the material, and those that its notes rest on."""
        found: set[str] = set()
        for item in self.briefing.items if self.briefing else ():
            is_note = item.ids[0].startswith(("note:", "answer:"))
            found.update(json.loads(item.line)["cites"] if is_note else item.ids)
        return sorted(found)

    @property
    def is_for_model(self) -> bool:
        """Whether there is something to ask a model; else it is the rules'."""
        return bool(self.briefing and self.briefing.items)


def section_tasks(report: Report, question: str | None, language: str) -> list[Task]:
    """The sections in order: with a question its answer for the model and the rest for the rules, else all for it."""
    sections = list(report.explanation.sections) if report.explanation else []
    if question:
        return [answer_task(report, question, language), *map(Task, sections)]
    return [Task(s) if s.id in RULES_ONLY else _section_task(report, s, language) for s in sections]


def _section_task(report: Report, section: Section, language: str) -> Task:
    fields = {"heading": section.heading, "task": section_task(language, section.id)}
    return _task(report, section, "explain", language, fields)


def answer_task(report: Report, question: str, language: str, asked: Asked | None = None) -> Task:
    """The answer to a question. asked: what it is about, where that is known already."""
    section = answer_section(language)
    asked = asked or Asked.of(question, report)
    if asked.is_beyond_logs:
        return Task(section)  # the rules know what no log tells, and where it can be seen
    fields = {"question": shortened(question, _MOST_QUESTION_TOKENS)}
    return _task(report, section, "answer", language, fields, asked)


def answer_section(language: str) -> Section:
    """The section that answers a question, without a sentence yet."""
    return Section(ANSWER, prompt_file("answer", language)["heading"])


def answer_of_rules(report: Report, question: str) -> Section:
    """The answer without a model."""
    section = answer_section(report.language)
    section.statements += answered_by_rules(question, report)
    return section


def _task(
    report: Report, section: Section, purpose: str, language: str, fields: dict[str, Any], asked: Asked | None = None
) -> Task:
    told = prompt_file(purpose, language)["left_out"]
    longest = told["some"].format(count=_LEFT_OUT_AT_MOST)
    left = PROMPT_TOKENS - prompt_tokens(render(purpose, language, fields | {"briefing": "", "left_out": longest}))
    briefing = make_briefing(report, section.id, load_knowledge(), max(left, 1), asked)
    left_out = told["some" if briefing.left_out else "none"].format(count=briefing.left_out)
    fields = fields | {"briefing": briefing.text, "left_out": left_out}
    return Task(section, briefing, render(purpose, language, fields))


def shortened(text: str, tokens: int) -> str:
    """The beginning of a text, at most so many tokens by our estimate."""
    text = " ".join(text.split())
    if estimate_tokens(text) <= tokens:
        return text
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if estimate_tokens(text[:middle]) < tokens else (least, middle - 1)
    return text[:least] + "…"
