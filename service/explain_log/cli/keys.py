"""`explain-log keys create|list|revoke`: who may use the service."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from explain_log.cli import ANSWERED, streams
from explain_log.cli.options import COMMANDS
from explain_log.cli.settings import Settings
from explain_log.errors import InputError
from explain_log.render.safe import visible
from explain_log.render.words import Words

if TYPE_CHECKING:
    from explain_log.store import Key

_MOST_NAME = 100


def keys(action: str, word: str, settings: Settings) -> int:
    """Makes a key, lists all or ends one. Raises InputError for what is none of these."""
    if action not in COMMANDS["keys"].actions or (action == "list") == bool(word):
        raise InputError("serve.key_word", word=" ".join(filter(None, (action, word))))
    return asyncio.run(_keys(action, word, settings))


async def _keys(action: str, word: str, settings: Settings) -> int:
    from explain_log.store import Keys, default_url, open_database

    database = await open_database(settings.text("database") or default_url())
    try:
        keys, words = Keys(database), Words(settings.language)
        as_json = settings.text("format") == "json"
        if action == "create":
            key, token = await keys.create(word[:_MOST_NAME])
            streams.write(
                json.dumps({"id": key.id, "name": key.name, "key": token}) + "\n" if as_json else token + "\n"
            )
            if not as_json:
                streams.say(words("serve.key_once", id=key.id))
        elif action == "revoke":
            if not await keys.revoke(word):
                raise InputError("serve.key_unknown", id=word)
            streams.say(words("serve.key_revoked", id=word))
        else:
            entries = await keys.entries()
            if as_json:
                streams.write(json.dumps([asdict(key) for key in entries], ensure_ascii=False) + "\n")
            elif not entries:
                streams.say(words("serve.no_keys"))
            else:
                streams.write("".join(_row(key, words) for key in entries))
    finally:
        await database.close()
    return ANSWERED


def _row(key: Key, words: Words) -> str:
    made = datetime.fromtimestamp(key.made, UTC).strftime("%Y-%m-%d %H:%M")
    return f"{key.id}  {made}  {visible(key.name)}{words('serve.key_is_revoked') if key.revoked else ''}\n"
