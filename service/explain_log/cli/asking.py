"""The options of a model, from the command line's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explain_log.cli.settings import Settings
from explain_log.cli.values import time_limits
from explain_log.narration.options import KEEP_ALIVE, ModelOptions, TimeLimits, default_host

if TYPE_CHECKING:
    from explain_log.cache import ExplanationCache


def model_options(settings: Settings) -> ModelOptions:
    """Which model to ask, where, how. A host on the command line is consent; one of the environment is none."""
    return ModelOptions(
        model=settings.text("model") or None,
        host=settings.text("ollama_host") or default_host(),
        host_is_named="ollama_host" in settings.given,
        allow_remote=settings.flag("allow_remote"),
        question=settings.text("question") or None,
        language=settings.language,
        limits=TimeLimits(**(time_limits(settings.text("timeout")) or {})),
        parallel=settings.number("parallel"),
        keep_alive=_keep_alive(settings.text("keep_alive")),
    )


def _keep_alive(text: str) -> str | int:
    """Ollama takes a duration as text and seconds as a number; `-1` as text is neither."""
    return int(text) if text.removeprefix("-").isdecimal() else text or KEEP_ALIVE


def keeper(settings: Settings) -> ExplanationCache | None:
    """Where explanations are kept, unless `--no-cache`."""
    if settings.flag("no_cache"):
        return None
    from explain_log.cache import ExplanationCache

    return ExplanationCache()
