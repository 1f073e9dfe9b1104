"""What is said of each of several devices has to hold for each of them."""

from __future__ import annotations

import re
from itertools import pairwise

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.concerns import same_device
from explain_log.narration.verifier.evidence import IMPLIED, Atom
from explain_log.narration.verifier.intervals import holds_atom
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.subject import Subject
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

_RANGE = re.compile(r"\s*(?:[-–~～]|到|至|或者?|to|or)\s*")
_WITHIN, _SAME_WITHIN = 0.20, 0.0005
"""How far the values of several devices may be apart where one number is about all of them, or exactly of all."""

_SHOWN = 3


def for_each(
    mention: Mention, subject: Subject, right: list[Atom], facts: list[Atom], reading: Reading, language: str
) -> Judgement:
    """The judgement of a number that is the value of one device, at least. right: the values that it can be."""
    span = (mention.start, mention.end)
    support = Support(*span, tuple(dict.fromkeys(a.cite for a in right if a.cite != IMPLIED))[:_SHOWN])
    several = subject.every or len(subject.devices) > 1
    of_all = any(atom.cite.startswith("fact:") and not atom.device for atom in right)
    owned = [atom for atom in right if atom.device and atom.direct]
    if not several or subject.some or subject.total or of_all or not owned or _in_range(mention, reading):
        return support
    atom = owned[0]
    peers = [
        peer
        for peer in facts
        if peer.field == atom.field
        and peer.load == atom.load
        and peer.device
        and is_gpu(peer.device)
        and (not subject.devices or any(same_device(peer.device, name) for name in subject.devices))
    ]
    within = _WITHIN if mention.hedge else _SAME_WITHIN
    wrong = [p for p in peers if not holds_atom(mention, p) and abs(p.value - atom.value) > within * abs(p.value)]
    if not wrong:
        return support
    names = {"number": mention.text, "values": told_text(wrong[:_SHOWN], language)}
    cites = tuple(peer.cite for peer in wrong[:_SHOWN])
    return Objection(Code.SUBJECT, "SUBJECT", names, *span, contradicted=True, cites=cites)


def _in_range(mention: Mention, reading: Reading) -> bool:
    return any(
        mention in (one, other) and _RANGE.fullmatch(reading.masked[one.end : other.start])
        for one, other in pairwise(reading.found)
    )
