"""Checks anybody's explanation of a log: what `explain-log verify` and `POST /v1/verify` answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from explain_log.knowledge import load as load_knowledge
from explain_log.lines import lines_of_text
from explain_log.narration.verifier import Claim, judge_text
from explain_log.report import Report

MOST_ANSWER_CHARACTERS = 400_000
"""A longer answer is refused: a chat answer has some thousands."""

_VERDICTS = ("supported", "contradicted", "unsupported")


@dataclass(frozen=True)
class Verification:
    """What a text claims of a log, claim by claim. language: of the corrections' frame, "zh" or "en"."""

    language: str
    claims: list[Claim] = field(default_factory=list)

    @property
    def summary(self) -> dict[str, int]:
        """How many claims of each verdict."""
        return {verdict: sum(claim.verdict == verdict for claim in self.claims) for verdict in _VERDICTS}

    def as_json(self) -> dict[str, Any]:
        """The contract's Verification as plain values."""
        return {
            "language": self.language,
            "claims": [_claim_json(claim) for claim in self.claims],
            "summary": self.summary,
        }


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "text": claim.text,
        "span": list(claim.span),
        "verdict": claim.verdict,
        "code": None if claim.code is None else str(claim.code),
        "correction": claim.correction,
        "cites": list(claim.cites),
        "evidence": [{"line": line, "text": text} for line, text in claim.evidence],
    }


def verify_answer(answer: str, report: Report, log: str | None = None) -> Verification:
    """Checks a text against a report, which is in the language that corrections are to be in.

    answer: plain or Markdown.  log: the log's text, so that any of its lines may be quoted; without it only the
    lines that findings show count as quotes.
    """
    lines = None if log is None else list(_bodies(log))
    return Verification(report.language, judge_text(answer, report, load_knowledge(), lines))


def _bodies(log: str) -> Iterator[str]:
    """The lines of a log as they stand and without their envelopes: people quote both."""
    for line in lines_of_text(log):
        yield line.text
    yield from log.splitlines()
