"""The values that a sentence's cites stand for: what its numbers are held against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from explain_log.briefing import Briefing
from explain_log.checks.finding import Finding
from explain_log.citations import Fact, facts_at, finding_at, gpu_count, lines_of_cite, load_of, split_cite
from explain_log.facts.models import Json
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.lexicon import Dim, lexicon
from explain_log.narration.verifier.mentions import Mention, mentions
from explain_log.narration.verifier.names import name_spans
from explain_log.narration.verifier.segments import cut
from explain_log.narration.verifier.vocabulary import Vocabulary
from explain_log.narration.verifier.wording import mask, normalise
from explain_log.report import Report

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?$")
_DEVICE_OF_VALUE = re.compile(r"_([A-Z][A-Za-z]+_?[A-Za-z]*\d*)(?:_[a-z].*)?$")
_TABLES = ("by_status", "by_path", "tensor_types")
_GO_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_REQUEST_COUNTS = ("requests.by_", "requests.truncated.count", "requests.count")

_ROUNDED = 0.006

IMPLIED = "implied"
"""In place of a cite: counts that hold for the log as a whole; only a number with the right noun is one of them."""


@dataclass(frozen=True)
class Atom:
    """A number that a cite stands for.

    value: in the base unit of dim.  shown: as the report has it.  cite: the id.  field: its last step.
    direct: a fact or a finding's value, not a number in a text; only these are calculated with.
    aspects, device, load: what it is about; none where that is not known.  key, keys: the kind that it counts (a
    status, a path, a type) and all kinds that are counted beside it.
    """

    value: float
    dim: str
    shown: float
    cite: str
    field: str = ""
    direct: bool = False
    aspects: frozenset[str] = frozenset()
    device: str | None = None
    load: int | None = None
    key: str = ""
    keys: tuple[str, ...] = ()


@dataclass(eq=False)
class Evidence:
    """Everything that a sentence rests on. missing: cites that name nothing. texts: log lines that it cites."""

    atoms: list[Atom] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    free: bool = False
    texts: list[str] = field(default_factory=list)


_CACHE: WeakKeyDictionary[Report, dict[tuple[str, str], list[Atom]]] = WeakKeyDictionary()


def gather(cites: list[str], briefing: Briefing, known: Vocabulary) -> Evidence:
    """The evidence of a sentence's cites."""
    evidence = Evidence()
    for cite in cites:
        parts = split_cite(cite)
        if parts is None or not exists(cite, briefing):
            evidence.missing.append(cite)
            continue
        evidence.atoms += atoms_of(cite, briefing, known)
        evidence.lines |= lines_of_cite(briefing.report, cite)
        finding = finding_at(briefing.report, parts[1]) if parts[0] == "finding" else None
        if finding is not None:
            evidence.findings.append(finding)
        if parts[0] == "term":
            evidence.terms.append(parts[1])
        load = load_of(briefing.report, cite)
        if load is not None:
            gpus = gpu_count(load)
            evidence.atoms += [Atom(gpus, dim, gpus, IMPLIED) for dim in ("devices", "buffers")]
    evidence.atoms += load_counts(briefing.report)
    return evidence


def exists(cite: str, briefing: Briefing) -> bool:
    """Whether an id names something."""
    kind, _, name = cite.partition(":")
    if kind == "fact":
        return bool(facts_at(briefing.report, name))
    if kind == "finding":
        return finding_at(briefing.report, name) is not None
    if kind == "term":
        return briefing.knowledge.term(name) is not None
    return bool(lines_of_cite(briefing.report, cite))


def atoms_of(cite: str, briefing: Briefing, known: Vocabulary) -> list[Atom]:
    """The numbers that an id stands for; made once for a report."""
    cache = _CACHE.setdefault(briefing.report, {})
    key = (cite, briefing.language)
    if key not in cache:
        cache[key] = list(dict.fromkeys(_atoms(cite, briefing, known)))
    return cache[key]


