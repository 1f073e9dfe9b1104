"""Glossary entries as text and markdown, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explain_log.knowledge import load
from explain_log.render.grid import Block, Line
from explain_log.render.markdown import code, plain
from explain_log.render.text import paragraph
from explain_log.render.width import columns, cut, pad
from explain_log.render.words import Words

Term = dict[str, Any]
"""An entry in one language: id, name, names, short, text, unit, formula, see, versions, misreadings, source."""

_WIDEST_NAME = 26


def find_term(name: str, language: str) -> Term | None:
    """The term of that id, or that is called so in either language; blanks and case do not matter."""
    wanted = _folded(name)
    for term_id, record in _records():
        names = (term_id, *record["names"]["zh"], *record["names"]["en"])
        if wanted in map(_folded, names):
            return _in_language(term_id, record, language)
    return None


def _records() -> Iterator[tuple[str, Any]]:
    for term_id in load().keys("terms"):
        yield term_id, load().term(term_id)


def _folded(name: str) -> str:
    return "".join(name.replace("_", " ").replace("-", " ").split()).casefold()


def all_terms(language: str) -> list[Term]:
    """All terms, each with its id, name and one sentence."""
    entries = []
    for term_id, record in sorted(_records(), key=lambda one: one[0]):
        entries.append({"id": term_id, "name": record["names"][language][0], "short": record["short"][language]})
    return entries


def term(term_id: str, language: str) -> Term | None:
    """The term of an id."""
    record = load().term(term_id)
    return None if record is None else _in_language(term_id, record, language)


def _in_language(term_id: str, record: Any, language: str) -> Term:
    misreadings = [
        {"says": one["says"][language], "correction": one["correction"][language]}
        for one in record.get("misreading", [])
    ]
    return {
        "id": term_id,
        "name": record["names"][language][0],
        "names": record["names"][language],
        "short": record["short"][language],
        "text": record["text"][language],
        "unit": _unit(record.get("unit"), language),
        "formula": record.get("formula"),
        "see": record.get("see", []),
        "versions": record.get("versions", {}).get(language, []),
        "misreadings": misreadings,
        "source": record["source"],
    }


def _unit(name: str | None, language: str) -> str | None:
    """What the language calls a unit."""
    return None if name is None else str(load().table("unit_names")[name][language])


def list_lines(entries: list[Term], width: int) -> list[Block]:
    """All terms, one or two lines each."""
    name_width = min(_WIDEST_NAME, max(columns(entry["id"]) for entry in entries), width // 3)
    lines: list[Block] = []
    for entry in entries:
        first: Line = [("code", pad(cut(entry["id"], name_width), name_width)), ("", "  ")]
        lines += paragraph("", entry["short"], width, " " * (name_width + 2), first)
    return lines


def list_markdown(entries: list[Term]) -> str:
    """All terms as a list."""
    return "".join(f"- {code(entry['id'])} {plain(entry['short'])}\n" for entry in entries)


def term_lines(entry: Term, words: Words, width: int) -> list[Block]:
    """One term in full."""
    lines: list[Block] = [[("heading", entry["id"])]]
    others = [name for name in entry["names"] if name != entry["id"]]
    if others:
        lines += paragraph("faint", words("term.names") + ", ".join(others), width, "")
    lines += [[], *paragraph("strong", entry["short"], width, ""), []]
    lines += paragraph("", entry["text"], width, "")
    for misreading in entry["misreadings"]:
        lines += [[], *paragraph("", misreading["says"], width, "  ", [("error", "✗ " + words("term.wrong"))])]
        lines += paragraph("", misreading["correction"], width, "  ", [("good", "✓ " + words("term.right"))])
    lines.append([])
    for row in _rows(entry, words):
        lines += paragraph("faint", row, width, "  ", [])
    return lines


def _rows(entry: Term, words: Words) -> list[str]:
    """The small print, a line each."""
    values = {
        "formula": entry["formula"],
        "unit": entry["unit"],
        "versions": words("punctuation.semicolon").join(entry["versions"]),
        "see": ", ".join(entry["see"]),
        "source": entry["source"],
    }
    return [words(f"term.{name}") + value for name, value in values.items() if value]


def term_markdown(entry: Term, words: Words) -> str:
    """One term in full."""
    lines = [f"### {plain(entry['name'])}", "", f"**{plain(entry['short'])}**", "", plain(entry["text"])]
    for misreading in entry["misreadings"]:
        lines += ["", f"- ❌ {words('term.wrong')}{plain(misreading['says'])}  "]
        lines += [f"  ✅ {words('term.right')}{plain(misreading['correction'])}"]
    lines += ["", *(f"{plain(row)}  " for row in _rows(entry, words))]
    return "\n".join(lines) + "\n"
