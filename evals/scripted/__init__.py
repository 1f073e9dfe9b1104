"""A server that speaks Ollama's API and answers as it is told to: models with characters, without a model."""

from evals.scripted.characters import CHARACTERS
from evals.scripted.server import ScriptedOllama

__all__ = ["CHARACTERS", "ScriptedOllama"]
