"""Answers a question about a kept report: in a model's words where one can be had, else by the rules."""

from __future__ import annotations

from typing import Any

from explain_log.api.explain import OnEvent, Wanted
from explain_log.api.schemas import Answer, AnswerSentence, Question
from explain_log.api.service import Service
from explain_log.api.tasks import report_of
from explain_log.briefing import ANSWER
from explain_log.facts.models import as_json
from explain_log.narration.explanation import Section
from explain_log.store import Content


async def answered(service: Service, content: Content, asked: Question, language: str, on_event: OnEvent) -> Answer:
    """The answer. on_event is called as by the explainer, without `report`."""
    question = " ".join(asked.question.split())
    header = {"task": "answer", "question": question}
    by_rules = (await service.workers.do(header, [content.report]))[0]["section"]
    wanted = Wanted(language, llm=asked.llm is not False, model=asked.model, question=question)
    notices: list[str] = []
    if question and service.explainer.asks_model(wanted):
        report = report_of(content.report)
        if report.explanation:
            report.explanation.sections = []  # the answer alone is asked for
        if report.source.recognised_lines and await service.explainer.narrated(report, wanted, on_event, notices):
            section = _answer_of(report.explanation.sections if report.explanation else [])
            if section is not None and report.explanation is not None:
                return _answer(as_json(section), report.explanation.origin, report.explanation.model, notices)
    for statement in by_rules["statements"]:
        on_event("statement", {"section": ANSWER, "statement": statement})
    return _answer(by_rules, "rules", None, notices)


def _answer_of(sections: list[Section]) -> Section | None:
    return next((section for section in sections if section.id == ANSWER and section.statements), None)


def _answer(section: dict[str, Any], origin: str, model: str | None, notices: list[str]) -> Answer:
    return Answer(
        id=section["id"],
        heading=section["heading"],
        statements=[AnswerSentence(**statement) for statement in section["statements"]],
        origin="model" if origin == "model" else "rules",
        model=model,
        notice="; ".join(notices),
    )
