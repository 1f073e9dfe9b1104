"""Whether all of something is where a sentence says that all of it is: on one device, in VRAM, in the host's memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.concerns import same_device
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.facts_told import fact_atoms
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment, devices_in
from explain_log.narration.verifier.sides import PER_DEVICE
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_MOST = 0.98
"""What is all but a rounding."""
_SHOWN = 3
_CPU = re.compile(r"(?<![A-Za-z])CPU(?![A-Za-z_])")


def wholly(reading: Reading, report: Report, language: str) -> Iterator[Judgement]:
    """A judgement for each "all of it", "only on", 全在, 都归, where the log tells what each device holds of it."""
    for match in claim_words().forms["wholly"].finditer(reading.text):
        segment = reading.sentence.at(match.start())
        if segment.hypothetical or is_negated(reading.text, match.start(), segment.start):
            continue
        here = _place(reading.text[match.start() : segment.end]) or _place(reading.text[segment.start : match.start()])
        whole_use = "total_mib" if any(s.total for s in (*reading.sentence.before(segment), segment)) else None
        field_name = next((f for a, f in PER_DEVICE.items() if a in _aspects(reading, segment)), whole_use)
        if here is None or field_name is None:
            continue
        held = _held(field_name, segment, report)
        whole = sum(atom.value for atom in held)
        if not whole:
            continue
        span = (match.start(), match.end())
        mine = [atom for atom in held if here(atom)]
        if sum(atom.value for atom in mine) >= _MOST * whole:
            yield Support(*span, tuple(atom.cite for atom in mine)[:_SHOWN])
            continue
        elsewhere = [atom for atom in held if not here(atom) and atom.value][:_SHOWN]
        names = {"number": match[0], "values": told_text(elsewhere, language)}
        cites = tuple(atom.cite for atom in elsewhere)
        yield Objection(Code.SUBJECT, "SUBJECT", names, *span, contradicted=True, cites=cites)


def _aspects(reading: Reading, segment: Segment) -> frozenset[str]:
    """What the clause is about, or the one before it that says."""
    for each in (segment, *reversed(reading.sentence.before(segment))):
        if each.aspects & set(PER_DEVICE):
            return each.aspects
    return frozenset()


def _held(field_name: str, segment: Segment, report: Report) -> list[Atom]:
    """What each device has of it, in the last load that may be meant."""
    found = [a for a in fact_atoms(report) if a.device and a.field == field_name]
    found = [a for a in found if not segment.loads or a.load in segment.loads]
    return [a for a in found if a.load == found[-1].load]


def _place(text: str) -> Callable[[Atom], bool] | None:
    """Whether a value is at the place that follows the word; None where no place follows."""
    devices = devices_in(text)
    words = claim_words().devices
    if len(devices) == 1:
        return lambda atom: same_device(str(atom.device), devices[0])
    if devices:
        return None
    on_gpu, on_host = words["vram"].search(text), words["host"].search(text) or _CPU.search(text)
    if bool(on_gpu) == bool(on_host):
        return None
    return lambda atom: is_gpu(str(atom.device)) == bool(on_gpu)
