"""Whether a value is one that a sentence may mean by a number: of its aspect, its device, its load."""

from __future__ import annotations

import re
from functools import lru_cache

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import IMPLIED, Atom
from explain_log.narration.verifier.subject import Subject

_AMBIGUOUS = frozenset(
    {"memory", "tokens", "time", "rate", "speed", "any", "bytes", "layers", "cells", "heads", "splits"}
)
"""Kinds of which a report has several: for the others the unit alone says what is meant."""
_SUMMED = frozenset({"memory", "tokens"})
_FAMILY = frozenset({"ctx", "per_slot", "train", "slots"})
"""Aspects that a sentence goes on to speak of once it has named one: the lengths of a context."""
_SUMS = "finding:memory.total"
_HELD = frozenset({"kv", "weights"})


def may_concern(atom: Atom, subject: Subject) -> bool:
    """Whether a value can enter a sum or a ratio that the sentence states."""
    said = claim_words().of_dim(strong(subject.sentence.aspects), atom.dim)
    return atom.dim not in _SUMMED or not strong(atom.aspects) or not said or bool(atom.aspects & said)


def concerns(atom: Atom, subject: Subject, atoms: list[Atom]) -> bool:
    """Whether a value is what the sentence says the number is about. atoms: the facts that it could also be."""
    return (
        _load_fits(atom, subject)
        and _words_are_there(atom, subject)
        and _aspect_fits(atom, subject, atoms)
        and device_fits(atom, subject, atoms)
        and _key_fits(atom, subject)
        and _is_in_vram(atom, subject, atoms)
    )


def _load_fits(atom: Atom, subject: Subject) -> bool:
    return atom.load is None or not subject.loads or atom.load in subject.loads


def _words_are_there(atom: Atom, subject: Subject) -> bool:
    """Whether the words stand in the sentence without which a value of this aspect may not be named."""
    for name in atom.aspects:
        aspect = claim_words().aspects[name]
        if aspect.needs is not None and not aspect.needs.search(subject.sentence.text):
            return False
        if aspect.needs_here is not None and not aspect.needs_here.search(subject.segment.text):
            return False
        if aspect.not_with is not None and aspect.not_with.search(subject.segment.text):
            return False
    return True


def _key_fits(atom: Atom, subject: Subject) -> bool:
    """Whether a count of one kind (a status, a path, a tensor type) is said of that kind, where kinds are named."""
    if not atom.key:
        return True
    text = subject.segment.text.casefold()
    named = [key for key in atom.keys if re.search(rf"(?<![\w./]){re.escape(key.casefold())}(?![\w/])", text)]
    return not named or atom.key in named


def _is_in_vram(atom: Atom, subject: Subject, atoms: list[Atom]) -> bool:
    """Whether a size that is said to be VRAM is on a GPU."""
    segment = subject.segment
    if atom.dim == "memory" and atom.device is None:
        if segment.host and not segment.vram and "vram" in atom.aspects:
            return False
        if segment.vram and not segment.host and "host" in atom.aspects:
            return False
    if not segment.vram or atom.dim != "memory" or atom.load is None or "capacity" in atom.aspects:
        return True
    if atom.device is not None:
        return is_gpu(atom.device)
    own = strong(atom.aspects)
    held = [a for a in atoms if a.device and a.load == atom.load and a.dim == "memory"]
    alike = [a for a in held if own and strong(a.aspects) == own] or held
    return not alike or any(is_gpu(a.device or "") and a.value > 0 for a in alike)


