"""Which of two is more, which of all is most: recomputed from the sentence's own numbers and from the facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.facts_told import fact_atoms
from explain_log.narration.verifier.intervals import holds_atom
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment, devices_in
from explain_log.narration.verifier.subject import same_device, strong
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_THAN = re.compile(r"(?<![A-Za-z])(?:than|compared (?:with|to)|relative to)(?![A-Za-z])", re.IGNORECASE)
_BI = re.compile(r"相?比(?!例|较|特|如|重)|相较于?")
_OPENING = re.compile(r"^\s*(?:与|和|跟|相比|相较于?|比起|compared (?:with|to)|unlike|relative to)", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[。；;！!?？]|\.(?=\s|$)|因为|所以|\b(?:since|because|so|as a result)\b")
_BRACKETS = re.compile(r"[（(][^（）()]*[）)]")
_SIGN = re.compile(r"\d[^，。,;；]{0,12}(?:[+×*/÷]|加|减|乘|除以|plus|minus|times)")
_BY = re.compile(r"\bby(?: about| roughly| some)?\s$", re.IGNORECASE)
_BEFORE = frozenset("得很许不最过至几太偏")
_PART = re.compile(
    r"\s*(?:about |roughly )?(?:half|twice|a quarter|a third|two thirds|three quarters|double)", re.IGNORECASE
)
_CONJUNCTION = re.compile(r"\b(?:and|while|whereas|but)\b|而|但")
_TOUCHES = re.compile(r"\s*(?:的|个|of)?\s*")
_PER_DEVICE = {
    "kv": "kv_mib",
    "weights": "model_mib",
    "compute": "compute_mib",
    "output": "output_mib",
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
)
_IN_WORDS = frozenset("度小少约概部量家型文期上速级个种次张块条线半余时于心数")
"""Characters after which 大 or 长 is part of another word: 长度, 大小, 多少."""

_TIMES = re.compile(r"倍|times|fold|twice", re.IGNORECASE)
_IS_OF = re.compile(r"是|为|等于|达到|相当于")
_RATIO_WITHIN = 0.25
_ALIKE_WITHIN = 0.10
_SEVERAL = 1.8
_SAME_WITHIN = 0.005
_LIKE_WITHIN = 0.05
_TURNED = {"more": "at most", "less": "at least", "same": "different"}


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a value in the base unit of its dimension, and how it is told."""

    value: float
    dim: str
    told: str
    cite: str = ""


def comparisons(reading: Reading, report: Report, language: str) -> Iterator[Judgement]:
    """A judgement for each comparison whose two sides the sentence or the log tells."""
    comparing = _Comparing(reading, report, language)
    for start, end, kinds in claim_words().comparison.found(reading.text):
        segment = reading.sentence.at(start)
        if kinds & {"several", "majority"}:
            judgement = comparing.share(segment, "several" if "several" in kinds else "majority", (start, end))
            if judgement:
                yield judgement
            continue
        kind = next((k for k in ("most", "least", "more", "less", "same", "faster", "slower") if k in kinds), "")
        if kind in ("most", "least"):
            judgement = None if segment.hypothetical else comparing.superlative(segment, kind, (start, end))
        else:
            judgement = comparing.two(segment, kind, (start, end))
        if judgement:
            yield judgement
    yield from comparing.moves()
    yield from comparing.multiples()
    yield from comparing.spread()


def kind_is_sum(text: str) -> bool:
    """Whether what follows is arithmetic, which is recomputed elsewhere."""
    return bool(_SIGN.search(text))


