"""`explain-log cache list|show|purge`: what models said before."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from explain_log.cache import Entry, Store
from explain_log.cli import ANSWERED, streams
from explain_log.cli.options import COMMANDS
from explain_log.cli.settings import Settings
from explain_log.errors import InputError
from explain_log.render.safe import visible
from explain_log.render.words import Words

_SHOWN = 12


def cache(action: str, key: str, settings: Settings) -> int:
    """Lists what is kept, shows or drops it by the beginning of its key. Raises InputError."""
    actions = COMMANDS["cache"].actions
    if action not in actions:
        raise InputError("error.bad_value", name="cache", value=repr(action), allowed=", ".join(actions))
    store = Store()
    if action == "list":
        return _list(store.entries(key), settings)
    if action == "purge":
        count = store.purge(key)
        streams.say(Words(settings.language)("cache.purged", count=count))
        return ANSWERED
    return _show(store, key, settings)


def _list(entries: list[Entry], settings: Settings) -> int:
    if settings.text("format") == "json":
        streams.write_json([asdict(entry) for entry in entries])
        return ANSWERED
    if not entries:
        streams.say(Words(settings.language)("cache.empty"))
    for entry in entries:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.made))
        words = (entry.key[:_SHOWN], made, entry.language, entry.model, entry.name, entry.question)
        streams.write(visible("  ".join(word for word in words if word)) + "\n")
    return ANSWERED


def _show(store: Store, key: str, settings: Settings) -> int:
    found = store.entries(key) if key else []
    value = store.value(found[0].key) if len(found) == 1 else None
    if value is None:
        raise InputError("cache.ambiguous" if len(found) > 1 else "cache.no_entry", key=key)
    explanation = json.loads(value)
    if settings.text("format") == "json":
        streams.write_json(explanation)
        return ANSWERED
    for section in explanation["sections"]:
        streams.write(visible(section["heading"]) + "\n")
        for number, sentence in enumerate(section["statements"], 1):
            streams.write(f"  {number}. {visible(sentence['text'])}\n")
    return ANSWERED
