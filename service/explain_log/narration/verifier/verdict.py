"""What the verifier says about one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Why a sentence is refused."""

    NUMBER = "NUMBER"
    UNIT = "UNIT"
    NAME = "NAME"
    MISREADING = "MISREADING"
    LANGUAGE = "LANGUAGE"
    UNCITED = "UNCITED"
    ADVICE = "ADVICE"


@dataclass(frozen=True)
class Objection:
    """One thing that is wrong: its code, which refusal text tells it, and what that text names."""

    code: Code
    text: str
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence may be shown; if not, the code and the reason in the sentence's language."""

    accepted: bool
    code: Code | None = None
    reason: str = ""


ACCEPTED = Verdict(accepted=True)