def load_counts(report: Report) -> list[Atom]:
    """How many loads the log has, of each outcome; how many devices a server found."""
    loads = report.loads
    served = [load for load in loads if load.purpose == "serve"]
    counts = {len(loads), len(served)} | {sum(s.outcome == o for s in served) for o in ("ready", "failed", "unknown")}
    devices = {len(run.devices) for run in report.server_runs if run.devices}
    atoms = [Atom(count, "loads", count, IMPLIED) for count in sorted(counts)]
    return atoms + [Atom(count, "devices", count, IMPLIED) for count in sorted(devices)]


def _atoms(cite: str, briefing: Briefing, known: Vocabulary) -> Iterator[Atom]:
    kind, _, name = cite.partition(":")
    if kind == "fact":
        for fact in facts_at(briefing.report, name):
            yield from of_fact(fact, briefing.report)
    elif kind == "finding":
        finding = finding_at(briefing.report, name)
        if finding is not None:
            own = list(_values_of(finding, cite, known))
            yield from own
            told = _of_texts(_texts_of(finding), cite, known, finding.load)
            yield from (atom for atom in told if not any(_is_same(atom, value) for value in own))
            general = _general(briefing.knowledge.finding(finding.id), briefing.language)
            yield from _of_texts(general, cite, known, finding.load)
    elif kind == "term":
        entry = briefing.knowledge.term(name) or {}
        if entry:
            texts = [entry["short"][briefing.language], entry.get("formula", "")]
            yield from _of_texts(texts, cite, known)
    else:
        lines = lines_of_cite(briefing.report, cite)
        shown = [e.text for f in briefing.report.findings for e in f.evidence if e.line in lines]
        yield from _of_texts(shown[:1], cite, known)


def of_fact(fact: Fact, report: Report) -> Iterator[Atom]:
    """A number, or a text that is one (compute capability, a setting)."""
    name = fact.kind.rpartition(".")[2]
    if isinstance(fact.value, bool):
        return
    device, load = place_of(fact.path)
    aspects = claim_words().aspects_of_field(fact.kind)
    if isinstance(fact.value, str):
        if _PLAIN_NUMBER.match(fact.value):
            value = float(fact.value)
            yield Atom(value, "any", value, fact.id, name, direct=True, aspects=aspects, device=device, load=load)
        seconds = _go_seconds(fact.value)
        if seconds is not None:
            yield Atom(seconds, "time", seconds, fact.id, name, aspects=aspects, load=load)
        return
    key, keys = _key(fact, report)
    if key.isdigit():  # a status is a number that sentences name
        yield Atom(float(key), "any", float(key), fact.id, direct=True)
    if fact.kind.startswith(_REQUEST_COUNTS):
        yield Atom(fact.value, "requests", fact.value, fact.id, name, direct=True, aspects=aspects, key=key, keys=keys)
    else:
        yield replace(_numeric(name, fact.value, fact.id, aspects, device, load), key=key, keys=keys)


def _key(fact: Fact, report: Report) -> tuple[str, tuple[str, ...]]:
    """The key of a fact that is one of a table, and all keys of the table."""
    table = next((f"{name}." for name in _TABLES if f".{name}." in f".{fact.path}"), None)
    if table is None:
        return "", ()
    head, _, key = fact.path.partition(table)
    return key, tuple(other.path.partition(table)[2] for other in facts_at(report, (head + table).rstrip(".")))


