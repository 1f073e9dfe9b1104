"""Values that go from one to another: in the right order, and up where it says up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.intervals import holds_atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.sides import Side, Sides, compare
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

_TO = re.compile(
    r"\s*(?:个?\s?(?:tokens?|项|MiB|GiB)?\s*)?(?:的\w{0,6})?(?:被|会|可以|直接)?"
    r"[升涨增加提高扩补降减少低缩小截砍改变调]{1,3}[到成为至]了?\s*(?:只有|约|大约)?\s*"
    r"|\s*(?:→|->|-->|=>)\s*"
    r"|[^.;]{0,24}\b(?:up|down|increased|reduced|padded|stretched|trimmed|truncated|cut|extended|lowered|raised|shrunk|grown)"
    r" to (?:about |only |just )?(?:(?:the|a) (?:limit|window|length|size)(?: of)? )?",
    re.IGNORECASE,
)
_TURNS = (("before", "after"), ("max_prompt_tokens", "limit"), ("longest", "limit"))
"""Fields of which the first is what was there, the second what it became."""

_INSTEAD = re.compile(
    r"[^.;。；]{0,24}?\b(?:instead of|rather than)(?: the)?(?: \w+){0,2}? "
    r"|[^。；]{0,8}(?:而不是|而非|代替)(?:原来的|原先的)?\s*",
    re.IGNORECASE,
)
_FROM = re.compile(r"(?:\bfrom(?: about| the)?|从|由)\s*$", re.IGNORECASE)
_UNTIL = re.compile(r"[^.;。；，]{0,16}?(?:\bto(?: about| only| just)?|到|至|成|为)了?\s*", re.IGNORECASE)


class Moves:
    """The moves of one sentence."""

    def __init__(self, sides: Sides, told: list[Atom]) -> None:
        self._sides = sides
        self._told = told
        self._reading = sides.reading
        self._language = sides.language

    def _order(self, one: Mention, other: Mention) -> int:
        """1 where the log had the first value before the second, -1 where after; 0 where it does not tell."""
        orders = set()
        for first in (atom for atom in self._told if holds_atom(one, atom)):
            for second in (atom for atom in self._told if holds_atom(other, atom)):
                orders.add(_earlier(first, second))
        orders.discard(0)
        return orders.pop() if len(orders) == 1 else 0

    def judge(self) -> Iterator[Judgement]:
        """`from 2560 MiB down to 1360 MiB`, `512 instead of 617`: up is up, and the earlier value comes first."""
        text, masked = self._reading.text, self._reading.masked
        for one, other in pairwise(self._reading.found):
            if not ({one.dims[0][0], other.dims[0][0]} & {"any"} or one.dims[0][0] == other.dims[0][0]):
                continue
            between = masked[one.end : other.start]
            if "up to" in between.casefold() and one.dims[0][0] != other.dims[0][0]:
                continue
            turns = bool(_INSTEAD.fullmatch(between))
            if not turns and not _TO.fullmatch(between) and not self._is_from(one, between):
                continue
            span = (one.start, other.end)
            order = -self._order(one, other) if turns else self._order(one, other)
            if order < 0:
                pair = (one, other) if turns else (other, one)
                names = {"one": pair[0].text, "other": pair[1].text}
                yield Objection(Code.DIRECTION, "TURNED", names, *span, contradicted=True)
                continue
            segment = self._reading.sentence.at(other.start)
            start = self._reading.sentence.at(one.start).start
            claimed = _direction(text[start : segment.end]) if not turns else None
            if claimed:
                factor = max(one.dims[0], other.dims[0], key=lambda dim: dim[0] != "any")[1]
                sides = [Side(m.shown * factor, "", m.text) for m in (one, other)]
                yield compare(sides[0], sides[1], claimed, span)
            elif order:
                yield Support(*span)

    def _is_from(self, one: Mention, between: str) -> bool:
        """Whether `from A to B` or `从 A 到 B` is written."""
        return bool(_FROM.search(self._reading.text[: one.start]) and _UNTIL.fullmatch(between))


def _direction(text: str) -> str | None:
    """How the first of two values is to the second: "less" where the clause has it rise, "more" where it falls."""
    forms = claim_words().forms
    rises, falls = bool(forms["rise"].search(text)), bool(forms["fall"].search(text))
    return None if rises == falls else "less" if rises else "more"


def _earlier(first: Atom, second: Atom) -> int:
    """1 where the first value was there before the second, -1 where after, 0 where neither is known."""
    for before, after in _TURNS:
        if {first.field, second.field} == {before, after} and (first.cite == second.cite or before != "before"):
            return 1 if first.field == before else -1
    if not first.field or first.field != second.field or first.device != second.device:
        return 0
    if first.load is None or second.load is None or first.load == second.load:
        return 0
    return 1 if first.load < second.load else -1
