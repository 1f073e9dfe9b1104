"""What a model can do, found out once: `format` with a schema, `think`, both together; and remembered on disk.

Some models ignore `format` when they are told not to think, some think whatever they are told (ollama#14850,
#15260, #8063). A short request shows which way gives the JSON that is asked for.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from typing import Any

from explain_log.folders import cache_folder, write_whole

_FILE = "models.json"
_MOST_MODELS = 200
Think = bool | str | None


@dataclass(frozen=True)
class Ability:
    """How to ask a model. format: it keeps to a schema.  think: what to send, None nothing.

    thinks: it spends tokens on thoughts before it answers.
    """

    format: bool = True
    think: Think = None
    thinks: bool = False
    context_length: int | None = None


def ways(*, can_think: bool, setting: Think) -> list[tuple[bool, Think]]:
    """(format, think) in the order in which they are tried; the first that gives the JSON is kept."""
    if not can_think:
        return [(True, None), (False, None)]
    return [(True, setting), (True, None), (False, setting), (False, None)]


def known(url: str, name: str, digest: str | None = None) -> Ability | None:
    """What is remembered of a model on a host. digest: None takes what is there, whatever it is of."""
    entry = _read().get(_key(url, name))
    if not isinstance(entry, dict) or (digest is not None and entry.get("digest") != digest):
        return None
    try:
        ability = Ability(**{field.name: entry[field.name] for field in fields(Ability)})
    except KeyError:
        return None
    sound = isinstance(ability.format, bool) and isinstance(ability.think, (bool, str, type(None)))
    return ability if sound and isinstance(ability.context_length, (int, type(None))) else None


def remember(url: str, name: str, digest: str, ability: Ability) -> None:
    """Keeps it for the next time; that it cannot be kept costs only another look."""
    models = _read()
    key = _key(url, name)
    models.pop(key, None)
    models[key] = {"digest": digest, **asdict(ability)}
    kept = dict(list(models.items())[-_MOST_MODELS:])
    text = json.dumps({"version": 1, "models": kept}, ensure_ascii=False, indent=1)
    write_whole(os.path.join(cache_folder(), _FILE), text.encode())


def _key(url: str, name: str) -> str:
    return f"{url} {name}"


def _read() -> dict[str, Any]:
    try:
        with open(os.path.join(cache_folder(), _FILE), "rb") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return {}
    models = content.get("models") if isinstance(content, dict) else None
    return models if isinstance(models, dict) else {}
