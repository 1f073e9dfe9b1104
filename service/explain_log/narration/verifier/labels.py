"""Facts in words: "CUDA0: KV cache 352 MiB", for corrections."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from explain_log.citations import path_kind
from explain_log.knowledge import load
from explain_log.narration.verifier.evidence import Atom

_COLON = {"zh": "：", "en": ": "}
_AND = {"zh": "；", "en": "; "}


def told_text(atoms: list[Atom], language: str) -> str:
    """Several values in words, in the language of the reader."""
    return _AND[language].join(dict.fromkeys(told_one(atom, language) for atom in atoms))


def told_one(atom: Atom, language: str) -> str:
    """A value with what it is, where, and its unit."""
    label = labels().get(path_kind(atom.cite.removeprefix("fact:")), {})
    name = label.get(language, atom.cite)
    unit = label.get("unit", "")
    owner = f"{atom.device}{_COLON[language]}" if atom.device else ""
    return f"{owner}{name} {atom.shown:.10g}{' ' + unit if unit else ''}"


@lru_cache(maxsize=1)
def labels() -> dict[str, dict[str, Any]]:
    """The rows of knowledge/fact_labels.toml by path."""
    return {row["path"]: row for row in load().table("fact_labels")["fact"]}
