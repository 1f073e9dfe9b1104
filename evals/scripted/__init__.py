"""A server that speaks Ollama's API and answers as it is told to: models with characters, without a model."""

from typing import Any

from evals.scripted.characters import CHARACTERS
from evals.scripted.server import ScriptedOllama

__all__ = ["CHARACTERS", "NAMES", "ScriptedOllama", "scripted"]

_SLOW: dict[str, Any] = {"load_seconds": 1.0, "first_seconds": 0.1, "piece_seconds": 0.001}
NAMES = (*CHARACTERS, "slow")


def scripted(name: str, **options: Any) -> ScriptedOllama:
    """A server with a model of that character: one of CHARACTERS, or `slow`, which is honest."""
    pace = _SLOW if name == "slow" else {}
    character = CHARACTERS["honest" if name == "slow" else name]
    return ScriptedOllama(**{"character": character, "name": f"{name}:8b", **pace, **options})