def _go_seconds(text: str) -> float | None:
    """The seconds of a duration as Go prints it (`5m0s`), or None."""
    match = _GO_DURATION.fullmatch(text)
    if match is None or not text:
        return None
    hours, minutes, seconds = (float(part) if part else 0.0 for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def place_of(path: str) -> tuple[str | None, int | None]:
    """(device, load) of a fact's path."""
    steps = path.split(".")
    load = int(steps[1]) if steps[0] == "loads" and len(steps) > 1 and steps[1].isdigit() else None
    device = steps[3] if load is not None and len(steps) > 4 and steps[2] == "devices" else None
    return device, load


def _numeric(
    name: str, value: float, cite: str, aspects: frozenset[str], device: str | None = None, load: int | None = None
) -> Atom:
    dim = lexicon().dim_of_field(name)
    if dim == "percent":
        return Atom(value / 100, "ratio", value, cite, name, direct=True, aspects=aspects, device=device, load=load)
    return Atom(value, dim, value, cite, name, direct=True, aspects=aspects, device=device, load=load)


def _values_of(finding: Finding, cite: str, known: Vocabulary) -> Iterator[Atom]:
    """A finding's values, each about what its name says."""
    for name, value in finding.values.items():
        if isinstance(value, str):
            yield from _of_texts([value], cite, known, finding.load)
        elif not isinstance(value, bool):
            match = _DEVICE_OF_VALUE.search(name)
            is_owned = name.startswith("device_") or finding.id in claim_words().of_one_device
            device = match[1] if match else _device_of(finding) if is_owned else None
            aspects = claim_words().aspects_of_field(f"{finding.id}.{name}")
            yield _numeric(name, value, cite, aspects, device, finding.load)


def _texts_of(finding: Finding) -> list[str]:
    texts = [finding.title, finding.detail, finding.formula or ""]
    for advice in finding.advice:
        texts += [advice.action, advice.value or "", advice.command, advice.effect, advice.check, advice.undo]
    return texts


def _is_same(told: Atom, value: Atom) -> bool:
    """Whether a number in a finding's text is one of its values, rounded: the value's name says what it is about."""
    if told.dim != value.dim or told.dim not in ("memory", "time"):
        return False
    return abs(told.value - value.value) <= _ROUNDED * max(abs(told.value), abs(value.value))


def _device_of(finding: Finding) -> str | None:
    device = finding.values.get("device")
    return device if isinstance(device, str) and device else None


def _general(entry: Json, language: str, *, within: bool = False) -> Iterator[str]:
    """What the knowledge says about a finding whatever the log: its texts in one language without placeholders."""
    if isinstance(entry, str):
        if within:
            yield _PLACEHOLDER.sub(" … ", entry)
    elif isinstance(entry, dict):
        for key, item in entry.items():
            if key not in ("zh", "en") or key == language:
                yield from _general(item, language, within=within or key == language)
    elif isinstance(entry, list):
        for item in entry:
            yield from _general(item, language, within=within)


def _of_texts(texts: Iterable[str], cite: str, known: Vocabulary, load: int | None = None) -> Iterator[Atom]:
    """The numbers of texts, each about what its own clause is about."""
    for text in texts:
        plain = normalise(text)
        masked = mask(plain, name_spans(plain, known))
        found = mentions(masked)
        sentence = cut(plain, masked, found) if found else None
        for mention in found:
            if mention.index is not None or sentence is None:
                continue
            segment = sentence.at(mention.start)
            shared = _shared_dims(mention, found)
            device = _one_device(segment.devices, known)
            for dim, factor in (*mention.dims, *shared):
                aspects = sentence.said(segment, dim).aspects
                yield Atom(mention.shown * factor, dim, mention.shown, cite, aspects=aspects, device=device, load=load)


def _shared_dims(mention: Mention, found: list[Mention]) -> tuple[Dim, ...]:
    """The unit of the number before, for one without: `500 MiB/s, NVMe 2000 and more`."""
    before = [m for m in found if m.start < mention.start and m.has_unit]
    if mention.has_unit or mention.word or not before or before[-1].dims[0][0] not in ("memory", "rate", "time"):
        return ()
    return before[-1].dims


def _one_device(devices: tuple[str, ...], known: Vocabulary) -> str | None:
    """The log's own name of the only device that a clause names."""
    return known.devices.get(devices[0]) if len(devices) == 1 else None
