"""Runs a case with a model and measures the answer."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from evals.cases import Case, report_of
from explain_log.errors import ModelUnavailable
from explain_log.narration.explain import narrate_now
from explain_log.narration.explanation import Explanation, Sentence
from explain_log.narration.options import ModelOptions
from explain_log.narration.task import answer_of_rules
from explain_log.report import Report


@dataclass(eq=False)
class Outcome:
    """What came of one case.

    said: different statements of the model; passed: of these, those that were shown; repaired: of those, after they
    were sent back; foreign: refused for their language; mentioned: of the findings that must be, by the model;
    first_seconds: until its first statement was shown, None where none was; failed: why nothing could be used.
    """

    case: Case
    said: int = 0
    passed: int = 0
    repaired: int = 0
    foreign: int = 0
    mentioned: int = 0
    from_rules: int = 0
    problems: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    first_seconds: float | None = None
    failed: str = ""
    reasons: dict[str, int] = field(default_factory=dict)


def measure(case: Case, options: ModelOptions) -> Outcome:
    """The outcome of a case with a model."""
    outcome = Outcome(case)
    started = time.monotonic()

    def on_event(kind: str, payload: object) -> None:
        if kind == "problem":
            outcome.problems += 1
        if kind == "sentence" and outcome.first_seconds is None:
            _, sentence = cast("tuple[str, Sentence]", payload)
            if sentence.origin == "model":
                outcome.first_seconds = time.monotonic() - started

    report = copy.copy(report_of(case.log, case.language))
    try:
        explanation = narrate_now(report, options, on_event)
    except ModelUnavailable as error:
        outcome.failed = str(error)
        outcome.seconds = time.monotonic() - started
        return outcome
    outcome.seconds = time.monotonic() - started
    _count(outcome, explanation)
    return outcome


def _count(outcome: Outcome, explanation: Explanation) -> None:
    own = [s for section in explanation.sections for s in section.statements if s.origin == "model"]
    shown = {s.text for s in own}
    refused = {rejected.text: rejected.reason for rejected in explanation.rejected if rejected.text not in shown}
    outcome.said, outcome.passed = len(shown) + len(refused), len(shown)
    outcome.repaired = explanation.stats.repaired
    outcome.from_rules = sum(s.origin == "rules" for section in explanation.sections for s in section.statements)
    for reason in refused.values():
        code = reason.partition(":")[0]
        outcome.reasons[code] = outcome.reasons.get(code, 0) + 1
    outcome.foreign = outcome.reasons.get("LANGUAGE", 0)
    outcome.mentioned = len(mentioned(own, outcome.case.must))
    outcome.prompt_tokens = explanation.stats.prompt_tokens or 0
    outcome.output_tokens = explanation.stats.output_tokens or 0


def baseline(case: Case) -> Outcome:
    """The outcome of the rules' own text: all of it passes, at once, for no tokens."""
    report = report_of(case.log, case.language)
    started = time.monotonic()
    said = _rules(report, case.question)
    outcome = Outcome(case, said=len(said), passed=len(said), from_rules=len(said), first_seconds=0.0)
    outcome.mentioned = len(mentioned(said, case.must))
    outcome.seconds = time.monotonic() - started
    return outcome


def _rules(report: Report, question: str | None) -> list[Sentence]:
    if question:
        return answer_of_rules(report, question).statements
    sections = report.explanation.sections if report.explanation else []
    return [sentence for section in sections for sentence in section.statements]


def mentioned(sentences: Iterable[Sentence], findings: Iterable[str]) -> set[str]:
    """Those of the findings that the sentences cite, for whichever load."""
    cites = {cite for sentence in sentences for cite in sentence.cites if cite.startswith("finding:")}
    return set(findings) & {cite.removeprefix("finding:").partition("@")[0] for cite in cites}
