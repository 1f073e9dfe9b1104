"""Which of all is most or least, what is most of a whole, and whether all are alike."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.concerns import same_device
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.segments import Segment, devices_in
from explain_log.narration.verifier.sides import PER_DEVICE, Sides
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

_ALIKE_WITHIN = 0.10
_SEVERAL = 1.8
_NEAR = 8
_SAME_WITHIN = 0.005


class Extremes:
    """What one sentence says of the largest, of the most, of all."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._reading = sides.reading
        self._language = sides.language

    def superlative(self, segment: Segment, kind: str, span: tuple[int, int]) -> Judgement | None:
        """`CUDA0 holds most`: it is one of those with the largest value."""
        sentence = self._reading.sentence
        names = devices_in(segment.text) or devices_in(self._reading.text)
        if len(names) != 1 or self._reading.text[span[0] : span[1]].casefold() == "most":
            return None
        named = [f for aspect, f in PER_DEVICE.items() if aspect in (segment.aspects or sentence.aspects)] or [
            "total_mib"
        ]
        told: list[Atom] = []
        for field_name in named:
            peers = self._sides.peers(field_name, segment)
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

    def share(self, segment: Segment, kind: str, span: tuple[int, int]) -> Judgement | None:
        """`several times the KV cache` is at least twice; `most of it on CUDA1` is more than half."""
        text = self._reading.text
        first, last = self._sides.bounds(span)
        if kind == "several":
            pair = self._sides.pair((first, span[0]), (span[1], last))
            if pair is None:
                return None
            holds, told = pair[0].value >= _SEVERAL * pair[1].value, [pair[0].told, pair[1].told]
            cites = tuple(side.cite for side in pair if side.cite)
        else:
            part = self._part(segment, span)
            if part is None:
                return None
            holds, told, cites = part
        if is_negated(text, span[0], segment.start):
            holds = not holds
        if holds:
            return Support(*span, cites)
        names_told = {"values": " / ".join(told)}
        return Objection(Code.DIRECTION, "DIRECTION", names_told, *span, contradicted=True, cites=cites)

    def _part(self, segment: Segment, span: tuple[int, int]) -> tuple[bool, list[str], tuple[str, ...]] | None:
        """(whether it is more than half, what is told, ids) of what a clause says is most of something."""
        names, text = devices_in(segment.text), self._reading.text
        atoms = self._sides.atoms
        whole = next((m for m in self._reading.found if m.end <= span[0] <= m.end + _NEAR and m.has_unit), None)
        if whole is not None and whole.dims[0][0] == "memory":  # "24 GiB 显存的一大半"
            used = [a for a in atoms if a.field == "total_mib" and a.device and is_gpu(a.device)]
            used = [a for a in used if not names or same_device(str(a.device), names[0])]
            largest = max(used, key=lambda a: a.value, default=None)
            if largest is None:
                return None
            size = whole.shown * whole.dims[0][1]
            return largest.value > size / 2, [told_text([largest], self._language), whole.text], (largest.cite,)
        mine = self._sides.of_device(names[0], (segment.start, segment.end)) if len(names) == 1 else None
        if mine is not None:
            total = sum(a.value for a in atoms if a.device and a.field == mine.field and a.load == mine.load)
            return mine.value > total / 2, [told_text([mine], self._language), f"{total:.10g}"], (mine.cite,)
        half = self._sides.whole(text[segment.start : span[0]], (segment.start, segment.end))
        if half is None or half.field not in ("k_mib", "v_mib"):
            return None
        both = [a for a in atoms if a.cite == half.cite.rpartition(".")[0] + ".size_mib"]
        if not both:
            return None
        told = told_text([half, both[0]], self._language)
        return half.value > 0.51 * both[0].value, [told], (half.cite, both[0].cite)

    def spread(self) -> Iterator[Judgement]:
        """`The compute buffers of the cards are all alike`: over the GPUs of the last load."""
        for kind in ("alike", "unlike"):
            for match in claim_words().forms[kind].finditer(self._reading.text):
                segment = self._reading.sentence.at(match.start())
                aspects = claim_words().of_dim(segment.aspects, "memory") | (segment.aspects & {"layers"})
                fields = [f for aspect, f in PER_DEVICE.items() if aspect in aspects]
                if len(fields) != 1 or devices_in(segment.text) or segment.hypothetical:
                    continue
                peers = self._sides.peers(fields[0], segment)
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
