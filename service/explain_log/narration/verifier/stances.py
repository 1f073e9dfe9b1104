"""Which way a sentence says that something is, against the way in which the findings it is about say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from explain_log.checks.finding import Finding
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Evidence
from explain_log.narration.verifier.meanings import Stance, meanings, pieces
from explain_log.narration.verifier.propositions import NOTHING_BEHIND, is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.verdict import Code, Judgement, Objection
from explain_log.narration.verifier.wording import normalise

_MINUS = "-"
_SHARED = 0.6
"""How much of what a clause says beside its stance a finding has to say too, where the sentence cites nothing."""


def stances(reading: Reading, evidence: Evidence, told: Sequence[Judgement]) -> Iterator[Objection]:
    """An objection to each word that says which way something is and that no finding says so.

    told: what was judged of the sentence already.
    """
    said = [(each, reading.sentence.at(each.start)) for each in stances_in(reading.text)]
    ways = {(s.axis, s.plus != is_turned(reading.text, s, segment.start)) for s, segment in said}
    for stance, segment in said:
        if (stance.axis, True) in ways and (stance.axis, False) in ways:  # of several things, one so and one so
            continue
        span = (stance.start, stance.end)
        unless = meanings().unless.get(stance.axis)
        if unless is not None and unless.search(segment.text):
            continue
        if segment.hypothetical or any(each.start < span[1] and span[0] < each.end for each in told):
            continue
        plus = stance.plus != is_turned(reading.text, stance, segment.start)
        findings = [f for f in evidence.findings if not segment.loads or f.load is None or f.load in segment.loads]
        if evidence.free:
            rest = reading.text[segment.start : stance.start] + " " + reading.text[stance.end : segment.end]
            findings = [finding for finding in findings if _is_about(finding, rest)]
        told_ways = [_ways(finding.title, finding.detail, stance.axis) for finding in findings]
        if not any(told_ways) or any(plus in each for each in told_ways):  # a word in common bears nothing out
            continue
        findings = [finding for finding, each in zip(findings, told_ways, strict=True) if each]
        lines = tuple(e.line for finding in findings for e in finding.evidence)
        cites = tuple(finding.fact_id for finding in findings)
        names = {"says": " ".join(dict.fromkeys(finding.title for finding in findings))}
        yield Objection(Code.POLARITY, "POLARITY", names, *span, contradicted=True, cites=cites, lines=lines)


def stances_in(text: str) -> list[Stance]:
    """The words of a text that say which way something is, negations before them left out."""
    return [
        Stance(axis.removeprefix(_MINUS), not axis.startswith(_MINUS), start, end)
        for start, end, ids in meanings().axes.found(text)
        for axis in sorted(ids)
    ]


def is_turned(text: str, stance: Stance, start: int) -> bool:
    """Whether a negation turns a word round, before it ("was not found") or behind it ("found no")."""
    behind = bool(NOTHING_BEHIND.match(text, stance.end))
    return behind != is_negated(text, stance.start, start)


@lru_cache(maxsize=4096)
def _ways(title: str, detail: str, axis: str) -> frozenset[bool]:
    """The ways in which a finding's texts say that something is; what would be is left out."""
    found = set()
    for text in (title, detail):
        plain = normalise(text)
        for stance in stances_in(plain):
            if stance.axis != axis:
                continue
            first = max((plain.rfind(mark, 0, stance.start) + 1 for mark in "，。；,;"), default=0)
            if not claim_words().hypothetical.search(plain, first, stance.end):
                found.add(stance.plus != is_turned(plain, stance, first))
    return frozenset(found)


def _is_about(finding: Finding, rest: str) -> bool:
    meant = pieces(rest)
    shared = meant & pieces(f"{finding.title} {finding.detail}")
    return len(shared) >= 2 and len(shared) >= _SHARED * len(meant)
