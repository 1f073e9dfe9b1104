"""What a log cannot tell by its kind: conditions that knowledge/narration.toml has texts for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from explain_log.facts.models import Facts, ModelLoad


def _no_device_memory(facts: Facts, load: ModelLoad | None) -> bool:
    """GPUs are in use and no line says how large they are."""
    on_gpu = load is not None and bool(load.layers_offloaded)
    return on_gpu and not any(run.devices for run in facts.server_runs)


def _no_config(facts: Facts, load: ModelLoad | None) -> bool:
    """An Ollama server without its settings."""
    return load is not None and any(run.product == "ollama" and not run.config for run in facts.server_runs)


def _no_requests(facts: Facts, load: ModelLoad | None) -> bool:
    """A model is ready, and nothing shows whether anybody used it."""
    ollama = any(run.product == "ollama" for run in facts.server_runs)
    return ollama and load is not None and load.outcome == "ready" and facts.requests is None


def _library_hidden(facts: Facts, load: ModelLoad | None) -> bool:
    """A llama-server that got ready without a line about buffers: hidden at its default verbosity."""
    own = any(run.product == "llama.cpp" for run in facts.server_runs)
    return own and load is not None and load.outcome == "ready" and not load.devices


_CONDITIONS: dict[str, Callable[[Facts, ModelLoad | None], bool]] = {
    "no_device_memory": _no_device_memory,
    "no_config": _no_config,
    "no_requests": _no_requests,
    "library_hidden": _library_hidden,
}


def gaps(table: list[dict[str, Any]], facts: Facts, load: ModelLoad | None) -> list[dict[str, Any]]:
    """The entries of the table whose condition holds."""
    return [entry for entry in table if _CONDITIONS[entry["when"]](facts, load)]
