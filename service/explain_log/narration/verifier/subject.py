"""Whether a value is one of what a sentence says a number is about: the aspect, the device, the load."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import IMPLIED, Atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.segments import Said, Segment, Sentence

_AMBIGUOUS = frozenset(
    {"memory", "tokens", "time", "rate", "speed", "any", "bytes", "layers", "cells", "heads", "splits"}
)
"""Kinds of which a report has several: for the others the unit alone says what is meant."""

_SUMMED = frozenset({"memory", "tokens"})
_FAMILY = frozenset({"ctx", "per_slot", "train", "slots"})
"""Aspects that a sentence goes on to speak of once it has named one: the lengths of a context."""

_NEAR, _BESIDE, _WINDOW = 14, 5, 40
_BY_NOUN = frozenset({"head", "head_kv", "experts"})
"""Aspects that the noun behind a number settles."""

_OF = re.compile(r"(?:\bof|\bfrom|\bout of)(?: the| its| all| all the| the \w+'s)?\s*$|/\s?$", re.IGNORECASE)
_AMONG = re.compile(r"\s?(?:之?中|里|当中|里面|之间)|\s?[除均平]")

_MOST_OF = re.compile(r"\b(?:most|half|part|all|none|each|one|some|share) of[^,.;]{0,16}$", re.IGNORECASE)
_SUMS = "finding:memory.total"
_HELD = frozenset({"kv", "weights"})
_EACH = re.compile(r"(?:每个|每路|每份|各|each(?: with| has| gets| of)?)\s?(?:有|是|为|得到|about)?\s?$", re.IGNORECASE)
_SHORTEST_CONTEXT = 64
_TWO_LOADS = re.compile(r"两次加载|两次载入|both loads|two loads", re.IGNORECASE)
_RESPECTIVELY = re.compile(r"分别|依次|respectively|in turn")


@dataclass(frozen=True)
class Subject:
    """What one number is about.

    devices: one of these.  every, some: all or any of the GPUs.  companions: how many numbers of the same kind the
    clause has beside it.  loads: of these loads only; empty: of any.  own: the aspects that its noun names ("8 KV
    heads"); near: those of the words beside it.  partitive: it is the whole of which a part is told ("of 81").
    """

    sentence: Sentence
    segment: Segment
    dim: str
    devices: tuple[str, ...] = ()
    every: bool = False
    some: bool = False
    total: bool = False
    companions: int = 0
    loads: frozenset[int] = frozenset()
    gpus: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    partitive: bool = False
    in_arithmetic: bool = False

    @property
    def own_words(self) -> bool:
        """Whether the clause names the device itself and nothing else that has a size stands beside the number."""
        return self.segment.own_devices and len(self.devices) == 1 and not self.total

    def said(self, dim: str) -> Said:
        """What the sentence says that a number of this dimension is about."""
        own = claim_words().of_dim(self.own, dim if dim != "any" else self.dim)
        if own:
            return Said(own)
        return self.sentence.said(self.segment, dim if dim != "any" else self.dim)

    def overlap(self, atom: Atom) -> int:
        """How much of what is said the value is about."""
        said = self.said(atom.dim)
        if said.aspects and not atom.aspects & said.aspects:
            return int(self.total and "total" in atom.aspects)
        return len(atom.aspects & (said.aspects | said.weak))


def subject_of(mention: Mention, sentence: Sentence, found: list[Mention], gpus: tuple[str, ...]) -> Subject:
    """What a sentence says that a number of it is about. gpus: the folded ids of the log's GPUs."""
    segment = sentence.at(mention.start)
    dim = mention.dims[0][0]
    same = [m for m in found if m is not mention and sentence.at(m.start) is segment and m.dims[0][0] in (dim, "any")]
    devices = _paired(mention, sentence, found) or segment.devices
    if segment.others:
        named = {d for s in (*sentence.before(segment), segment) for d in s.devices}
        devices = tuple(gpu for gpu in gpus if gpu not in named and gpu.replace("cuda", "gpu") not in named)
    moves = any(claim_words().forms[kind].search(sentence.text) for kind in ("up", "down"))
    return Subject(
        sentence,
        segment,
        dim,
        devices=devices,
        every=(segment.every or segment.others) and not segment.some,
        some=segment.some,
        total=segment.total,
        companions=len(same),
        loads=_load_in_turn(mention, sentence, found) or (frozenset() if moves else segment.loads),
        gpus=gpus,
        own=(frozenset(claim_words().strong.all_ids(mention.text)) & _BY_NOUN) | _each_slot(mention, sentence),
        near=_near(mention, segment, sentence.text),
        partitive=_is_whole(mention, sentence.text, found),
    )


def _is_whole(mention: Mention, text: str, found: list[Mention]) -> bool:
    """Whether a part of the number is told beside it: "33 of 81", not "a batch of 512"."""
    if _AMONG.match(text[mention.end :]):
        return True
    near = any(0 <= mention.start - other.end <= _WINDOW for other in found)
    return bool(_OF.search(text[: mention.start])) and (near or bool(_MOST_OF.search(text[: mention.start])))


def _load_in_turn(mention: Mention, sentence: Sentence, found: list[Mention]) -> frozenset[int]:
    """The load that a number is said of in "the two loads took 4.02 s and 5.52 s respectively"."""
    if not (_RESPECTIVELY.search(sentence.text) and _TWO_LOADS.search(sentence.text)):
        return frozenset()
    alike = [m for m in found if m.dims[0][0] == mention.dims[0][0] and m.has_unit][:2]
    return frozenset({alike.index(mention) + 1}) if mention in alike and len(alike) > 1 else frozenset()


def _each_slot(mention: Mention, sentence: Sentence) -> frozenset[str]:
    """`两个槽位，每个 8192`: what one slot has, where the sentence is about slots."""
    is_length = mention.dims[0][0] in ("tokens", "any") and mention.shown >= _SHORTEST_CONTEXT
    if is_length and "slots" in sentence.aspects and _EACH.search(sentence.text[: mention.start]):
        return frozenset({"per_slot"})
    return frozenset()


def _near(mention: Mention, segment: Segment, text: str) -> frozenset[str]:
    """The aspects of the words next to a number, on either side."""
    words = claim_words().strong
    window = max(segment.start, mention.start - _WINDOW)
    before = [word for word in words.found(text[window : mention.start]) if word[1] >= mention.start - window - _NEAR]
    after = words.found(text[mention.end : min(segment.end, mention.end + _NEAR)])
    beside = [ids for start, _, ids in after[:1] if start <= _BESIDE]
    return frozenset().union(*(ids for _, _, ids in before[-1:]), *beside)


def _paired(mention: Mention, sentence: Sentence, found: list[Mention]) -> tuple[str, ...]:
    """The one device that a number is said of in "CUDA0 and CUDA1 have 11 and 10 layers respectively"."""
    devices = list(dict.fromkeys(d for s in sentence.segments if s.own_devices for d in s.devices))
    numbers = [m for m in found if (m.dims[0][0] in (mention.dims[0][0], "any") or m is mention) and m.index is None]
    if not _RESPECTIVELY.search(sentence.text):
        last = max((s.end for s in sentence.segments if s.own_devices), default=0)
        if len(devices) != 2 or any(m.start < last for m in numbers):
            return ()
    if len(devices) != len(numbers) or len(devices) < 2 or mention not in numbers:
        return ()
    return (devices[numbers.index(mention)],)


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