class _Comparing:
    """The comparisons of one sentence."""

    def __init__(self, reading: Reading, report: Report, language: str) -> None:
        self._reading = reading
        self._atoms = fact_atoms(report)
        self._language = language

    def two(self, segment: Segment, kind: str, span: tuple[int, int]) -> Judgement | None:
        """The judgement of `A is larger than B` in one of its forms; None where a side is not told."""
        sides = self._sides(segment, span)
        if sides is None or (sides[0].cite and sides[0].cite == sides[1].cite):
            return None
        text = self._reading.text
        word = text[span[0] : span[1]]
        if kind in ("faster", "slower"):
            kind = "less" if (kind == "faster") == (sides[0].dim == "time") else "more"
        if word not in ("不足", "不到") and is_negated(text, span[0], segment.start):
            kind = _TURNED[kind]
        return self._compare(*sides, kind, span)

    def _sides(self, segment: Segment, span: tuple[int, int]) -> tuple[Side, Side] | None:
        text = self._reading.text
        first, last = self._bounds(span)
        word = text[span[0] : span[1]]
        than, bi = _THAN.search(text, span[1], last), self._bi(first, span[0])
        if len(word) == 1 and (text[span[1] : span[1] + 1] in _IN_WORDS or text[span[0] - 1 : span[0]] in _BEFORE):
            return None
        if than is not None and _PART.match(text, than.end()):
            return None
        if len(word) == 1 and bi is None and not text.startswith(("得多", "很多", "不少"), span[1]):
            return None
        if bi is not None:
            return self._pair((first, bi.start()), (bi.end(), span[0]))
        if than is not None:
            pair = self._pair((first, span[0]), (than.end(), last))
            return pair or self._pair((span[1], than.start()), (than.end(), last))
        if claim_words().forms["verb"].fullmatch(word):
            if kind_is_sum(text[span[1] : last]):
                return None
            return self._pair((first, span[0]), (span[1], last))
        return self._with_the_one_before(segment, span)

    def _bounds(self, span: tuple[int, int]) -> tuple[int, int]:
        """The place of the part of the sentence, between full stops, that a word is in."""
        ends = [m.end() for m in _CLAUSE_END.finditer(self._reading.masked)]
        first = max((end for end in ends if end <= span[0]), default=0)
        return first, min((end for end in ends if end > span[0]), default=len(self._reading.text))

    def _bi(self, first: int, last: int) -> re.Match[str] | None:
        """The 比 before a Chinese adjective, in the same clause."""
        found = list(_BI.finditer(self._reading.text, first, last))
        return found[-1] if found and not re.search(r"[，,]", self._reading.text[found[-1].end() : last]) else None

    def _with_the_one_before(self, segment: Segment, span: tuple[int, int]) -> tuple[Side, Side] | None:
        """`K takes 512 MiB, V is much smaller`."""
        text = self._reading.text
        around = text[max(segment.start, span[0] - 16) : min(segment.end, span[1] + 4)]
        before = self._reading.sentence.before(segment)
        if not claim_words().forms["far"].search(around):
            return None
        joints = list(_CONJUNCTION.finditer(text, segment.start, span[0]))
        if joints:
            own, other = (joints[-1].end(), span[0]), (segment.start, joints[-1].start())
        elif before:
            own, other = (segment.start, span[0]), (before[-1].start, before[-1].end)
        else:
            return None
        for left in self._candidates(own, -1):
            for right in self._candidates(other, -1):
                if left.cite and left.dim == right.dim:
                    return left, right
        return None

    def _pair(self, left: tuple[int, int], right: tuple[int, int]) -> tuple[Side, Side] | None:
        """The two sides: the nearest values of both stretches that are of one kind."""
        for one in self._candidates(left, -1):
            for other in self._candidates(right, 1):
                if one.dim == other.dim or "any" in (one.dim, other.dim):
                    return one, other
        return None

    def _candidates(self, place: tuple[int, int], towards: int) -> list[Side]:
        return [side for part in self._nearest(place, towards) for side in self._sides_in(part, towards)]

    def _nearest(self, place: tuple[int, int], towards: int) -> list[tuple[int, int]]:
        """The clauses of a stretch, the one nearest to the comparison first."""
        inside = [(max(s.start, place[0]), min(s.end, place[1])) for s in self._reading.sentence.segments]
        inside = [(start, end) for start, end in inside if end > start]
        return inside[::-1] if towards < 0 else inside

    def _sides_in(self, place: tuple[int, int], towards: int) -> list[Side]:
        """What a clause says: its number nearest to the comparison, else a device's value, a kind's count, a fact."""
        start, end = place
        numbers = [
            m
            for m in self._reading.found
            if start <= m.start
            and m.end <= end
            and m.index is None
            and not m.word
            and m.dims[0][0] != "ratio"
            and not self._is_difference(m)
        ]
        found = [Side(m.shown * factor, dim, m.text) for m in numbers for dim, factor in [self._dim(m, place)]]
        found = found[::-1] if towards < 0 else found
        text = _BRACKETS.sub("", self._reading.text[start:end])
        devices = devices_in(text)
        atoms = [self._of_device(devices[-1 if towards < 0 else 0], place)] if devices else []
        atoms += [a for a in self._atoms if a.key and re.search(rf"(?<!\w){re.escape(a.key)}(?!\w)", text)][:1]
        if not devices and claim_words().devices["others"].search(text):
            atoms.append(self._of_others(place))
        elif not devices:
            atoms.append(self._whole(text, place))
        told = [Side(a.value, a.dim, told_text([a], self._language), a.cite) for a in atoms if a is not None]
        return found + told

    def _dim(self, mention: Mention, place: tuple[int, int]) -> tuple[str, float]:
        """The dimension of a number; one without a unit has that of what its side names."""
        dim, factor = mention.dims[0]
        if dim != "any":
            return dim, factor
        atom = self._whole(self._reading.text[place[0] : place[1]], place)
        other = next((m.dims[0] for m in self._reading.found if m.dims[0][0] not in ("any", "ratio")), None)
        if atom is not None:
            return atom.dim, factor
        return (other[0], factor) if other else (dim, factor)

    def _is_difference(self, mention: Mention) -> bool:
        """Whether a number says by how much: `32 MiB more`, `多 32 MiB`, `1.5 times`."""
        text = self._reading.text
        for start, end, kinds in claim_words().comparison.found(text):
            if kinds & {"more", "less"} and not claim_words().forms["verb"].fullmatch(text[start:end]):
                if text[start:end].isascii() and mention.end <= start and _TOUCHES.fullmatch(text[mention.end : start]):
                    return True
                if _BY.search(text[: mention.start]):
                    return True
                if end <= mention.start and re.fullmatch(r"\s*(?:了|出|by)?\s*", text[end : mention.start]):
                    return True
        return False

    def _of_device(self, name: str, place: tuple[int, int]) -> Atom | None:
        """What a device has of what the sentence is about."""
        loads = self._reading.sentence.at(place[0]).loads
        named = self._reading.sentence.aspects
        field_name = next((f for aspect, f in _PER_DEVICE.items() if aspect in named), "total_mib")
        found = [
            a
            for a in self._atoms
            if a.field == field_name and a.device and same_device(a.device, name) and (not loads or a.load in loads)
        ]
        return found[-1] if found else None

    def _of_others(self, place: tuple[int, int]) -> Atom | None:
        """What the GPUs that the sentence does not name have, in the middle of them."""
        named = devices_in(self._reading.text)
        aspects = self._reading.sentence.aspects
        field_name = next((f for aspect, f in _PER_DEVICE.items() if aspect in aspects), "total_mib")
        peers = self._peers(field_name, self._reading.sentence.at(place[0]))
        peers = [a for a in peers if a.device and not any(same_device(a.device, name) for name in named)]
        return sorted(peers, key=lambda a: a.value)[len(peers) // 2] if peers and named else None

    def _whole(self, text: str, place: tuple[int, int]) -> Atom | None:
        """The one value of a load that a side of a comparison names."""
        named = claim_words().strong.all_ids(text)
        loads = self._reading.sentence.at(place[0]).loads
        aspect = next((a for a in _ORDER if a in named), None)
        if aspect is None or not strong(frozenset({aspect})):
            return None
        for path in _WHOLE.get(aspect, ()):
            found = [
                a
                for a in self._atoms
                if a.device is None
                and a.cite.startswith("fact:loads.")
                and a.cite.endswith(f".{path}")
                and (not loads or a.load in loads)
            ]
            if found:
                return found[-1]
        return self._summed(aspect, loads)

    def _summed(self, aspect: str, loads: frozenset[int]) -> Atom | None:
        """What all devices of the last load have of an aspect, where no fact has the sum."""
        field_name = _PER_DEVICE.get(aspect)
        found = [a for a in self._atoms if a.device and a.field == field_name and (not loads or a.load in loads)]
        found = [a for a in found if a.load == found[-1].load]
        total = sum(a.value for a in found)
        return replace(found[0], value=total, shown=total, device=None) if found else None

    def _compare(self, first: Side, second: Side, claimed: str, span: tuple[int, int]) -> Judgement:
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

    def superlative(self, segment: Segment, kind: str, span: tuple[int, int]) -> Judgement | None:
        """`CUDA0 holds most`: it is one of those with the largest value."""
        sentence = self._reading.sentence
        names = devices_in(segment.text) or devices_in(self._reading.text)
        if len(names) != 1 or self._reading.text[span[0] : span[1]].casefold() == "most":
            return None
        named = [f for aspect, f in _PER_DEVICE.items() if aspect in (segment.aspects or sentence.aspects)] or [
            "total_mib"
        ]
        told: list[Atom] = []
        for field_name in named:
            peers = self._peers(field_name, segment)
            mine = next((a for a in peers if a.device and same_device(a.device, names[0])), None)
            if mine is None or len(peers) < 2:
                continue
            extreme = (max if kind == "most" else min)(peers, key=lambda a: a.value)
            if abs(mine.value - extreme.value) <= _SAME_WITHIN * abs(extreme.value):
                return Support(*span, (mine.cite,))
            told += [mine, extreme]
        if not told:
            return None
        said, cites = told_text(told[:2], self._language), tuple(a.cite for a in told[:2])
        return Objection(Code.DIRECTION, "DIRECTION", {"values": said}, *span, contradicted=True, cites=cites)

    def _peers(self, field_name: str, segment: Segment) -> list[Atom]:
        loads = {a.load for a in self._atoms if a.field == field_name and a.device and a.load is not None}
        load = max((n for n in loads if n is not None and (not segment.loads or n in segment.loads)), default=None)
        return [a for a in self._atoms if a.field == field_name and a.load == load and a.device and is_gpu(a.device)]

    def share(self, segment: Segment, kind: str, span: tuple[int, int]) -> Judgement | None:
        """`several times the KV cache` is at least twice; `most of it on CUDA1` is more than half."""
        text = self._reading.text
        first, last = self._bounds(span)
        if kind == "several":
            pair = self._pair((first, span[0]), (span[1], last))
            if pair is None:
                return None
            holds, told = pair[0].value >= _SEVERAL * pair[1].value, [pair[0].told, pair[1].told]
            cites = tuple(side.cite for side in pair if side.cite)
        else:
            names = devices_in(segment.text)
            mine = self._of_device(names[0], (segment.start, segment.end)) if len(names) == 1 else None
            if mine is None:
                return None
            whole = sum(a.value for a in self._atoms if a.device and a.field == mine.field and a.load == mine.load)
            holds, told, cites = (
                mine.value > whole / 2,
                [told_text([mine], self._language), f"{whole:.10g}"],
                (mine.cite,),
            )
        if is_negated(text, span[0], segment.start):
            holds = not holds
        if holds:
            return Support(*span, cites)
        names_told = {"values": " / ".join(told)}
        return Objection(Code.DIRECTION, "DIRECTION", names_told, *span, contradicted=True, cites=cites)

    def multiples(self) -> Iterator[Judgement]:
        """`A is four times B`, `A 是 B 的 4 倍`: not the other way round."""
        text = self._reading.text
        for mention in self._reading.found:
            if mention.dims[0][0] != "ratio" or not _TIMES.search(mention.text) or mention.shown <= 1:
                continue
            first, last = self._bounds((mention.start, mention.end))
            is_zh = "倍" in mention.text
            verb = _IS_OF.search(text, first, mention.start) if is_zh else None
            if is_zh and verb is not None:
                pair = self._pair((first, verb.start()), (verb.end(), mention.start))
            elif is_zh:
                bi = self._bi(first, mention.start)
                pair = self._pair((first, bi.start()), (bi.end(), mention.start)) if bi else None
            else:
                pair = self._pair((first, mention.start), (mention.end, last))
            if pair is None or not pair[0].value or not pair[1].value:
                continue
            ratio, cites = pair[0].value / pair[1].value, tuple(side.cite for side in pair if side.cite)
            if abs(ratio - mention.shown) > _RATIO_WITHIN * mention.shown and ratio < 1:
                names = {"values": f"{pair[0].told} / {pair[1].told}"}
                yield Objection(
                    Code.DIRECTION, "DIRECTION", names, mention.start, mention.end, contradicted=True, cites=cites
                )

    def spread(self) -> Iterator[Judgement]:
        """`The compute buffers of the cards are all alike`: over the GPUs of the last load."""
        for kind in ("alike", "unlike"):
            for match in claim_words().forms[kind].finditer(self._reading.text):
                segment = self._reading.sentence.at(match.start())
                aspects = claim_words().of_dim(segment.aspects, "memory") | (segment.aspects & {"layers"})
                fields = [f for aspect, f in _PER_DEVICE.items() if aspect in aspects]
                if len(fields) != 1 or devices_in(segment.text) or segment.hypothetical:
                    continue
                peers = self._peers(fields[0], segment)
                if len(peers) < 2:
                    continue
                values = [a.value for a in peers]
                far = max(values) - min(values) > _ALIKE_WITHIN * max(values)
                says_far = (kind == "unlike") != is_negated(self._reading.text, match.start(), segment.start)
                cites = tuple(a.cite for a in peers[:3])
                if far == says_far:
                    yield Support(*match.span(), cites)
                else:
                    names = {"values": told_text(peers[:4], self._language)}
                    yield Objection(Code.DIRECTION, "DIRECTION", names, *match.span(), contradicted=True, cites=cites)

    def _is_turned_round(self, one: Mention, other: Mention) -> bool:
        """Whether the log had the second of two values in an earlier load than the first."""
        orders = set()
        for first in self._atoms:
            if first.load is None or first.device or not holds_atom(one, first):
                continue
            for second in self._atoms:
                same = second.field == first.field and second.load is not None and second.load != first.load
                if same and holds_atom(other, second):
                    orders.add(first.load < (second.load or 0))
        return orders == {False}

    def moves(self) -> Iterator[Judgement]:
        """`from 2560 MiB down to 1360 MiB`: up is up."""
        forms = claim_words().forms
        for kind, claimed in (("up", "less"), ("down", "more")):
            for match in forms[kind].finditer(self._reading.text):
                before = [m for m in self._reading.found if m.end <= match.start()]
                after = [m for m in self._reading.found if m.start >= match.end()]
                if not before or not after or before[-1].dims[0][0] != after[0].dims[0][0]:
                    continue
                one, other = before[-1], after[0]
                if self._is_turned_round(one, other):
                    names = {"values": f"{one.text} / {other.text}"}
                    yield Objection(Code.DIRECTION, "DIRECTION", names, *match.span(), contradicted=True)
                    continue
                if self._reading.text[one.end : match.start()].count("，") > 0 or other.start - match.end() > 3:
                    continue
                sides = [Side(m.shown * m.dims[0][1], m.dims[0][0], m.text) for m in (one, other)]
                yield self._compare(sides[0], sides[1], claimed, match.span())
