"""Answers a question about a kept report: in a model's words where one can be had, else by the rules."""

from __future__ import annotations

import json
from typing import Any

from explain_log.api.explain import OnEvent, Wanted
from explain_log.api.schemas import Answer, AnswerSentence, Question
from explain_log.api.service import Service
from explain_log.briefing import ANSWER
from explain_log.store import Content


async def answered(service: Service, content: Content, asked: Question, language: str, on_event: OnEvent) -> Answer:
    """The answer. on_event is called as by the explainer, without `report`."""
    question = " ".join(asked.question.split())
    header = {"task": "answer", "question": question}
    by_rules = (await service.workers.do(header, [content.report]))[0]["section"]
    wanted = Wanted(language, llm=asked.llm is not False, model=asked.model, question=question)
    notices: list[str] = []
    recognised = json.loads(content.report)["source"]["recognised_lines"]
    if question and recognised and service.explainer.asks_model(wanted):
        narrated = await service.explainer.narrated(content, wanted, on_event, notices, answer_only=True)
        report = narrated.report if narrated is not None else None
        explanation = json.loads(report)["explanation"] if report is not None else {"sections": []}
        for section in explanation["sections"]:
            if section["id"] == ANSWER and section["statements"]:
                return _answer(section, explanation["origin"], explanation["model"], notices)
    for statement in by_rules["statements"]:
        on_event("statement", {"section": ANSWER, "statement": statement})
    return _answer(by_rules, "rules", None, notices)


def _answer(section: dict[str, Any], origin: str, model: str | None, notices: list[str]) -> Answer:
    return Answer(
        id=section["id"],
        heading=section["heading"],
        statements=[AnswerSentence(**statement) for statement in section["statements"]],
        origin="model" if origin == "model" else "rules",
        model=model,
        notice="; ".join(notices),
    )
