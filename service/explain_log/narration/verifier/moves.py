"""Values that go from one to another, and values that are a multiple of another: in the right order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.intervals import holds_atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.sides import Side, Sides, compare
from explain_log.narration.verifier.verdict import Code, Judgement, Objection

_TIMES = re.compile(r"倍|times|fold|twice", re.IGNORECASE)
_IS_OF = re.compile(r"是|为|等于|达到|相当于")
_RATIO_WITHIN = 0.25


class Moves:
    """The moves and multiples of one sentence."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._reading = sides.reading
        self._language = sides.language

    def judge(self) -> Iterator[Judgement]:
        """A judgement for each."""
        yield from self.moves()
        yield from self.multiples()

    def multiples(self) -> Iterator[Judgement]:
        """`A is four times B`, `A 是 B 的 4 倍`: not the other way round."""
        text = self._reading.text
        for mention in self._reading.found:
            if mention.dims[0][0] != "ratio" or not _TIMES.search(mention.text) or mention.shown <= 1:
                continue
            first, last = self._sides.bounds((mention.start, mention.end))
            is_zh = "倍" in mention.text
            verb = _IS_OF.search(text, first, mention.start) if is_zh else None
            if is_zh and verb is not None:
                pair = self._sides.pair((first, verb.start()), (verb.end(), mention.start))
            elif is_zh:
                bi = self._sides.bi(first, mention.start)
                pair = self._sides.pair((first, bi.start()), (bi.end(), mention.start)) if bi else None
            else:
                pair = self._sides.pair((first, mention.start), (mention.end, last))
            if pair is None or not pair[0].value or not pair[1].value:
                continue
            ratio, cites = pair[0].value / pair[1].value, tuple(side.cite for side in pair if side.cite)
            if abs(ratio - mention.shown) > _RATIO_WITHIN * mention.shown and ratio < 1:
                names = {"values": f"{pair[0].told} / {pair[1].told}"}
                yield Objection(
                    Code.DIRECTION, "DIRECTION", names, mention.start, mention.end, contradicted=True, cites=cites
                )

    def _is_turned_round(self, one: Mention, other: Mention) -> bool:
        """Whether the log had the second of two values in an earlier load than the first."""
        orders = set()
        for first in self._sides.atoms:
            if first.load is None or first.device or not holds_atom(one, first):
                continue
            for second in self._sides.atoms:
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
                yield compare(sides[0], sides[1], claimed, match.span())
