"""The words that stand directly beside a number, and what the log has for them."""

from __future__ import annotations

import re

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.concerns import same_device, strong
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.intervals import MEASURED, holds, holds_atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.subject import Subject

_BEFORE = re.compile(
    r"\s*(?:(?:的?大小|的|只|就|才|总共|共|约|大约|占用?|占了|用了|需要|要|是|为|有|达到?|了|：|:|=|（|\(|of|is|are|was|were|takes?|took"
    r"|needs?|uses?|at|comes? to|about|roughly|only|just)\s*)*",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s*(?:(?:的|是|为|给|of|for|are|is|go(?:es)? to|went to|hold|the|its)\s*)*", re.IGNORECASE
)
_EACH = re.compile(r"(?:各|各自|each|apiece)(?:占|有|是|为|of them|takes?|needs?|\s)*$", re.IGNORECASE)
_NOUN = frozenset({"repeating_only"})
_HALVES = frozenset({"kv_k", "kv_v"})
_TELLING = 99
_WINDOW = 24
_COUNTED = frozenset({"heads", "splits"})
"""Kinds whose small numbers are told apart by their nouns alone."""


def label(mention: Mention, text: str) -> frozenset[str]:
    """The aspects that a number's noun names, else the word before it, else the one behind; only joints between."""
    words = claim_words().strong
    own = words.all_ids(mention.text)
    if own:
        return frozenset(own)
    start = max(0, mention.start - _WINDOW)
    before = words.found(text[start : mention.start])
    if before and _BEFORE.fullmatch(text[start + before[-1][1] : mention.start]):
        return before[-1][2]
    joint = _AFTER.match(text, mention.end)
    end = joint.end() if joint else mention.end
    after = words.found(text[end : end + _WINDOW])
    first = next(iter(after), None)
    return first[2] if first is not None and first[0] == 0 else frozenset()


def subject_noun(mention: Mention) -> frozenset[str]:
    """The aspects that a number's own noun names: `62 repeating layers`."""
    return frozenset(claim_words().strong.all_ids(mention.text))


def exchanged(mention: Mention, subject: Subject, facts: list[Atom], text: str) -> list[Atom]:
    """What the log has for the word beside a number, where the number is the value of something else of the kind.

    Empty: the number may be what it is said to be, or the log has nothing for that word.
    """
    dims = {dim for dim, _ in mention.dims}
    beside = label(mention, text) | subject.own
    if _EACH.search(text[: mention.start]) and subject.sentence.aspects >= _HALVES:
        beside |= _HALVES
    named = frozenset().union(*(claim_words().of_dim(beside, dim) for dim in dims))
    if subject_noun(mention) >= _NOUN:  # the output layer is none of them
        named = _NOUN
    if not named or mention.word or subject.segment.hypothetical or not _tells(mention):
        return []
    alike = [a for a in facts if _is_alike(a, dims) and _is_here(a, subject)]
    mine = [a for a in alike if named & strong(a.aspects)]
    others = [a for a in alike if strong(a.aspects) and not named & a.aspects and holds_atom(mention, a)]
    if not mine or not others or any(holds_atom(mention, atom) for atom in mine):
        return []
    if any(holds(mention, total, "memory") for total in _sums(mine)):
        return []
    kinds = {atom.dim for atom in others}
    return [atom for atom in mine if atom.dim in kinds]


def not_the_hosts(mention: Mention, subject: Subject, facts: list[Atom]) -> list[Atom]:
    """What the host's buffers hold, where a size that is said to be there is what a GPU holds."""
    segment = subject.segment
    is_size = mention.dims[0][0] == "memory" and not mention.word
    if not is_size or not segment.host or segment.vram or subject.devices or segment.hypothetical or subject.total:
        return []
    held = [a for a in facts if a.device and a.dim == "memory" and (not subject.loads or a.load in subject.loads)]
    mine = [a for a in held if not is_gpu(str(a.device))]
    others = [a for a in held if is_gpu(str(a.device)) and holds_atom(mention, a)]
    if not mine or not others or any(holds_atom(mention, a) for a in mine):
        return []
    return [] if any(holds(mention, total, "memory") for total in _sums(mine)) else mine


def misplaced(mention: Mention, subject: Subject, facts: list[Atom]) -> list[Atom]:
    """What the device right beside a number has, where the number is what another one has of the same thing."""
    if len(subject.devices) != 1 or mention.word or subject.segment.hypothetical:
        return []
    if not subject.beside:
        return _of_another(mention, subject, facts)
    said = subject.sentence.aspects
    dims = {dim for dim, _ in mention.dims}
    dims |= {"layers"} if "any" in dims else set()
    owned = [a for a in facts if a.device and a.aspects & said and _is_alike(a, dims)]
    mine = [a for a in owned if same_device(str(a.device), subject.devices[0])]
    fields = {(a.field, a.load) for a in mine}
    others = [a for a in owned if (a.field, a.load) in fields and a not in mine and holds_atom(mention, a)]
    if not others or any(holds_atom(mention, atom) for atom in mine):
        return []
    return [a for a in mine if (a.field, a.load) == (others[0].field, others[0].load)]


def _of_another(mention: Mention, subject: Subject, facts: list[Atom]) -> list[Atom]:
    """The same for a size in a clause that names one device, which has nothing of that size."""
    is_size = mention.dims[0][0] == "memory" and (mention.decimals or mention.shown > _TELLING)
    if not is_size or subject.total or subject.companions or not subject.segment.own_devices:
        return []
    held = [a for a in facts if a.device and a.dim == "memory" and (not subject.loads or a.load in subject.loads)]
    mine = [a for a in held if same_device(str(a.device), subject.devices[0])]
    others = [a for a in held if a not in mine and holds_atom(mention, a)]
    if not mine or not others or any(holds_atom(mention, a) for a in mine):
        return []
    told = [a for a in mine if (a.field, a.load) == (others[0].field, others[0].load)]
    sums = {load: sum(a.value for a in mine if a.load == load) for load in {a.load for a in mine}}
    return [] if any(holds(mention, total, "memory") for total in sums.values()) else told


def _tells(mention: Mention) -> bool:
    """Whether a number is one that is not met by chance: with a point, a size, a length, or of a kind of its own."""
    return bool(mention.decimals) or mention.shown > _WINDOW or mention.dims[0][0] in _COUNTED


def _is_alike(atom: Atom, dims: set[str]) -> bool:
    return atom.dim in dims or ("any" in dims and (atom.dim == "memory" or atom.dim not in MEASURED))


def _is_here(atom: Atom, subject: Subject) -> bool:
    """Whether a value is of the loads and the one device that the clause names."""
    if subject.loads and atom.load is not None and atom.load not in subject.loads:
        return False
    if len(subject.devices) == 1:
        return atom.device is None or same_device(atom.device, subject.devices[0])
    return True


def _sums(atoms: list[Atom]) -> list[float]:
    """What a field comes to over all devices, and over the GPUs."""
    groups: dict[tuple[str, int | None], list[Atom]] = {}
    for atom in atoms:
        if atom.device:
            groups.setdefault((atom.field, atom.load), []).append(atom)
    return [
        sum(atom.value for atom in group if is_gpu(str(atom.device)) in on_gpu)
        for group in groups.values()
        for on_gpu in ((True, False), (True,), (False,))
    ]
