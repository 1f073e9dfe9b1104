"""Which of a server's models writes the explanation, when none is named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from explain_log.knowledge import load

_GIB = 1024**3


@dataclass(frozen=True)
class Installed:
    """A model that the server lists. is_remote: the server would send what it gets somewhere else."""

    name: str
    size: int
    is_remote: bool


def installed_models(tags: dict[str, Any]) -> list[Installed]:
    """The models of an answer of `/api/tags`."""
    models = tags.get("models") or []
    named = [(str(m.get("model") or m.get("name") or ""), m) for m in models if isinstance(m, dict)]
    return [Installed(name, int(m.get("size") or 0), is_remote(m, name)) for name, m in named if name]


def is_remote(described: dict[str, Any], name: str) -> bool:
    """Whether a model runs in the cloud, by its name or by what the server says about it."""
    if described.get("remote_host") or described.get("remote_model"):
        return True
    return bool(re.search(r"[-:]cloud$", name.casefold()))


def choose(models: Iterable[Installed]) -> str | None:
    """The name of the model that knowledge/model_choice.toml prefers, or None where none can write."""
    table = load().table("model_choice")
    candidates = [m for m in models if not any(word in m.name.casefold() for word in table["avoid"])]
    ranked = sorted(candidates, key=lambda model: _rank(model, table))
    return ranked[0].name if ranked else None


def _rank(model: Installed, table: dict[str, Any]) -> tuple[int, int, int]:
    """Fitting sizes first, then the preferred families, then the larger one."""
    gib = model.size / _GIB
    fits = table["smallest_gib"] <= gib <= table["largest_gib"]
    name = base_name(model.name)
    family = next((n for n, row in enumerate(table["family"]) if name.startswith(row["prefix"])), len(table["family"]))
    return (0 if fits else 1 if gib < table["smallest_gib"] else 2, family, -model.size if fits else model.size)


def base_name(name: str) -> str:
    """A model's name without registry and owner, in lower case: `hf.co/x/Qwen3-8B` is `qwen3-8b`."""
    return name.casefold().rpartition("/")[2]


def think_setting(name: str) -> str | bool:
    """What to ask of a model that thinks: not to, or as little as it can."""
    rows = load().table("model_choice")["family"]
    found: dict[str, Any] = next((row for row in rows if base_name(name).startswith(row["prefix"])), {})
    setting: str | bool = found.get("think", False)
    return setting
