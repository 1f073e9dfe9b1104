"""The two sides of a comparison: what each names of the log, or the number that it states."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.concerns import same_device, strong
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.facts_told import fact_atoms
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment, devices_in
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_BI = re.compile(r"相?比(?!例|较|特|如|重)|相较于?")
_CLAUSE_END = re.compile(r"[。；;！!?？]|\.(?=\s|$)|因为|所以|\b(?:since|because|so|as a result)\b")
_BRACKETS = re.compile(r"[（(][^（）()]*[）)]")
_BY = re.compile(r"\bby(?: about| roughly| some)?\s$", re.IGNORECASE)
_ALL = re.compile(r"总|全部|整个|\b(?:total|whole|all|full|overall|entire)\b", re.IGNORECASE)
_TOUCHES = re.compile(r"\s*(?:的|个|of)?\s*")
PER_DEVICE = {
    "kv": "kv_mib",
    "weights": "model_mib",
    "compute": "compute_mib",
    "output": "output_mib",
    "recurrent": "recurrent_mib",
    "layers": "layers",
}
_WHOLE = {
    "kv_k": ("kv_cache.k_mib",),
    "kv_v": ("kv_cache.v_mib",),
    "kv": ("kv_cache.size_mib",),
    "weights": ("model.size_mib",),
    "train": ("model.n_ctx_train",),
    "per_slot": ("context.n_ctx_per_seq",),
    "ctx": ("context.n_ctx_per_seq", "context.n_ctx"),
    "batch": ("context.n_batch",),
    "ubatch": ("context.n_ubatch",),
    "head_kv": ("model.n_head_kv",),
    "head": ("model.n_head",),
    "load_time": ("load_seconds",),
    "request_time": ("requests.max_seconds",),
    "estimate": ("estimate.required_full_mib",),
    "free": ("estimate.available_mib",),
}
"""Which fact of a load stands for an aspect of it, the most telling aspect first."""

_ORDER = (
    "train",
    "estimate",
    "free",
    "per_slot",
    "head_kv",
    "kv_k",
    "kv_v",
    "compute",
    "kv",
    "weights",
    "ubatch",
    "batch",
    "head",
    "ctx",
    "load_time",
    "request_time",
)

_UNEQUAL = frozenset({"more", "less", "faster", "slower"})
_SHARED_UNITS = frozenset({"memory", "time", "rate", "speed", "tokens"})
_SAME_WITHIN = 0.005
_LIKE_WITHIN = 0.05


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a value in the base unit of its dimension, and how it is told.

    sure: the words name just this; not "what the GPU holds", which may be what it has or what is used.
    """

    value: float
    dim: str
    told: str
    cite: str = ""
    sure: bool = True


