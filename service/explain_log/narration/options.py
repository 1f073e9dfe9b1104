"""What a narration is asked for: which model, where, how long it may take."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

KEEP_ALIVE = "10m"


@dataclass(frozen=True)
class TimeLimits:
    """Seconds: to connect, until the first piece (a model may be loading), between pieces, for all."""

    connect: float = 5.0
    first: float = 300.0
    between: float = 60.0
    total: float = 600.0


@dataclass(frozen=True)
class ModelOptions:
    """What to ask, of which model, where.

    host: "" is this machine.  host_is_named: it was typed for this run, which is consent to send there.
    allow_remote: other hosts and cloud models are allowed whoever named them.  model: None is the server's best.
    parallel: requests at a time; None finds out.  keep_alive: how long the server keeps the model, None its default.
    """

    model: str | None = None
    host: str = ""
    host_is_named: bool = False
    allow_remote: bool = False
    question: str | None = None
    language: str = "en"
    limits: TimeLimits = field(default_factory=TimeLimits)
    parallel: int | None = None
    keep_alive: str | int | None = KEEP_ALIVE


def default_host() -> str:
    """OLLAMA_HOST, or this machine."""
    return os.environ.get("OLLAMA_HOST", "")
