"""The explanation as it is shown. A recognised line is a Statement; a narrated one is a Sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["model", "rules"]
SECTIONS = (
    "summary",
    "placement",
    "context",
    "memory",
    "load_time",
    "requests",
    "benign",
    "advice",
    "unknown",
)


@dataclass(eq=False)
class Sentence:
    """One statement of the explanation, with the ids of what it rests on."""

    text: str
    cites: list[str]
    origin: Origin = "rules"


@dataclass(eq=False)
class Section:
    """A part of the explanation under its heading."""

    id: str
    heading: str
    statements: list[Sentence] = field(default_factory=list)


@dataclass(eq=False)
class Rejected:
    """What the model said and the verifier refused, with the reason."""

    text: str
    reason: str
    section: str


@dataclass(eq=False)
class Stats:
    """What the model's part of the explanation cost.

    left_out: lines of material that were not sent, for length.  from_cache: the model said this in an earlier run.
    """

    prompt_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    repaired: int = 0
    left_out: int = 0
    from_cache: bool = False


@dataclass(eq=False)
class Explanation:
    """The whole explanation. origin is "model" as soon as one sentence is the model's."""

    language: str
    origin: Origin = "rules"
    model: str | None = None
    sections: list[Section] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    stats: Stats = field(default_factory=Stats)
