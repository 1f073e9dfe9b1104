"""Whether a number that the log has belongs to what the words beside it name, or to something else."""

from __future__ import annotations

import re
from collections import Counter

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.arithmetic import equations
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.concerns import same_device, strong
from explain_log.narration.verifier.evidence import IMPLIED, Atom, Evidence
from explain_log.narration.verifier.facts_told import fact_atoms, told
from explain_log.narration.verifier.intervals import holds_atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.settings import SETTING
from explain_log.narration.verifier.subject import Subject
from explain_log.narration.verifier.verdict import Code, Objection
from explain_log.narration.verifier.vocabulary import Vocabulary
from explain_log.report import Report

_TELLING = 32
"""A number this large is a length of a context, not a count of something else."""

_BY_MORE = re.compile(r"(?:[多少差大小高低]|\bby)(?:了|出|约|about)?\s?$", re.IGNORECASE)
_MORE_BY = re.compile(r"\s?(?:more|less|fewer|smaller|larger|bigger|above|below|apart)\b", re.IGNORECASE)
_OUTPUT = re.compile(r"输出层|output layer", re.IGNORECASE)
_BIT = re.compile(r"位|比特|\bbits?\b|BPW", re.IGNORECASE)
_LEFT = re.compile(r"其余|其他|其它|另外|剩下|中间|next|other|remaining|rest|in between", re.IGNORECASE)
_BITS = 8


class Belonging:
    """The words beside the numbers of one sentence, held against the facts."""

    def __init__(self, reading: Reading, evidence: Evidence, known: Vocabulary, report: Report) -> None:
        self._reading = reading
        self._evidence = evidence
        self._report = report
        self._known = known
        self._facts = fact_atoms(report)
        self._operands = [term for equation in equations(reading.masked, reading.found) for term in equation.terms]

    def said_of_it(self, mention: Mention, subject: Subject, right: list[Atom]) -> list[Atom]:
        """Of numbers that only findings' texts have, those that can be meant where no ids say which text is."""
        kept = [atom for atom in right if atom.direct or atom.cite == IMPLIED]
        if kept or subject.segment.hypothetical or SETTING.search(self._reading.text):
            return right
        if mention.dims[0][0] == "ratio":
            return [atom for atom in right if subject.overlap(atom)] if not mention.word else []
        if subject.devices and not any(atom.device for atom in right):
            return []
        known = [atom for atom in told(subject, self._report) if subject.overlap(atom)]
        return [] if known else right

    def share_of_slot(self, mention: Mention, stated: list[Atom]) -> Objection | None:
        """`each slot's cache is 2560 MiB`: that is what all slots share."""
        whole = next((a for a in stated if a.dim == "memory" and a.field == "size_mib" and "kv" in a.aspects), None)
        slots = next((a for a in self._facts if a.field == "n_seq_max" and whole and a.load == whole.load), None)
        if whole is None or slots is None or slots.value <= 1:
            return None
        names = {
            "number": mention.text,
            "value": f"{whole.value / slots.value:.10g} MiB",
            "whole": f"{whole.value:.10g} MiB",
            "slots": f"{slots.value:.0f}",
        }
        cites = (whole.cite, slots.cite)
        span = (mention.start, mention.end)
        return Objection(Code.SUBJECT, "PER_SLOT", names, *span, contradicted=True, cites=cites)

    def _is_difference(self, mention: Mention) -> bool:
        """Whether it says by how much one thing is more than another."""
        text = self._reading.text
        return bool(_BY_MORE.search(text[: mention.start]) or _MORE_BY.match(text, mention.end))

    def is_a_slots(self, mention: Mention, subject: Subject) -> bool:
        """Whether it is said to be the context of one slot, which follows from nothing but is told itself."""
        if mention.dims[0][0] not in ("tokens", "any") or subject.segment.hypothetical or mention in self._operands:
            return False
        is_length = mention.shown * mention.dims[0][1] >= _TELLING
        told = any("per_slot" in atom.aspects for atom in self._facts)
        return is_length and told and subject.said("tokens").aspects == {"per_slot"}

    def is_anothers(self, mention: Mention, subject: Subject) -> bool:
        """Whether the words beside a size name something that the log gives another size, on the same devices."""
        if mention.word or subject.segment.hypothetical or self._is_difference(mention):
            return False
        near = strong(claim_words().of_dim(subject.near, "memory"))
        named = [
            atom
            for atom in self._facts
            if atom.dim == "memory"
            and near
            and near <= atom.aspects
            and bool(atom.device) == bool(subject.devices)
            and (not atom.device or any(same_device(atom.device, name) for name in subject.devices))
        ]
        return bool(named) and not any(holds_atom(mention, atom) for atom in named)

    def index_exists(self, mention: Mention) -> bool:
        """Whether a line is one of the evidence, a device or load is there, a layer is below the count."""
        number = int(mention.shown)
        evidence, known = self._evidence, self._known
        if mention.index == "lines":
            in_text = any(atom.dim == "lines" and holds_atom(mention, atom) for atom in evidence.atoms)
            return number in evidence.lines or in_text or (evidence.free and 1 <= number <= self._report.source.lines)
        if mention.index == "devices":
            return number in known.indexes or (number == 0 and not known.indexes)
        if mention.index == "loads":
            return number in known.loads
        return any(number <= atom.value for atom in evidence.atoms if atom.dim == mention.index)

    def is_constant(self, mention: Mention) -> bool:
        """The one output layer; the 8 bits of a byte where bits are turned into bytes."""
        if mention.shown == 1 and mention.decimals == 0 and _OUTPUT.search(mention.text):
            return True
        text = self._reading.text
        divides = re.search(r"[/÷]\s?$|除以\s?$|divided by\s?$", text[: mention.start])
        return mention.shown == _BITS and divides is not None and bool(_BIT.search(text))

    def counts_named(self, mention: Mention) -> bool:
        """`the other six cards`: as many as are left, or as the sentence names."""
        if mention.dims[0][0] in ("sequences", "requests") and _LEFT.search(mention.text):
            slots = {atom.value for atom in self._facts if atom.field == "n_seq_max"}
            return mention.shown + 1 in slots
        if mention.dims[0][0] != "devices" or mention.index is not None:
            return False
        if self._alike(mention):
            return True
        named = {device for segment in self._reading.sentence.segments for device in segment.devices}
        left = len(self._reading.gpus) - len(named)
        cited = {atom.device for atom in self._evidence.atoms if atom.device and is_gpu(atom.device)}
        return mention.shown in (len(named), len(cited)) or (
            bool(_LEFT.search(self._reading.text)) and mention.shown == left
        )

    def _alike(self, mention: Mention) -> bool:
        """`the six cards in between hold 320 MiB each`: as many hold just that."""
        held = [atom for atom in self._facts if atom.device and is_gpu(atom.device)]
        sizes = [m for m in self._reading.found if m.dims[0][0] in ("memory", "layers")]
        for size in sizes:
            counted = Counter((atom.field, atom.load) for atom in held if holds_atom(size, atom))
            if mention.shown in counted.values():
                return True
        return False
