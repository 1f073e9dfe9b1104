"""What the verifier says about a sentence, and about each thing that it claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Answer = Literal["supported", "contradicted", "unsupported"]


class Code(StrEnum):
    """Why a claim does not hold."""

    NUMBER = "NUMBER"
    UNIT = "UNIT"
    NAME = "NAME"
    SUBJECT = "SUBJECT"
    POLARITY = "POLARITY"
    DIRECTION = "DIRECTION"
    CAUSE = "CAUSE"
    MISREADING = "MISREADING"
    ADVICE = "ADVICE"
    QUOTE = "QUOTE"
    ABSENCE = "ABSENCE"
    LANGUAGE = "LANGUAGE"
    UNCITED = "UNCITED"


@dataclass(frozen=True)
class Objection:
    """One thing that is wrong: its code, which refusal text tells it, and what that text names.

    start, end: where in the sentence.  contradicted: the log says otherwise; else it cannot tell.
    cites: the ids that say otherwise.  lines: the log lines that do.
    """

    code: Code
    text: str
    names: dict[str, str] = field(default_factory=dict)
    start: int = 0
    end: int = 0
    contradicted: bool = False
    cites: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Support:
    """One thing that the report bears out: where in the sentence, and the ids that do."""

    start: int
    end: int
    cites: tuple[str, ...] = ()
    weak: bool = False
    """It bears out part of a statement only: a cause that can be, with nothing said of what it causes."""


Judgement = Objection | Support


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence may be shown; if not, the code and the reason in the sentence's language."""

    accepted: bool
    code: Code | None = None
    reason: str = ""


ACCEPTED = Verdict(accepted=True)


@dataclass(frozen=True)
class Claim:
    """Something that a text says of a log, and whether that is so.

    span: its place in the text.  correction: what the log says instead, in the text's language.
    cites: ids of facts, findings and terms.  evidence: (line, text) of the log.
    """

    text: str
    span: tuple[int, int]
    verdict: Answer
    code: Code | None = None
    correction: str | None = None
    cites: tuple[str, ...] = ()
    evidence: tuple[tuple[int, str], ...] = ()
