"""Whether a sentence that makes no claim of a known kind at least says what its sources say."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from explain_log.briefing import Briefing
from explain_log.citations import path_kind
from explain_log.knowledge import Knowledge
from explain_log.narration.verifier.evidence import Evidence
from explain_log.narration.verifier.labels import labels
from explain_log.narration.verifier.meanings import pieces

_SHARED = 0.5
_SHARED_WITH_ONE = 0.7


def echoes(text: str, evidence: Evidence, briefing: Briefing, lines: str = "") -> bool:
    """Whether at least half of what a sentence's words mean stands in its sources. lines: the log's that it cites."""
    meant = pieces(text)
    if not meant:
        return True
    told = set(pieces(lines))
    for finding in evidence.findings:
        told |= _of_finding(finding.id, briefing)
        told |= pieces(f"{finding.title} {finding.detail}")
    for term in evidence.terms:
        told |= _of_term(term, briefing)
    for atom in evidence.atoms:
        row = labels().get(path_kind(atom.cite.removeprefix("fact:"))) if atom.cite.startswith("fact:") else None
        if row:
            told |= pieces(row[briefing.language])
    return len(meant & told) >= _SHARED * len(meant)


def is_told(text: str, evidence: Evidence, briefing: Briefing) -> str | None:
    """The id of the one finding, or term that a sentence names, that says most of it; None where none does."""
    meant = pieces(text)
    if not meant:
        return None
    texts = [(finding.fact_id, pieces(f"{finding.title} {finding.detail}")) for finding in evidence.findings]
    texts += [(f"term:{term}", _of_term(term, briefing)) for term in evidence.terms]
    share, best = max(((len(meant & told), name) for name, told in texts), default=(0, ""))
    return best if share >= _SHARED_WITH_ONE * len(meant) else None


def _of_finding(name: str, briefing: Briefing) -> frozenset[str]:
    return _of_entry(briefing.knowledge, "findings", name, briefing.language)


def _of_term(name: str, briefing: Briefing) -> frozenset[str]:
    return _of_entry(briefing.knowledge, "terms", name, briefing.language)


@lru_cache(maxsize=1024)
def _of_entry(knowledge: Knowledge, table: str, name: str, language: str) -> frozenset[str]:
    return pieces(_flat(knowledge.record(table, name) or {}, language))


def _flat(entry: Any, language: str, *, within: bool = False) -> str:
    """All texts of an entry in one language; not what people get wrong."""
    if isinstance(entry, str):
        return entry if within else ""
    if isinstance(entry, dict):
        return " ".join(
            _flat(item, language, within=within or key == language)
            for key, item in entry.items()
            if key not in ("zh", "en", "says", "patterns", "wrong", "about", "right") or key == language
        )
    if isinstance(entry, list):
        return " ".join(_flat(item, language, within=within) for item in entry)
    return ""
