"""How much one thing is of another: `A is a quarter of B`, `A 是 B 的 4 倍`, recomputed from both sides."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.concerns import same_device
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.intervals import holds
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.segments import Segment
from explain_log.narration.verifier.sides import Side, Sides
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

_TIMES = re.compile(r"倍|times|fold|twice|double", re.IGNORECASE)
_IS_ZH = re.compile(r"(?:大?约|只|仅|就|还)?(?:是|为|等于|达到?|占了?|相当于|有|不到|不足|超过)")
_THAN_ZH = re.compile(r"(?:多|大|高|长|快)(?:了|出)?\s*$")
_OF_EN = re.compile(r"\s*(?:of|as (?:much|many|large|big|long)(?: \w+)? as|the|that of)\b", re.IGNORECASE)
_FORMERLY = re.compile(r"(?:原来|原先|最初|先前|之前|重试前)的\s*(?:约|大约|将近)?\s*$")
_POINTS_BACK = re.compile(r"\s*(?:it|them|that|those|these|this)\b", re.IGNORECASE)
_SHOWN = 3
_OFF = 0.12
"""How far people round a proportion before it is another one."""


class Proportions:
    """The proportions of one sentence."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._text = sides.reading.text

    def judge(self, mention: Mention) -> Judgement | None:
        """What follows for a ratio whose two sides the sentence names; None where it does not, or may mean others."""
        pair = self._pair(mention)
        if pair is None or not (pair[0].value and pair[1].value):
            return None
        one, other = pair
        if one.cite and (one.cite == other.cite or (other.cite and _of_device(one) != _of_device(other))):
            return None
        mention = replace(mention, hedge=mention.hedge or self._hedge(mention))
        ratio = one.value / other.value
        cites = tuple(side.cite for side in pair if side.cite)
        if holds(mention, ratio, "ratio"):
            return Support(mention.start, mention.end, cites)
        stated = mention.shown * mention.dims[0][1]
        alike = _of_device(one) and _of_device(other) and _field(one) == _field(other)
        off = _OFF if mention.hedge not in ("over", "under") else 2 * _OFF
        near = abs(ratio - stated) <= off * stated
        if near or not (alike or (one.sure and other.sure)):
            return None
        turned = ratio < 1 < stated or stated < 1 < ratio
        code, text = (Code.DIRECTION, "DIRECTION") if turned else (Code.NUMBER, "NUMBER")
        names = {"number": mention.text, "values": f"{one.told} / {other.told}"}
        return Objection(code, text, names, mention.start, mention.end, contradicted=True, cites=cites)

    def _then_and_now(self, text: str) -> tuple[Side, Side] | None:
        """`重试后的上下文只有原来的八分之一`: what the last load has of a thing, and what the first one had."""
        last, first = (self._sides.whole(text, (0, 0), frozenset({n})) for n in self._sides.first_and_last())
        if last is None or first is None or last.load == first.load:
            return None
        sides = [Side(a.value, a.dim, told_text([a], self._sides.language), a.cite) for a in (last, first)]
        return sides[0], sides[1]

    def _hedge(self, mention: Mention) -> str | None:
        """`不到 B 的四分之一`: what stands before B is said of the part."""
        first, _ = self._sides.bounds((mention.start, mention.end))
        verbs = [match[0] for match in _IS_ZH.finditer(self._text, first, mention.start)]
        return {"不到": "under", "不足": "under", "超过": "over"}.get(verbs[-1]) if verbs else None

    def share(self, mention: Mention, segment: Segment) -> Judgement | None:
        """`three quarters of the cache are on CUDA1`: that device's part, or the host's, of what all hold."""
        if _TIMES.search(mention.text):
            return None
        if segment.host and not segment.devices and not segment.vram:
            return self._share_of_host(mention)
        if not segment.own_devices or len(segment.devices) != 1:
            return None
        others: list[Atom] = []
        for alike in self._held(("memory", "layers")):
            whole = sum(atom.value for atom in alike)
            for atom in alike:
                if whole and holds(mention, atom.value / whole, "ratio"):
                    if same_device(str(atom.device), segment.devices[0]):
                        return Support(mention.start, mention.end, (atom.cite,))
                    others.append(atom)
        if not others:
            return None
        names = {"number": mention.text, "values": told_text(others[:1], self._sides.language)}
        span = (mention.start, mention.end)
        return Objection(Code.SUBJECT, "SUBJECT", names, *span, contradicted=True, cites=(others[0].cite,))

    def _share_of_host(self, mention: Mention) -> Judgement | None:
        """`seven eighths of the weights are on the CPU side`."""
        for alike in self._held(("memory",)):
            whole = sum(atom.value for atom in alike)
            mine = [atom for atom in alike if not is_gpu(str(atom.device))]
            if whole and holds(mention, sum(atom.value for atom in mine) / whole, "ratio"):
                return Support(mention.start, mention.end, tuple(atom.cite for atom in mine)[:_SHOWN])
        return None

    def _held(self, dims: tuple[str, ...]) -> list[list[Atom]]:
        """What each device holds of what the sentence is about, by the kind of value and the load."""
        said = self._sides.reading.sentence.aspects
        groups: dict[tuple[str, int | None], list[Atom]] = defaultdict(list)
        for atom in self._sides.atoms:
            if atom.device and atom.dim in dims and atom.aspects & said:
                groups[atom.field, atom.load].append(atom)
        return list(groups.values())

    def _pair(self, mention: Mention) -> tuple[Side, Side] | None:
        """What is measured, and by what."""
        text, (first, last) = self._text, self._sides.bounds((mention.start, mention.end))
        if re.search(r"[\u4e00-\u9fff]", text[first:last]):
            if _THAN_ZH.search(text[: mention.start]):
                return None
            if not text[: mention.start].rstrip(" 约近将接大").endswith("的"):
                return None
            formerly = _FORMERLY.search(text[: mention.start], first)
            if formerly:
                return self._then_and_now(text[first : formerly.start()])
            verbs = list(_IS_ZH.finditer(text, first, mention.start))
            return self._sides.pair((first, verbs[-1].start()), (verbs[-1].end(), mention.start)) if verbs else None
        joint = _OF_EN.match(text, mention.end)
        if not joint or _POINTS_BACK.match(text, joint.end()):
            return None
        return self._sides.pair((first, mention.start), (mention.end, last))


def _of_device(side: Side) -> bool:
    return ".devices." in side.cite


def _field(side: Side) -> str:
    return side.cite.rpartition(".")[2]
