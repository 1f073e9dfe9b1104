"""Reads knowledge/: the one place that does.

An installed package carries the compiled bundle; a checkout compiles it on first use into the
user's cache folder, named by the content of the files. Records are read when they are asked for.
"""

from __future__ import annotations

import json
import os
from functools import cached_property, lru_cache
from typing import Any

from explain_log.errors import InputError, KnowledgeError

Record = Any  # a JSON value

_HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGED_BUNDLE = os.path.join(os.path.dirname(_HERE), "_knowledge.bundle")
CHECKOUT_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(_HERE))), "knowledge")


class Knowledge:
    """The compiled knowledge. All methods return plain JSON values; a missing key gives None."""

    def __init__(self, data: bytes) -> None:
        head, _, _ = data.partition(b"\n")
        try:
            self._tables: dict[str, list[int]] = json.loads(head)["tables"]
        except (ValueError, KeyError) as error:
            raise KnowledgeError("the knowledge bundle is damaged: install explain-log again") from error
        self._data = data
        self._start = len(head) + 1
        self._indexes: dict[str, dict[str, list[int]]] = {}
        self._records: dict[tuple[str, str], Record] = {}

    @cached_property
    def version(self) -> str:
        """A hash of all of it."""
        from hashlib import blake2b

        return blake2b(self._data, digest_size=12).hexdigest()

    def _at(self, place: list[int]) -> Record:
        start = self._start + place[0]
        return json.loads(self._data[start : start + place[1]])

    def keys(self, table: str) -> list[str]:
        """All keys of a table, in the order of the files."""
        return list(self._index(table))

    def _index(self, table: str) -> dict[str, list[int]]:
        found = self._indexes.get(table)
        if found is None:
            found = self._indexes[table] = self._at(self._tables[table])
        return found

    def record(self, table: str, key: str) -> Record | None:
        """One record of a table, or None."""
        cached = self._records.get((table, key), self)
        if cached is self:
            place = self._index(table).get(key)
            cached = self._records[table, key] = None if place is None else self._at(place)
        return cached

    def statement(self, statement_id: str) -> Record | None:
        """What a statement means and where it comes from: forms, level, severity, meaning, source …"""
        return self.record("statements", statement_id)

    def last_lines(self) -> dict[str, str]:
        """How the last line ends of statements that are printed over several, by their ids."""
        return dict(self.record("last_lines", "") or {})

    def term(self, term_id: str) -> Record | None:
        """A glossary entry."""
        return self.record("terms", term_id)

    def finding(self, finding_id: str) -> Record | None:
        """The texts of a finding."""
        return self.record("findings", finding_id)

    def table(self, name: str) -> Record:
        """A file of knowledge/ that is one table, such as quant_types. Raises KnowledgeError if absent."""
        found = self.record("tables", name)
        if found is None:
            raise KnowledgeError(f"knowledge/{name}.toml is missing")
        return found


@lru_cache(maxsize=1)
def load() -> Knowledge:
    """The knowledge of this installation or checkout."""
    if os.path.exists(PACKAGED_BUNDLE):
        with open(PACKAGED_BUNDLE, "rb") as file:
            return Knowledge(file.read())
    return Knowledge(_checkout_bundle(CHECKOUT_FOLDER))


def message(key: str, language: str) -> str:
    """A text by its dotted key, in "zh" or "en": of messages.toml, or else of page_words.toml, which only pages read.

    Raises KeyError where there is none.
    """
    steps = key.split(".")
    entry = load().table("messages")
    if steps[0] not in entry:
        entry = load().table("page_words")
    for step in steps:
        entry = entry[step]
    text: str = entry[language]
    return text


def _english(key: str) -> str:
    return message(key, "en")


InputError.english = staticmethod(_english)


def _checkout_bundle(folder: str) -> bytes:
    """The bundle of a checkout's files, from the cache folder where it is already there."""
    key = _content_key(folder)
    if not key:
        raise KnowledgeError(f"no knowledge at {folder}: install explain-log again")
    from explain_log.folders import cache_folder, write_whole

    cached = os.path.join(cache_folder(), f"knowledge-{key}.bundle")
    try:
        with open(cached, "rb") as file:
            return file.read()
    except OSError:
        pass
    from pathlib import Path

    from explain_log.knowledge.compile import compile_bundle

    data = compile_bundle(Path(folder))
    write_whole(cached, data)
    return data


def _content_key(folder: str) -> str:
    """A hash of all files of the knowledge and of the code that compiles them; "" without files."""
    from hashlib import blake2b

    digest = blake2b(digest_size=12)
    count = 0
    for place in (folder, _HERE):
        for root, folders, names in os.walk(place):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".toml", ".tsv", ".py")):
                    with open(os.path.join(root, name), "rb") as file:
                        digest.update(file.read())
                    count += place is folder
    return digest.hexdigest() if count else ""
