"""The values that a sentence's cites stand for: what its numbers are held against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from explain_log.briefing import Briefing
from explain_log.checks.finding import Finding
from explain_log.citations import Fact, facts_at, finding_at, gpu_count, lines_of_cite, load_of, split_cite
from explain_log.facts.models import Json
from explain_log.narration.verifier.lexicon import lexicon
from explain_log.narration.verifier.mentions import mentions
from explain_log.narration.verifier.names import name_spans
from explain_log.narration.verifier.vocabulary import Vocabulary
from explain_log.narration.verifier.wording import mask, normalise

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?$")

IMPLIED = "implied"
"""In place of a cite: counts that hold for the log as a whole; only a number with the right noun is one of them."""


@dataclass(frozen=True)
class Atom:
    """A number that a cite stands for.

    value: in the base unit of dim.  shown: as the report has it.  cite: the id.  field: its last step.
    direct: a fact or a finding's value, not a number in a text; only these are calculated with.
    """

    value: float
    dim: str
    shown: float
    cite: str
    field: str = ""
    direct: bool = False


@dataclass(eq=False)
class Evidence:
    """Everything that a sentence rests on. missing: cites that name nothing."""

    atoms: list[Atom] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def gather(cites: list[str], briefing: Briefing, known: Vocabulary) -> Evidence:
    """The evidence of a sentence's cites."""
    evidence = Evidence()
    for cite in cites:
        parts = split_cite(cite)
        found = parts is not None and _add(evidence, cite, parts[1], briefing, known)
        if not found:
            evidence.missing.append(cite)
            continue
        evidence.lines |= lines_of_cite(briefing.report, cite)
        load = load_of(briefing.report, cite)
        if load is not None:
            gpus = gpu_count(load)
            evidence.atoms.append(Atom(gpus, "devices", gpus, IMPLIED))
    evidence.atoms += _load_counts(briefing)
    return evidence


def _load_counts(briefing: Briefing) -> list[Atom]:
    """How many loads the log has, of each outcome."""
    loads = briefing.report.loads
    served = [load for load in loads if load.purpose == "serve"]
    counts = {len(loads), len(served)} | {sum(s.outcome == o for s in served) for o in ("ready", "failed", "unknown")}
    return [Atom(count, "loads", count, IMPLIED) for count in sorted(counts)]


def _add(evidence: Evidence, cite: str, name: str, briefing: Briefing, known: Vocabulary) -> bool:
    """Adds what an id stands for; False where it names nothing."""
    if cite.startswith("fact:"):
        facts = facts_at(briefing.report, name)
        evidence.atoms += [atom for fact in facts for atom in _of_fact(fact)]
        return bool(facts)
    if cite.startswith("finding:"):
        finding = finding_at(briefing.report, name)
        if finding is not None:
            evidence.findings.append(finding)
            evidence.atoms += _of_finding(finding, cite, known)
            general = _general(briefing.knowledge.finding(finding.id), briefing.language)
            evidence.atoms += _of_texts(general, cite, known)
        return finding is not None
    if cite.startswith("term:"):
        entry = briefing.knowledge.term(name) or {}
        if entry:
            evidence.atoms += _of_texts([entry["short"][briefing.language], entry.get("formula", "")], cite, known)
        return bool(entry)
    lines = lines_of_cite(briefing.report, cite)
    shown = [e.text for f in briefing.report.findings for e in f.evidence if e.line in lines]
    evidence.atoms += _of_texts(shown[:1], cite, known)
    return bool(lines)


def _of_fact(fact: Fact) -> Iterator[Atom]:
    """A number, or a text that is one (compute capability, a setting)."""
    name = fact.kind.rpartition(".")[2]
    if isinstance(fact.value, bool):
        return
    if isinstance(fact.value, str):
        if _PLAIN_NUMBER.match(fact.value):
            yield Atom(float(fact.value), "any", float(fact.value), fact.id, name)
        return
    if fact.kind.startswith(("requests.by_", "requests.truncated.count", "requests.count")):
        yield Atom(fact.value, "requests", fact.value, fact.id, name, direct=True)
    else:
        yield _numeric(name, fact.value, fact.id)


def _numeric(name: str, value: float, cite: str) -> Atom:
    dim = lexicon().dim_of_field(name)
    if dim == "percent":
        return Atom(value / 100, "ratio", value, cite, name, direct=True)
    return Atom(value, dim, value, cite, name, direct=True)


def _of_finding(finding: Finding, cite: str, known: Vocabulary) -> Iterator[Atom]:
    """A finding's values, and the numbers of its own texts, which are made of them."""
    for name, value in finding.values.items():
        if isinstance(value, str):
            yield from _of_texts([value], cite, known)
        elif not isinstance(value, bool):
            yield _numeric(name, value, cite)
    texts = [finding.title, finding.detail, finding.formula or ""]
    for advice in finding.advice:
        texts += [advice.action, advice.value or "", advice.command, advice.effect, advice.check, advice.undo]
    yield from _of_texts(texts, cite, known)


def _general(entry: Json, language: str, within: bool = False) -> Iterator[str]:  # noqa: FBT001, FBT002
    """What the knowledge says about a finding whatever the log: its texts in one language without placeholders."""
    if isinstance(entry, str):
        if within:
            yield _PLACEHOLDER.sub(" … ", entry)
    elif isinstance(entry, dict):
        for key, item in entry.items():
            if key not in ("zh", "en") or key == language:
                yield from _general(item, language, within or key == language)
    elif isinstance(entry, list):
        for item in entry:
            yield from _general(item, language, within)


def _of_texts(texts: Iterable[str], cite: str, known: Vocabulary) -> Iterator[Atom]:
    for text in texts:
        plain = normalise(text)
        for mention in mentions(mask(plain, name_spans(plain, known))):
            if mention.index is None:
                for dim, factor in mention.dims:
                    yield Atom(mention.shown * factor, dim, mention.shown, cite)
