"""Values that follow from the cited ones: sums, differences, ratios, rates, each recomputed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, permutations

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.concerns import same_device, strong
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.intervals import holding, holds
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.subject import Subject

_FEW = 3
"""Of so few cited facts of one kind, any two may be set against each other; of more, and of findings' values,
only those that the sentence mentions: among many values some pair always has the wanted ratio."""
_MOST_OPERANDS = 6
_PRINTED = 0.006
_SUM = "sum"
_CPU = re.compile(r"CPU|内存|RAM|system memory|其余|剩下|rest|remaining|left", re.IGNORECASE)
_EACH = re.compile(r"每|平均|各|\bper\b|\beach\b|\ba layer\b|on average|apiece", re.IGNORECASE)
_MORE = re.compile(
    r"多|少|差|大|小|高|低|more|less|fewer|larger|smaller|bigger|extra|difference|apart|above|below|exceed",
    re.IGNORECASE,
)
_COUNTED = ("layers", "tokens", "sequences", "devices")
_MOST_SIZES = 12
_ADD_UP = ("memory", "time")
"""Kinds of which different fields make a sum: weights and cache, not layers and layers in all."""


def follows(mention: Mention, atoms: list[Atom], mentioned: list[Mention], subject: Subject, facts: list[Atom]) -> bool:
    """Whether a mention is a sum, a difference, a ratio or a rate of cited values, of the devices it is said of."""
    segment = subject.segment
    if segment.vram != segment.host and mention.dims[0][0] == "memory":
        atoms = [a for a in atoms if a.device is None or a.dim != "memory" or is_gpu(a.device) == segment.vram]
    is_count = mention.dims[0][0] in ("layers", "any")
    if is_count and not (segment.host or _CPU.search(segment.text)):  # what is left of the layers is on the CPU
        atoms = [atom for atom in atoms if atom.dim != "layers"]
    said = subject.sentence.text if mention.dims[0][0] == "ratio" else subject.segment.text
    if any(atom.key and atom.key in said for atom in atoms):
        return mention.dims[0][0] == "ratio" and _share_of_key(mention, atoms, subject)
    is_ratio = mention.dims[0][0] == "ratio"
    direct = _distinct([atom for atom in atoms if atom.direct])
    direct = [atom for atom in direct if _may_be_of(atom, subject, is_ratio=is_ratio)]
    if subject.every and not subject.total and mention.dims[0][0] in _ADD_UP:
        direct = [atom for atom in direct if not atom.device]  # what each of them has is no sum over them
    sums = list(_sums(direct)) if len(subject.devices) != 1 or subject.total else list(_sums_of_one(direct))
    sums += _sums_of_named(facts, subject)
    if mention.dims[0][0] == "ratio" and any(holds(mention, share, "ratio") for share in _shares(direct, subject)):
        return True
    if _MORE.search(subject.sentence.text) and any(
        holds(mention, value, dim) for value, dim in _differences_of_named(facts, subject)
    ):
        return True
    if _EACH.search(subject.sentence.text) and any(holds(mention, v, d) for v, d in _per_one(direct, sums)):
        return True
    if any(holds(mention, total, dim, within=_PRINTED * count) for total, dim, count in sums):
        return True
    pool = direct + [Atom(total, dim, total, _SUM, direct=True) for total, dim, _ in sums]
    groups = {dim: _operands(group, mentioned) for dim, group in _by_dim(pool).items()}
    return any(holds(mention, value, dim) for value, dim in _pairs(groups))


def _share_of_key(mention: Mention, atoms: list[Atom], subject: Subject) -> bool:
    """`61 % of the tensors are q4_K`: the count of a kind that is named, of all."""
    named = [atom for atom in atoms if atom.key and atom.key in subject.sentence.text]
    wholes = [atom for atom in atoms if not atom.key and atom.direct and (atom.dim in ("requests", "tensors"))]
    return any(whole.value and holds(mention, part.value / whole.value, "ratio") for part in named for whole in wholes)


def _may_be_of(atom: Atom, subject: Subject, *, is_ratio: bool) -> bool:
    """Whether a value can be an operand: not another device's than those that the whole sentence names.

    A ratio may also be to what the host holds, where the sentence speaks of it.
    """
    named = [name for segment in subject.sentence.segments for name in segment.devices]
    if atom.device is None or not named or any(same_device(atom.device, name) for name in named):
        return True
    return is_ratio and not is_gpu(atom.device) and (subject.segment.host or "on_cpu" in subject.sentence.aspects)


def _sums_of_one(direct: list[Atom]) -> Iterator[tuple[float, str, int]]:
    """What one device holds of different kinds, together."""
    for dim, group in _by_dim([atom for atom in direct if atom.device]).items():
        if dim in _ADD_UP:
            yield from _sum(group, dim)
            for pair in combinations(group[:_MOST_OPERANDS], 2):
                yield from _sum(list(pair), dim)


def _sums_of_named(facts: list[Atom], subject: Subject) -> Iterator[tuple[float, str, int]]:
    """One field over the devices that the sentence names, as the report has it."""
    if len(subject.devices) < 2:
        return
    groups: dict[tuple[str, int | None, str], list[Atom]] = defaultdict(list)
    for atom in facts:
        is_named = atom.device and any(same_device(atom.device, name) for name in subject.devices)
        if is_named and (not subject.said(atom.dim).aspects or not atom.aspects or subject.overlap(atom)):
            groups[atom.field, atom.load, atom.dim].append(atom)
    for (_, _, dim), group in groups.items():
        yield from _sum(group, dim)


def _shares(direct: list[Atom], subject: Subject) -> Iterator[float]:
    """What part of all memory that is used the named kind of it is."""
    said = subject.said("memory").aspects
    sizes = [atom for atom in direct if atom.dim == "memory" and atom.device is None]
    wholes = [atom for atom in sizes if "total" in atom.aspects and not strong(atom.aspects)]
    for part in (atom for atom in sizes if atom.aspects & said):
        for whole in wholes:
            if whole.value:
                yield part.value / whole.value


def _differences_of_named(facts: list[Atom], subject: Subject) -> Iterator[tuple[float, str]]:
    """How much more one device that the sentence names has than another, of one field."""
    named = {name for segment in subject.sentence.segments for name in segment.devices}
    if not 2 <= len(named) <= _MOST_OPERANDS:
        return
    groups: dict[tuple[str, int | None], list[Atom]] = defaultdict(list)
    for atom in facts:
        if atom.device and any(same_device(atom.device, name) for name in named):
            groups[atom.field, atom.load].append(atom)
    said = subject.sentence.aspects
    for group in groups.values():
        for one, other in combinations(group, 2):
            if not said or not one.aspects or one.aspects & said:
                yield abs(one.value - other.value), one.dim


def _per_one(direct: list[Atom], sums: list[tuple[float, str, int]]) -> Iterator[tuple[float, str]]:
    """Memory for one layer, token, slot or device: a size divided by a count that is cited too."""
    sizes = [atom.value for atom in direct if atom.dim == "memory"][:_MOST_SIZES] + [
        v for v, d, _ in sums if d == "memory"
    ]
    for count in {atom.value for atom in direct if atom.dim in _COUNTED and atom.value > 1}:
        for size in sizes:
            yield size / count, "memory"


def _distinct(atoms: list[Atom]) -> list[Atom]:
    """One atom per value that was cited; the same value may be in a fact and in a finding."""
    seen: dict[tuple[float, str, str], Atom] = {}
    for atom in atoms:
        seen.setdefault((atom.value, atom.dim, atom.cite if atom.cite.startswith("fact:") else ""), atom)
    facts = {(atom.value, atom.dim) for atom in seen.values() if atom.cite.startswith("fact:")}
    return [a for a in seen.values() if a.cite.startswith("fact:") or (a.value, a.dim) not in facts]


def _by_dim(atoms: list[Atom]) -> dict[str, list[Atom]]:
    groups: dict[str, list[Atom]] = defaultdict(list)
    for atom in atoms:
        groups[atom.dim].append(atom)
    return groups


def _sums(direct: list[Atom]) -> Iterator[tuple[float, str, int]]:
    """(sum, dimension, how many): of one field over devices, of the GPUs only, of all cited facts of a kind."""
    facts = [atom for atom in direct if atom.cite.startswith("fact:")]
    by_field: dict[tuple[str, str], list[Atom]] = defaultdict(list)
    for atom in facts:
        by_field[atom.dim, atom.field].append(atom)
    for (dim, _), group in by_field.items():
        yield from _sum(group, dim)
        yield from _sum([atom for atom in group if _on_gpu(atom.cite)], dim)
    for dim, group in _by_dim(facts).items():
        if dim not in _ADD_UP:
            continue
        yield from _sum(group, dim)
        if len(group) <= _MOST_OPERANDS:
            for pair in combinations(group, 2):
                yield from _sum(list(pair), dim)


def _sum(group: list[Atom], dim: str) -> Iterator[tuple[float, str, int]]:
    if len(group) > 1 and dim not in ("ratio", "rate", "any"):
        yield sum(atom.value for atom in group), dim, len(group)


def _on_gpu(cite: str) -> bool:
    steps = cite.split(".")
    return "devices" in steps[:-1] and is_gpu(steps[steps.index("devices") + 1])


def _operands(group: list[Atom], mentioned: list[Mention]) -> list[Atom]:
    """The values of a kind that are calculated with: those mentioned, and a few cited facts."""
    stated = {id(atom) for m in mentioned if m.dims[0][0] != "ratio" for atom in holding(m, group)}
    said = [atom for atom in group if id(atom) in stated]
    facts = [atom for atom in group if atom.cite.startswith("fact:")]
    chosen = said + [atom for atom in facts if len(facts) <= _FEW and atom not in said]
    return chosen[:_MOST_OPERANDS]


def _pairs(groups: dict[str, list[Atom]]) -> Iterator[tuple[float, str]]:
    """Ratios and differences within a kind, and memory per second."""
    for dim, group in groups.items():
        if dim in ("ratio", "any"):
            continue
        for first, second in permutations(group, 2):
            if second.value:
                yield first.value / second.value, "ratio"
                if dim == "heads" and first.value > second.value:  # so many share one KV head
                    yield first.value / second.value, "heads"
                if len(group) <= 2:
                    yield abs(1 - first.value / second.value), "ratio"
            if first.value > second.value:
                yield first.value - second.value, dim
    for size in groups.get("memory", []):
        for seconds in groups.get("time", []):
            if seconds.value:
                yield size.value / seconds.value, "rate"