def _aspect_fits(atom: Atom, subject: Subject, atoms: list[Atom]) -> bool:
    if subject.in_arithmetic:
        return True
    if subject.segment.hypothetical and atom.cite.startswith("finding:"):  # what would be is told by findings alone
        beside = subject.near & _HELD
        return not beside or not atom.aspects or bool(beside & atom.aspects) or atom.dim != "memory"
    said = subject.said(atom.dim)
    if atom.dim not in _AMBIGUOUS or not said.aspects or not atom.aspects or atom.cite == IMPLIED:
        return True
    mine = subject.overlap(atom)
    if subject.partitive and (mine or "capacity" in atom.aspects):
        return True
    if said.inherited:
        return _goes_on(atom, subject, atoms)
    if not mine and subject.own:
        return False
    if not mine:
        return bool(subject.companions) and bool(atom.aspects & subject.sentence.aspects)
    if subject.companions and atom.dim != "layers":
        near = claim_words().of_dim(subject.near, atom.dim) if not subject.own else frozenset()
        return not near or bool(atom.aspects & near)
    best = max((subject.overlap(a) for a in atoms if a.dim == atom.dim and _same_device_kind(a, atom)), default=0)
    return mine >= best


def _goes_on(atom: Atom, subject: Subject, atoms: list[Atom]) -> bool:
    """Whether a clause that does not say what its number is about can go on from the one before to this value."""
    said = subject.said(atom.dim)
    if atom.aspects & subject.sentence.aspects or (atom.aspects & _FAMILY and said.aspects & _FAMILY):
        return True
    return not any(a.dim == atom.dim and a.aspects & said.aspects for a in atoms)


def _same_device_kind(one: Atom, other: Atom) -> bool:
    return (one.device is None) == (other.device is None)


def device_fits(atom: Atom, subject: Subject, atoms: list[Atom]) -> bool:
    """Whether a value belongs to the devices that the sentence names."""
    if atom.cite == IMPLIED or atom.dim not in (*_AMBIGUOUS, "ratio"):
        return True
    if "per_slot" in subject.segment.aspects and atom.dim == "memory" and not subject.total:
        return False  # "each slot's cache is 2560 MiB" is not the whole cache
    if atom.device is None:
        return not (_is_of_all(atom, subject) and _is_split(atom, atoms)) and not _is_a_sum(atom, subject)
    if subject.total and (subject.every or len(subject.devices) > 1) and len(subject.gpus) > 1:
        return False
    if subject.devices:
        return any(same_device(atom.device, name) for name in subject.devices)
    if subject.segment.host and not subject.every:
        return not is_gpu(atom.device)
    if subject.every or subject.some:
        return is_gpu(atom.device) or not subject.every
    own = strong(atom.aspects)
    alike = {
        a.device for a in atoms if a.device and strong(a.aspects) == own and a.dim == atom.dim and a.load == atom.load
    }
    return len({device for device in alike if is_gpu(device)} if is_gpu(atom.device) else alike) <= 1


def _is_of_all(atom: Atom, subject: Subject) -> bool:
    """Whether a value of the whole load is said of one device, or of each."""
    if subject.total:
        return False
    each = subject.every and atom.dim == "layers" and not subject.segment.own_devices and len(subject.gpus) > 1
    return (len(subject.devices) == 1 and not subject.companions) or (each and not subject.partitive)


def _is_a_sum(atom: Atom, subject: Subject) -> bool:
    """Whether a sum over devices is said of one of them."""
    one = len(subject.devices) == 1 and subject.segment.own_devices and not subject.partitive
    return one and atom.direct and atom.cite.startswith(_SUMS)


def _is_split(atom: Atom, atoms: list[Atom]) -> bool:
    """Whether the log tells for each device what this value tells of all."""
    own = strong(atom.aspects)
    return bool(own) and any(a.device and own <= strong(a.aspects) and a.dim == atom.dim for a in atoms)


@lru_cache(maxsize=4096)
def strong(aspects: frozenset[str]) -> frozenset[str]:
    """The aspects that say for themselves which number is meant."""
    return frozenset(name for name in aspects if not claim_words().aspects[name].weak)


def same_device(device: str, name: str) -> bool:
    """Whether a name in a sentence means a device of the log: by its id, or "gpu" with its number."""
    folded = device.casefold()
    if folded == name:
        return True
    digits = folded[len(folded.rstrip("0123456789")) :]
    return bool(digits) and is_gpu(device) and name == f"gpu{int(digits)}"
