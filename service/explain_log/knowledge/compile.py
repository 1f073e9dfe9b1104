"""Compiles knowledge/ into one indexed file, the bundle.

The wheel's build does it once; a checkout does it into the user's cache folder, by content hash.
The bundle is a line of JSON, the header, followed by JSON records: `header[table][key]` is the
(offset, length) of a record, so that a run reads only the records that its log needs.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from explain_log.errors import KnowledgeError
from explain_log.knowledge.forms import Part, leading_tokens, longest_literal, split_form
from explain_log.knowledge.schema import Entry, FindingEntry, SettingEntry, StatementEntry, TermEntry

BUNDLE_FORMAT = 3
INDEX_TOKENS = 3
"""A line is looked up by its first three, two and one words."""

E = TypeVar("E", bound=Entry)
Record = Any  # a JSON value


def read_entries(folder: Path, table: str, model: type[E]) -> list[E]:
    """All entries of a folder's (or one file's) TOML files, validated.

    Raises KnowledgeError that names the file and the entry.
    """
    entries: list[E] = []
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else [folder]
    for path in files:
        if not path.exists():
            continue
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise KnowledgeError(f"{path.name}: {error}") from error
        for number, item in enumerate(raw.get(table, []), 1):
            try:
                entries.append(model.model_validate(item))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(step) for step in first["loc"])
                name = item.get("id", f"entry {number}")
                raise KnowledgeError(f"{path.name}: {name}: {where}: {first['msg']}") from error
    return entries


def read_statements(knowledge: Path) -> list[StatementEntry]:
    """Every statement entry of a knowledge folder."""
    return read_entries(knowledge / "statements", "statement", StatementEntry)


def read_terms(knowledge: Path) -> list[TermEntry]:
    """Every glossary entry of a knowledge folder."""
    return read_entries(knowledge / "glossary", "term", TermEntry)


def read_findings(knowledge: Path) -> list[FindingEntry]:
    """Every finding's texts of a knowledge folder."""
    return read_entries(knowledge / "findings", "finding", FindingEntry)


def read_settings(knowledge: Path) -> list[SettingEntry]:
    """Every setting of a knowledge folder."""
    return read_entries(knowledge / "settings.toml", "setting", SettingEntry)


def compile_bundle(knowledge: Path) -> bytes:
    """The bundle of a knowledge folder. Raises KnowledgeError where an entry breaks its format."""
    statements = read_statements(knowledge)
    tables: dict[str, dict[str, Record]] = {
        "text_index": _index([(s, form) for s in statements for form in s.forms]),
        "msg_index": _index([(s, msg) for s in statements for msg in s.msg]),
        "statements": {s.id: _described(s) for s in statements},
        "last_lines": {"": {s.id: s.last_line for s in statements if s.last_line}},
        "terms": {t.id: t.model_dump(exclude_defaults=True) for t in read_terms(knowledge)},
        "findings": {f.id: f.model_dump(exclude_defaults=True) for f in read_findings(knowledge)},
        "settings": {s.id: s.model_dump(exclude_defaults=True) for s in read_settings(knowledge)},
        "source_lines": _source_lines(knowledge / "releases" / "source_lines.tsv"),
        "releases": {"ollama": _releases(knowledge / "releases" / "ollama.tsv")},
        "tables": {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in _plain_tables(knowledge)},
    }
    return _pack(tables)


def _plain_tables(knowledge: Path) -> list[Path]:
    return [path for path in sorted(knowledge.glob("*.toml")) if path.name != "settings.toml"]


def _described(statement: StatementEntry) -> Record:
    """What explains a statement to a reader; matching needs none of it."""
    return statement.model_dump(
        exclude_defaults=True, exclude={"id", "fact", "facts", "samples", "near_misses", "fields", "last_line"}
    )


def _index(wordings: list[tuple[StatementEntry, str]]) -> dict[str, Record]:
    """First words → candidates `[id, parts, anchor, facts, severity, fields, fallback]`.

    The more literal text a form has, the earlier it is tried; fallbacks come last.
    """
    buckets: dict[str, list[tuple[int, Record]]] = defaultdict(list)
    for statement, wording in wordings:
        parts = split_form(" ".join(wording.split()))
        facts = dict(statement.facts)
        if statement.fact:
            facts[str(statement.fact_field(wording))] = statement.fact
        literal = sum(len(part) for part in parts if isinstance(part, str))
        entry = [
            statement.id,
            parts,
            longest_literal(parts),
            _with_scales(statement, parts, facts),
            statement.severity,
            statement.fields,
        ]
        rank = -literal + (10_000 if statement.fallback else 0)
        buckets[" ".join(leading_tokens(parts, INDEX_TOKENS))].append((rank, entry))
    return {key: [entry for _, entry in sorted(found, key=lambda f: f[0])] for key, found in buckets.items()}


_TO_MIB = {"B": 1 / 1024**2, "bytes": 1 / 1024**2, "KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0,
           "MB": 1e6 / 1024**2, "GB": 1e9 / 1024**2}
_TO_SECONDS = {"ms": 1e-3, "us": 1e-6, "s": 1.0, "seconds": 1.0, "minutes": 60.0}
_TO_PARAMS = {"params_T": 1e12, "params_B": 1e9, "params_M": 1e6, "params_K": 1e3, "count": 1.0}


def _with_scales(statement: StatementEntry, parts: list[Part], facts: dict[str, str]) -> Record:
    """{field: [fact path, scale]}: the factor that turns the printed unit into the fact's."""
    units = {part[0]: part[2] for part in parts if not isinstance(part, str)}
    units |= {name: spec.partition(" ")[2] for name, spec in statement.fields.items()}
    scaled = {}
    for field, path in facts.items():
        unit = units.get(field, "")
        scale = 1.0
        if path.endswith("_mib"):
            scale = _TO_MIB.get(unit, 1.0)
        elif path.endswith("_seconds"):
            scale = _TO_SECONDS.get(unit, 1.0)
        elif path.endswith(".params"):
            scale = _TO_PARAMS.get(unit, 1.0)
        scaled[field] = [path, scale]
    return scaled


def _releases(path: Path) -> list[list[str]]:
    """[version, date] of every release, in order."""
    if not path.exists():
        return []
    rows = path.read_text(encoding="utf-8").splitlines()
    return [row.split("\t") for row in rows if row and not row.startswith("#")]


def _source_lines(path: Path) -> dict[str, Record]:
    """file.go → {line: [[message, "0.5.2-0.5.7,…"], …]}."""
    found: dict[str, dict[str, list[list[str]]]] = defaultdict(lambda: defaultdict(list))
    if path.exists():
        for row in path.read_text(encoding="utf-8").splitlines():
            if row.startswith("#") or not row:
                continue
            where, versions, message = row.split("\t", 2)
            name, _, line = where.rpartition(":")
            found[name][line].append([message, versions])
    return {name: dict(lines) for name, lines in found.items()}


def _pack(tables: dict[str, dict[str, Record]]) -> bytes:
    body = bytearray()

    def add(record: Record) -> list[int]:
        data = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        body.extend(data)
        return [len(body) - len(data), len(data)]

    # The index of a table is a record as well: a run that needs no glossary does not read its index.
    header = {name: add({key: add(record) for key, record in table.items()}) for name, table in tables.items()}
    head = json.dumps({"format": BUNDLE_FORMAT, "tables": header}, separators=(",", ":")).encode()
    return head + b"\n" + bytes(body)