class Sides:
    """What the stretches of one sentence name."""

    def __init__(self, reading: Reading, report: Report, language: str) -> None:
        self.reading = reading
        self.atoms = fact_atoms(report)
        self.language = language

    def bounds(self, span: tuple[int, int]) -> tuple[int, int]:
        """The place of the part of the sentence, between full stops, that a word is in."""
        ends = [m.end() for m in _CLAUSE_END.finditer(self.reading.masked)]
        first = max((end for end in ends if end <= span[0]), default=0)
        return first, min((end for end in ends if end > span[0]), default=len(self.reading.text))

    def bi(self, first: int, last: int) -> re.Match[str] | None:
        """The 比 before a Chinese adjective, in the same clause."""
        found = list(_BI.finditer(self.reading.text, first, last))
        return found[-1] if found and not re.search(r"[，,]", self.reading.text[found[-1].end() : last]) else None

    def pair(self, left: tuple[int, int], right: tuple[int, int]) -> tuple[Side, Side] | None:
        """The two sides: the nearest values of both stretches that are of one kind."""
        for one in self.candidates(left, -1):
            for other in self.candidates(right, 1):
                if one.dim == other.dim or "any" in (one.dim, other.dim):
                    return one, other
        return None

    def candidates(self, place: tuple[int, int], towards: int) -> list[Side]:
        """Everything that a stretch could mean, the nearest first; towards: 1 where it follows the word, else -1."""
        return [side for part in self._nearest(place, towards) for side in self._sides_in(part, towards)]

    def _nearest(self, place: tuple[int, int], towards: int) -> list[tuple[int, int]]:
        """The clauses of a stretch, the one nearest to the comparison first."""
        inside = [(max(s.start, place[0]), min(s.end, place[1])) for s in self.reading.sentence.segments]
        inside = [(start, end) for start, end in inside if end > start]
        return inside[::-1] if towards < 0 else inside

    def _sides_in(self, place: tuple[int, int], towards: int) -> list[Side]:
        """What a clause says: its number nearest to the comparison, else a device's value, a kind's count, a fact."""
        start, end = place
        numbers = [
            m
            for m in self.reading.found
            if start <= m.start
            and m.end <= end
            and m.index is None
            and (not m.word or m.dims[0][0] in ("time", "memory"))
            and m.dims[0][0] != "ratio"
            and not self._is_difference(m)
        ]
        found = [Side(m.shown * factor, dim, m.text) for m in numbers for dim, factor in [self._dim(m, place)]]
        found = found[::-1] if towards < 0 else found
        text = _BRACKETS.sub("", self.reading.text[start:end])
        devices = devices_in(text)
        atoms = [self.of_device(devices[-1 if towards < 0 else 0], place)] if devices else []
        atoms += [a for a in self.atoms if a.key and re.search(rf"(?<!\w){re.escape(a.key)}(?!\w)", text)][:1]
        if not devices and claim_words().devices["others"].search(text):
            atoms.append(self.of_others(place))
        elif not devices:
            atoms.append(self.whole(text, place))
        named = self._says_what(text)
        told = [Side(a.value, a.dim, told_text([a], self.language), a.cite, named) for a in atoms if a is not None]
        for yardstick in claim_words().yardsticks:
            match = yardstick.words.search(text)
            if match and not found:
                told.append(Side(yardstick.value, yardstick.dim, yardstick.told[self.language]))
        return found + told

    def _says_what(self, text: str) -> bool:
        """Whether a side names a kind of thing itself, or a device where the sentence names no kind."""
        named = claim_words().strong.all_ids(text) & set(_ORDER)
        return bool(named or (devices_in(text) and not self.reading.sentence.aspects & set(PER_DEVICE)))

    def _dim(self, mention: Mention, place: tuple[int, int]) -> tuple[str, float]:
        """The dimension of a number; one without a unit has that of what its side names."""
        dim, factor = mention.dims[0]
        if dim != "any":
            return dim, factor
        atom = self.whole(self.reading.text[place[0] : place[1]], place)
        other = next((m.dims[0] for m in self.reading.found if m.dims[0][0] in _SHARED_UNITS), None)
        if atom is not None:
            return atom.dim, factor
        return (other[0], factor) if other else (dim, factor)

    def _is_difference(self, mention: Mention) -> bool:
        """Whether a number says by how much: `32 MiB more`, `多 32 MiB`, `1.5 times`."""
        text = self.reading.text
        verb = claim_words().forms["verb"]
        for start, end, kinds in claim_words().comparison.found(text):
            if kinds & _UNEQUAL and not verb.fullmatch(text[start:end]):
                if text[start:end].isascii() and mention.end <= start and _TOUCHES.fullmatch(text[mention.end : start]):
                    return True
                if _BY.search(text[: mention.start]):
                    return True
                if end <= mention.start and re.fullmatch(r"\s*(?:了|出|by)?\s*", text[end : mention.start]):
                    return True
        return False

    def of_device(self, name: str, place: tuple[int, int]) -> Atom | None:
        """What a device has of what the sentence is about."""
        loads = self.reading.sentence.at(place[0]).loads
        named = self.reading.sentence.aspects
        field_name = next((f for aspect, f in PER_DEVICE.items() if aspect in named), "total_mib")
        found = [
            a
            for a in self.atoms
            if a.field == field_name and a.device and same_device(a.device, name) and (not loads or a.load in loads)
        ]
        return found[-1] if found else None

    def of_others(self, place: tuple[int, int]) -> Atom | None:
        """What the GPUs that the sentence does not name have, in the middle of them."""
        named = devices_in(self.reading.text)
        aspects = self.reading.sentence.aspects
        field_name = next((f for aspect, f in PER_DEVICE.items() if aspect in aspects), "total_mib")
        peers = self.peers(field_name, self.reading.sentence.at(place[0]))
        peers = [a for a in peers if a.device and not any(same_device(a.device, name) for name in named)]
        return sorted(peers, key=lambda a: a.value)[len(peers) // 2] if peers and named else None

    def first_and_last(self) -> tuple[int, int]:
        """The numbers of the last and of the first load of the log."""
        loads = [atom.load for atom in self.atoms if atom.load is not None] or [0]
        return max(loads), min(loads)

    def whole(self, text: str, place: tuple[int, int], among: frozenset[int] = frozenset()) -> Atom | None:
        """The one value of a load that a side of a comparison names. among: of these loads, whatever it says."""
        named = claim_words().strong.all_ids(text)
        loads = among or self.reading.sentence.at(place[0]).loads
        if named & set(PER_DEVICE):
            part = self._of_kind(text, loads)
            if part is not None:
                return part
        aspect = next((a for a in _ORDER if a in named), None)
        if aspect is None or not strong(frozenset({aspect})):
            return self._of_kind(text, loads)
        paths = _WHOLE.get(aspect, ())
        for path in paths[::-1] if aspect == "ctx" and _ALL.search(text) else paths:
            found = [
                a
                for a in self.atoms
                if a.device is None
                and a.cite.startswith(("fact:loads.", "fact:requests."))
                and a.cite.rstrip("0123456789").removesuffix(".").endswith((f".{path}", f":{path}"))
                and (not loads or a.load in loads)
            ]
            if found:
                alike = [a for a in found if a.load == found[-1].load]
                total = sum(a.value for a in alike)
                return replace(found[-1], value=total, shown=total) if len(alike) > 1 else found[-1]
        return self._summed(aspect, loads)

    def _of_kind(self, text: str, loads: frozenset[int]) -> Atom | None:
        """Everything that the GPUs hold, or the host, where a side names nothing more."""
        gpu, host = claim_words().forms["gpu_side"].search(text), claim_words().forms["cpu_side"].search(text)
        if bool(gpu) == bool(host):
            return None
        named = self.reading.sentence.aspects
        field_name = next((f for aspect, f in PER_DEVICE.items() if aspect in named), "total_mib")
        found = [a for a in self.atoms if a.device and a.field == field_name and (not loads or a.load in loads)]
        found = [a for a in found if a.load == found[-1].load and is_gpu(a.device or "") == bool(gpu)]
        total = sum(a.value for a in found)
        return replace(found[0], value=total, shown=total, device=None) if found else None

    def _summed(self, aspect: str, loads: frozenset[int]) -> Atom | None:
        """What all devices of the last load have of an aspect, where no fact has the sum."""
        field_name = PER_DEVICE.get(aspect)
        found = [a for a in self.atoms if a.device and a.field == field_name and (not loads or a.load in loads)]
        found = [a for a in found if a.load == found[-1].load]
        total = sum(a.value for a in found)
        return replace(found[0], value=total, shown=total, device=None) if found else None

    def peers(self, field_name: str, segment: Segment) -> list[Atom]:
        """One field of every GPU, of the last load that the clause may mean."""
        loads = {a.load for a in self.atoms if a.field == field_name and a.device and a.load is not None}
        load = max((n for n in loads if n is not None and (not segment.loads or n in segment.loads)), default=None)
        return [a for a in self.atoms if a.field == field_name and a.load == load and a.device and is_gpu(a.device)]


def compare(first: Side, second: Side, claimed: str, span: tuple[int, int]) -> Judgement:
    """What follows for two sides of which the first is claimed to be "more", "less", "same" …"""
    largest = max(abs(first.value), abs(second.value))
    near = abs(first.value - second.value) <= _SAME_WITHIN * largest
    holds = {
        "more": first.value > second.value,
        "less": first.value < second.value,
        "same": abs(first.value - second.value) <= _LIKE_WITHIN * largest,
        "different": not near,
        "at most": first.value <= second.value or near,
        "at least": first.value >= second.value or near,
    }[claimed]
    cites = tuple(side.cite for side in (first, second) if side.cite)
    if holds:
        return Support(*span, cites)
    said = f"{first.told} / {second.told}"
    return Objection(Code.DIRECTION, "DIRECTION", {"values": said}, *span, contradicted=True, cites=cites)
