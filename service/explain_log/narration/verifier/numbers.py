"""Every number and unit of a sentence must be a cited value, or follow from cited values, of what it is said of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from explain_log.narration.verifier.arithmetic import equations, results, wrong_side
from explain_log.narration.verifier.belonging import Belonging
from explain_log.narration.verifier.beside import exchanged, misplaced, not_the_hosts
from explain_log.narration.verifier.concerns import concerns, may_concern
from explain_log.narration.verifier.derive import follows
from explain_log.narration.verifier.each import for_each
from explain_log.narration.verifier.evidence import IMPLIED, Atom, Evidence
from explain_log.narration.verifier.facts_told import fact_atoms, told
from explain_log.narration.verifier.intervals import holding, holds, holds_atom
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.lexicon import lexicon
from explain_log.narration.verifier.line_values import in_line
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.proportions import Proportions
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.sides import Sides
from explain_log.narration.verifier.subject import Subject
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.narration.verifier.vocabulary import Vocabulary
from explain_log.report import Report

_NAMED = re.compile(
    r"([A-Za-z]+_[A-Za-z0-9_]*|KvSize|BatchSize) ?(?:的值|那?一项|变量)?"
    r"(?:都?[写设配]的?是|都是|设成了|设为了|写着|[=:：为是]|等于"
    r"|is|equals|of|at|was|(?:is|was) set to|reads|says|\(|（)? ?$",
    re.IGNORECASE,
)
_FRACTION = re.compile(r" ?/ ?")
_SHOWN_VALUES = 6
_COUNTED = frozenset({"devices", "requests", "sequences", "layers", "heads"})
_OF_A_CARD = frozenset({"on_gpu", "capacity", "vram"})
_FRACTION_DECIMALS = 4
_LENGTH = 64
_TELLING = 32
"""A number this large that is also a value of the log is that value, not the result of a calculation."""


class Numbers:
    """The numbers of one sentence, held against the evidence. language: of the corrections."""

    def __init__(self, reading: Reading, evidence: Evidence, known: Vocabulary, report: Report, language: str) -> None:
        self._reading = reading
        self._evidence = evidence
        self._known = known
        self._report = report
        self._language = language
        self._facts = fact_atoms(report)
        self._operands: list[Mention] = []
        self._proportions = Proportions(Sides(reading, report, language))
        self._belonging = Belonging(reading, evidence, known, report)

    def judge(self) -> Iterator[Judgement]:
        """A judgement for each number, in order; indexes that exist are none."""
        masked, found = self._reading.masked, self._reading.found
        computed: set[int] = set()
        self._operands = [term for equation in equations(masked, found) for term in equation.terms]
        for equation in equations(masked, found):
            wrong = wrong_side(equation)
            if wrong:
                names = {"number": wrong[0].text, "value": f"{wrong[1]:.10g}"}
                yield self._place(Objection(Code.NUMBER, "ARITHMETIC", names, contradicted=True), wrong[0])
            computed |= {id(result) for result in results(equation)}
        fractions = {id(m) for pair in self._fractions() if self._is_ratio(pair) for m in pair}
        for mention in found:
            if id(mention) in fractions:
                yield Support(mention.start, mention.end)
            elif mention.index is not None and not (
                mention.index == "loads" and mention.shown not in self._known.loads
            ):
                if not self._belonging.index_exists(mention):
                    yield self._place(self._objection(mention, self._reading.subject(mention)), mention)
            elif id(mention) not in computed or self._evidence.free:
                yield self._judge(mention, computed=id(mention) in computed)

    def _judge(self, mention: Mention, *, computed: bool) -> Judgement:
        named = self._named(mention)
        if named is not None:
            return named
        subject = self._reading.subject(mention)
        if mention.text.casefold() in self._known.products and not mention.has_unit:
            return Support(mention.start, mention.end)
        if self._belonging.is_constant(mention) or self._belonging.counts_named(mention):
            return Support(mention.start, mention.end)
        if mention.dims[0][0] == "lines" and mention.shown in self._evidence.lines:
            return Support(mention.start, mention.end)
        if mention.dims[0][0] == "ratio":
            proportion = self._proportions.judge(mention)
            if proportion is not None:
                return proportion
        told_values = [atom for atom in self._evidence.atoms if atom.direct and not atom.cite.startswith("fact:")]
        beside = exchanged(mention, subject, [*self._facts, *told_values], self._reading.text)
        beside = beside or misplaced(mention, subject, self._facts) or not_the_hosts(mention, subject, self._facts)
        if beside:
            names = {"number": mention.text, "values": told_text(beside[:3], self._language)}
            return self._place(self._wrong(Code.SUBJECT, "SUBJECT", names, beside[:3]), mention)
        stated = holding(mention, self._evidence.atoms)
        if mention.has_unit and mention.dims[0][0] in _COUNTED:  # a width or a vocabulary counts no layers
            stated = [a for a in stated if a.dim != "any" or (a.field and not a.field.startswith("n_"))]
        if mention in self._operands:  # arithmetic says itself what it is about
            subject = replace(subject, own=frozenset(), in_arithmetic=True)
        right = [atom for atom in stated if concerns(atom, subject, self._facts)]
        if self._evidence.free and not any(atom.direct for atom in right):
            right = self._belonging.said_of_it(mention, subject, right)
        told_only = mention.dims[0][0] == "memory" and not any(atom.direct for atom in right)
        if right and told_only and subject.own_words and self._belonging.is_anothers(mention, subject):
            return self._place(self._objection(mention, subject, stated), mention)
        if right:
            return for_each(mention, subject, right, self._facts, self._reading, self._language)
        if not stated and (not mention.has_unit or mention.dims[0][0] == "buffers"):
            shared = self._with_shared_unit(mention)
            if shared is not None:
                return shared
        if stated and "per_slot" in subject.segment.aspects and not subject.segment.hypothetical:
            share = self._belonging.share_of_slot(mention, stated)
            if share is not None:
                return share
        if stated and mention.shown >= _TELLING and self._belonging.is_anothers(mention, subject):
            return self._place(self._objection(mention, subject, stated), mention)
        if self._belonging.is_a_slots(mention, subject):
            return self._place(self._objection(mention, subject, stated), mention)
        if mention.dims[0][0] == "ratio" and is_negated(self._reading.text, mention.start, subject.segment.start):
            return Support(mention.start, mention.end)
        elsewhere = self._told_elsewhere(mention, subject, stated)
        if elsewhere is not None:
            return elsewhere
        owned = self._proportions.share(mention, subject.segment) if mention.dims[0][0] == "ratio" else None
        if owned is not None:
            return owned
        if self._is_proportion(mention) or self._follows(mention, subject):
            return Support(mention.start, mention.end)
        if computed and not stated:  # its operands are judged themselves
            return Support(mention.start, mention.end)
        if self._evidence.texts and in_line(mention, self._reading.text, self._evidence.texts):
            return Support(mention.start, mention.end)
        return self._place(self._objection(mention, subject, stated), mention)

    def _told_elsewhere(self, mention: Mention, subject: Subject, stated: list[Atom]) -> Support | None:
        """What is not cited and is what the report has for just this; and a cited fact of which it has nothing else."""
        span = (mention.start, mention.end)
        said = [atom for dim, _ in mention.dims for atom in told(replace(subject, dim=dim), self._report)]
        dim = mention.dims[0][0]
        length = dim == "any" and mention.shown >= _LENGTH
        right = [a for a in said if (a.dim == dim or (length and a.dim == "tokens")) and holds_atom(mention, a)]
        plain = not (subject.segment.hypothetical or subject.every or subject.segment.vram)
        if right and plain and bool(right[0].device) == bool(subject.devices):
            return Support(*span, (right[0].cite,))
        facts = [atom for atom in stated if atom.direct and atom.dim not in ("any", "ratio")]
        if facts and not said and not self._evidence.free and self._says_nothing_else(facts[0], subject):
            return Support(*span, (facts[0].cite,))
        return None

    def _says_nothing_else(self, atom: Atom, subject: Subject) -> bool:
        """Whether the words name no other kind of value, device or place than a cited one has."""
        if subject.said(atom.dim).aspects or subject.near or subject.segment.vram or subject.segment.hypothetical:
            return False
        return not subject.devices and not subject.every and not subject.total

    def _with_shared_unit(self, mention: Mention) -> Judgement | None:
        """`23 GiB, more than the other with 22.7`: a bare number in the unit of another one of the sentence."""
        if mention.word:
            return None
        for dims in dict.fromkeys(m.dims for m in self._reading.found if m is not mention and m.has_unit):
            if dims[0][0] in ("memory", "time", "rate", "speed"):
                meant = replace(mention, dims=dims)
                judged = self._judge(meant, computed=False)
                if isinstance(judged, Support):
                    return judged
                if holding(meant, self._evidence.atoms) and self._belonging.is_anothers(
                    meant, self._reading.subject(mention)
                ):
                    return judged
        return None

    def _named(self, mention: Mention) -> Judgement | None:
        """`n_ctx = 4096` is the n_ctx, not any 4096."""
        name = _name_before(self._reading.text, mention)
        named = [atom for atom in self._evidence.atoms if name and atom.field.casefold() == name]
        if not named and name and name.startswith("ollama_"):  # a setting has one value, cited or not
            named = [atom for atom in self._facts if atom.field.casefold() == name]
        if name and f"{name} = {mention.text.casefold()}" in self._known.quotable:
            return Support(mention.start, mention.end)
        is_setting = name is not None and name.startswith("ollama_")
        if not named and is_setting and not self._reading.subject(mention).segment.hypothetical:
            others = [a for a in self._facts if a.field.casefold().startswith("ollama_") and holds_atom(mention, a)]
            if others:  # it is another setting's value
                values = {"number": mention.text, "values": _shown(others)}
                return self._place(self._wrong(Code.SUBJECT, "SUBJECT", values, others[:1]), mention)
        if not named:
            return None
        right = [atom for atom in named if holds_atom(mention, atom)]
        if right:
            return Support(mention.start, mention.end, (right[0].cite,))
        names = {"number": mention.text, "values": _shown(named)}
        same = next((atom for atom in named if mention.has_unit and _same_digits(mention, atom)), None)
        if same is not None:
            unit = {**names, "value": f"{same.shown:.10g}", "dim": same.dim}
            return self._place(self._wrong(Code.UNIT, "UNIT", unit, [same]), mention)
        return self._place(self._wrong(Code.NUMBER, "NUMBER", names, named[:1]), mention)

    def _follows(self, mention: Mention, subject: Subject) -> bool:
        rate = mention.dims[0][0] == "rate"
        atoms = [atom for atom in self._evidence.atoms if rate or may_concern(atom, subject)]
        if mention.dims[0][0] == "ratio" and subject.segment.aspects & _OF_A_CARD | subject.segment.weak & _OF_A_CARD:
            atoms += [atom for atom in self._facts if "capacity" in atom.aspects]
        others = [m for m in self._reading.found if m is not mention]
        return follows(mention, atoms, others, subject, self._facts)

    def _is_proportion(self, mention: Mention) -> bool:
        """Whether it says how two things grow together: "twice the context takes twice as much"."""
        found = self._reading.found
        same = [m for m in found if m.word and m.dims == mention.dims and m.shown == mention.shown]
        return mention.word and mention.dims[0][0] == "ratio" and len(same) > 1

    def _fractions(self) -> Iterator[tuple[Mention, Mention]]:
        """Neighbouring numbers written as a fraction: `1/4`."""
        for first, second in pairwise(self._reading.found):
            if _FRACTION.fullmatch(self._reading.masked[first.end : second.start]):
                yield first, second

    def _is_ratio(self, pair: tuple[Mention, Mention]) -> bool:
        """Whether a fraction, as a whole, is a ratio that the evidence has or that follows from it."""
        above, below = pair
        if not below.shown:
            return False
        shown = above.shown / below.shown
        whole = replace(
            above,
            end=below.end,
            shown=shown,
            decimals=_FRACTION_DECIMALS,
            zeros=0,
            dims=(("ratio", 1.0),),
            word=above.hedge is not None,
        )
        if any(atom.dim == "ratio" and holds(whole, atom.value, "ratio") for atom in self._evidence.atoms):
            return True
        return self._follows(whole, self._reading.subject(whole))

    def _objection(self, mention: Mention, subject: Subject, stated: list[Atom] | None = None) -> Objection:
        """SUBJECT where the value is another's, UNIT where the digits are there, else NUMBER; names what is there."""
        said = told(subject, self._report) if mention.index is None else []
        cited = [atom for atom in self._evidence.atoms if atom.cite != IMPLIED]
        same = next((a for a in cited if mention.has_unit and _same_digits(mention, a)), None)
        values = told_text(said, self._language) if said else _shown([a for a in self._evidence.atoms if a.direct])
        names = {"number": mention.text, "values": values or "—"}
        if stated:
            return self._wrong(Code.SUBJECT, "SUBJECT", names, said)
        if same is not None and not self._evidence.free:
            unit = {**names, "value": f"{same.shown:.10g}", "dim": same.dim}
            return self._wrong(Code.UNIT, "UNIT", unit, said or [same])
        return self._wrong(Code.NUMBER, "NUMBER", names, said)

    def _wrong(self, code: Code, text: str, names: dict[str, str], said: list[Atom]) -> Objection:
        return Objection(code, text, names, contradicted=bool(said), cites=tuple(atom.cite for atom in said))

    def _place(self, objection: Objection, mention: Mention) -> Objection:
        return replace(objection, start=mention.start, end=mention.end)


def _name_before(text: str, mention: Mention) -> str | None:
    """The field that a number is said to be the value of: `n_ctx = 8192`, `n_ctx 为 8192`."""
    match = _NAMED.search(text[: mention.start])
    name = match[1].casefold() if match else None
    return lexicon().aliases.get(name, name) if name else None


def _shown(atoms: list[Atom]) -> str:
    return "; ".join(list(dict.fromkeys(f"{a.shown:.10g} ({a.cite})" for a in atoms))[:_SHOWN_VALUES])


def _same_digits(mention: Mention, atom: Atom) -> bool:
    if mention.word or not mention.shown:
        return False
    return abs(atom.shown - mention.shown) <= min(0.5 * 10.0**-mention.decimals, 0.01 * mention.shown)
