"""Which of two is more: recomputed from the sentence's own numbers and from the facts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.extremes import Extremes
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.moves import Moves
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment
from explain_log.narration.verifier.sides import Side, Sides, compare
from explain_log.narration.verifier.verdict import Judgement
from explain_log.report import Report

_THAN = re.compile(r"(?<![A-Za-z])(?:than|compared (?:with|to)|relative to)(?![A-Za-z])", re.IGNORECASE)
_SIGN = re.compile(r"\d[^，。,;；]{0,12}(?:[+×*/÷]|加|减|乘|除以|plus|minus|times)")
_BEFORE = frozenset("得很许不最过至几太偏")
_PART = re.compile(
    r"\s*(?:about |roughly )?(?:half|twice|a quarter|a third|two thirds|three quarters|double)", re.IGNORECASE
)
_CONJUNCTION = re.compile(r"\b(?:and|while|whereas|but)\b|(?<!反)而(?!是|且)|但")
_IN_WORDS = frozenset("度小少约概部量家型文期上速级个种次张块条线半余时于心数")
"""Characters after which 大 or 长 is part of another word: 长度, 大小, 多少."""
_BY_HOW_MUCH = re.compile(r"(?:[差多少]|只差|相差|\bby)\s*$", re.IGNORECASE)
_ADVERBS = re.compile(r"[还也又才只都已经约大就并而但仍]")
_OWN_WORDS = 4
_KINDS = ("several", "majority", "most", "least", "more", "less", "same", "faster", "slower")
_TURNED = {"more": "at most", "less": "at least", "same": "different"}


def comparisons(reading: Reading, report: Report, language: str, atoms: list[Atom]) -> Iterator[Judgement]:
    """A judgement for each comparison whose two sides the sentence or the log tells. atoms: what it rests on."""
    sides = Sides(reading, report, language)
    comparing, extremes = _Comparing(sides), Extremes(sides)
    for start, end, kinds in claim_words().comparison.found(reading.text):
        segment, span = reading.sentence.at(start), (start, end)
        kind = next((k for k in _KINDS if k in kinds), "")
        if kind in ("several", "majority"):
            judgement = extremes.share(segment, kind, span)
        elif kind in ("most", "least"):
            judgement = None if segment.hypothetical else extremes.superlative(segment, kind, span)
        else:
            judgement = comparing.two(segment, kind, span)
        if judgement:
            yield judgement
    yield from Moves(sides, atoms).judge()
    yield from extremes.spread()


def kind_is_sum(text: str) -> bool:
    """Whether what follows is arithmetic, which is recomputed elsewhere."""
    return bool(_SIGN.search(text))


class _Comparing:
    """The comparisons of one sentence."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._reading = sides.reading
        self._language = sides.language

    def two(self, segment: Segment, kind: str, span: tuple[int, int]) -> Judgement | None:
        """The judgement of `A is larger than B` in one of its forms; None where a side is not told."""
        sides = self._two_sides(segment, span) or self._two_loads(segment, kind)
        if sides is None or (sides[0].cite and sides[0].cite == sides[1].cite):
            return None
        text = self._reading.text
        word = text[span[0] : span[1]]
        if kind in ("faster", "slower"):
            kind = "less" if (kind == "faster") == (sides[0].dim == "time") else "more"
        if word not in ("不足", "不到") and is_negated(text, span[0], segment.start):
            kind = _TURNED[kind]
        return compare(*sides, kind, span)

    def _two_sides(self, segment: Segment, span: tuple[int, int]) -> tuple[Side, Side] | None:
        text = self._reading.text
        first, last = self._sides.bounds(span)
        word = text[span[0] : span[1]]
        than, bi = _THAN.search(text, span[1], last), self._sides.bi(first, span[0])
        if len(word) == 1 and (text[span[1] : span[1] + 1] in _IN_WORDS or text[span[0] - 1 : span[0]] in _BEFORE):
            return None
        if than is not None and _PART.match(text, than.end()):
            return None
        if len(word) == 1 and bi is None and not text.startswith(("得多", "很多", "不少"), span[1]):
            return None
        if bi is not None:
            return self._sides.pair((first, bi.start()), (bi.end(), span[0]))
        if than is not None:
            pair = self._sides.pair((first, span[0]), (than.end(), last))
            return pair or self._sides.pair((span[1], than.start()), (than.end(), last))
        if claim_words().forms["verb"].fullmatch(word):
            if kind_is_sum(text[span[1] : last]) or _BY_HOW_MUCH.search(text[: span[0]]):
                return None
            if not word.isascii() and len(_ADVERBS.sub("", text[segment.start : span[0]]).strip()) >= _OWN_WORDS:
                first = max(first, segment.start)
            return self._sides.pair((first, span[0]), (span[1], last))
        return self._with_the_one_before(segment, span)

    def _two_loads(self, segment: Segment, kind: str) -> tuple[Side, Side] | None:
        """`the second load was faster`: than the other one of two."""
        if kind not in ("faster", "slower") or len(segment.loads) != 1:
            return None
        times = [a for a in self._sides.atoms if a.field == "load_seconds"]
        mine = [a for a in times if a.load in segment.loads]
        others = [a for a in times if a.load not in segment.loads]
        if len(mine) != 1 or len(others) != 1:
            return None
        one, other = (Side(a.value, a.dim, told_text([a], self._language), a.cite) for a in (mine[0], others[0]))
        return one, other

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
        for left in self._sides.candidates(own, -1):
            for right in self._sides.candidates(other, -1):
                if left.cite and left.dim == right.dim:
                    return left, right
        return None
