"""All facts of a report as values, and what the log tells about the subject of a wrong number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from explain_log.citations import Fact, facts_at, path_kind
from explain_log.narration.verifier.concerns import concerns, same_device
from explain_log.narration.verifier.evidence import Atom, of_fact
from explain_log.narration.verifier.labels import labels
from explain_log.narration.verifier.subject import Subject
from explain_log.report import Report

_LOADS = 50
_RUNS = 20
_RECORDS = (
    "model",
    "context",
    "kv_cache",
    "graph",
    "estimate",
    "load_seconds",
    "layers_offloaded",
    "layers_total",
    "pipeline_copies",
    "outcome",
    "purpose",
    "engine",
    "error",
)
_RUN_RECORDS = ("config", "version", "listen", "product", "devices")
_MOST_TOLD = 3

_FACTS: WeakKeyDictionary[Report, list[Fact]] = WeakKeyDictionary()
_KINDS: WeakKeyDictionary[Report, dict[str, list[Fact]]] = WeakKeyDictionary()
_OF_REPORT: WeakKeyDictionary[Report, list[Atom]] = WeakKeyDictionary()


def all_facts(report: Report) -> list[Fact]:
    """Every fact of a report with an id, the latest loads of very many; collected once for a report."""
    facts = _FACTS.get(report)
    if facts is None:
        facts = _FACTS[report] = list(_all_facts(report))
    return facts


def facts_of_kind(report: Report, kind: str) -> list[Fact]:
    """The facts of one kind, a path without indexes; grouped once for a report."""
    groups = _KINDS.get(report)
    if groups is None:
        groups = _KINDS[report] = defaultdict(list)
        for fact in all_facts(report):
            groups[fact.kind].append(fact)
    return groups.get(kind, [])


def _all_facts(report: Report) -> Iterator[Fact]:
    for load in report.loads[-_LOADS:]:
        for name in _RECORDS:
            yield from facts_at(report, f"loads.{load.index}.{name}")
        yield from facts_at(report, f"loads.{load.index}.model.tensor_types")
        yield from facts_at(report, f"loads.{load.index}.estimate.available_mib")
        for device in load.devices:
            yield from facts_at(report, f"loads.{load.index}.devices.{device.device}")
    for number in range(1, min(len(report.server_runs), _RUNS) + 1):
        for name in _RUN_RECORDS[:-1]:
            yield from facts_at(report, f"server_runs.{number}.{name}")
        for place in range(len(report.server_runs[number - 1].devices)):
            yield from facts_at(report, f"server_runs.{number}.devices.{place}")
    if report.requests is not None:
        names = ("count", "by_status", "by_path", "median_seconds", "p95_seconds", "max_seconds", "truncated")
        speeds = ("prefill_tokens_per_second", "generation_tokens_per_second")
        for name in (*names, *speeds):
            yield from facts_at(report, f"requests.{name}")
    yield from facts_at(report, "source.lines")


def fact_atoms(report: Report) -> list[Atom]:
    """The numbers among them, of loads that serve first; made once for a report."""
    atoms = _OF_REPORT.get(report)
    if atoms is None:
        serving = {load.index for load in report.loads if load.purpose == "serve"}
        atoms = [atom for fact in all_facts(report) for atom in of_fact(fact, report)]
        atoms = [atom for atom in atoms if atom.load is None or atom.load in serving or not serving]
        _OF_REPORT[report] = atoms
    return atoms


def told(subject: Subject, report: Report) -> list[Atom]:
    """What the log says about a subject: the values that fit it best, at most a few; empty: nothing."""
    atoms = fact_atoms(report)
    fitting = [
        atom
        for atom in atoms
        if _same_kind(atom.dim, subject.dim)
        and _is_meant(atom, subject)
        and is_labelled(atom)
        and concerns(atom, subject, atoms)
    ]
    best = max((subject.overlap(atom) for atom in fitting), default=0)
    return [atom for atom in fitting if subject.overlap(atom) == best][:_MOST_TOLD]


def is_labelled(atom: Atom) -> bool:
    """Whether there is a name for the value that readers know."""
    return path_kind(atom.cite.removeprefix("fact:")) in labels()


def _is_meant(atom: Atom, subject: Subject) -> bool:
    """Whether the sentence says enough for this value to be what it is about."""
    if not subject.overlap(atom) and (atom.aspects or subject.said(atom.dim).aspects):
        return False
    if atom.device is not None and subject.devices:
        return any(same_device(atom.device, name) for name in subject.devices)
    return atom.device is None or subject.every or subject.some


def _same_kind(dim: str, wanted: str) -> bool:
    return wanted in (dim, "any") or (dim == "any" and wanted not in ("memory", "time", "rate", "speed", "ratio"))
