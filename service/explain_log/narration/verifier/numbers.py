"""Every number and unit of a sentence must be a cited value or follow from cited values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from explain_log.narration.verifier.arithmetic import equations, results, wrong_side
from explain_log.narration.verifier.derive import follows
from explain_log.narration.verifier.evidence import IMPLIED, Atom, Evidence
from explain_log.narration.verifier.intervals import holds, holds_atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.verdict import Code, Objection
from explain_log.narration.verifier.vocabulary import Vocabulary

_NAMED = re.compile(r"([A-Za-z]+_[A-Za-z0-9_]*) ?(?:=|:|：|为|是|等于|is|equals|\(|（)? ?$")
_FRACTION = re.compile(r" ?/ ?")
_SHOWN_VALUES = 6
_FRACTION_DECIMALS = 4


def wrong_number(
    text: str, masked: str, found: list[Mention], evidence: Evidence, known: Vocabulary
) -> Objection | None:
    """The objection to the first number that the evidence does not bear out. masked: the text without names."""
    for mention in found:
        named = [atom for atom in evidence.atoms if atom.field and atom.field == _name_before(text, mention)]
        if named and not any(holds_atom(mention, atom) for atom in named):
            return _objection(mention, replace(evidence, atoms=named))
    computed: set[int] = set()
    for equation in equations(masked, found):
        wrong = wrong_side(equation)
        if wrong:
            return Objection(Code.NUMBER, "ARITHMETIC", {"number": wrong[0].text, "value": f"{wrong[1]:.10g}"})
        computed |= {id(result) for result in results(equation)}
    fractions = {id(m) for pair in _fractions(masked, found) if _is_ratio(pair, evidence) for m in pair}
    for mention in found:
        if id(mention) in fractions or _is_borne_out(mention, found, evidence, known):
            continue
        if id(mention) in computed:  # its operands are judged themselves
            continue
        return _objection(mention, evidence)
    return None


def _name_before(text: str, mention: Mention) -> str | None:
    """The field that a number is said to be the value of: `n_ctx = 8192`, `n_ctx 为 8192`."""
    match = _NAMED.search(text[: mention.start])
    return match[1].casefold() if match else None


def _is_borne_out(mention: Mention, found: list[Mention], evidence: Evidence, known: Vocabulary) -> bool:
    if mention.index is not None:
        return _index_exists(mention, evidence, known)
    if _is_proportion(mention, found):
        return True
    if mention.dims[0][0] == "lines" and mention.shown in evidence.lines:
        return True
    if any(holds_atom(mention, atom) for atom in evidence.atoms):
        return True
    return follows(mention, evidence.atoms, [m for m in found if m is not mention])


def _is_proportion(mention: Mention, found: list[Mention]) -> bool:
    """Whether it says how two things grow together: "twice the context takes twice as much"."""
    same = [m for m in found if m.word and m.dims == mention.dims and m.shown == mention.shown]
    return mention.word and mention.dims[0][0] == "ratio" and len(same) > 1


def _index_exists(mention: Mention, evidence: Evidence, known: Vocabulary) -> bool:
    """Whether a line is one of the evidence, a device or load is there, a layer is below the count."""
    number = int(mention.shown)
    if mention.index == "lines":
        return number in evidence.lines or any(
            atom.dim == "lines" and holds_atom(mention, atom) for atom in evidence.atoms
        )
    if mention.index == "devices":
        return number in known.indexes
    if mention.index == "loads":
        return number in known.loads
    counts = [atom.value for atom in evidence.atoms if atom.dim == mention.index]
    return any(number <= count for count in counts)


def _fractions(masked: str, found: list[Mention]) -> Iterator[tuple[Mention, Mention]]:
    """Neighbouring numbers written as a fraction: `1/4`."""
    for first, second in pairwise(found):
        if _FRACTION.fullmatch(masked[first.end : second.start]):
            yield first, second


def _is_ratio(pair: tuple[Mention, Mention], evidence: Evidence) -> bool:
    """Whether a fraction, as a whole, is a ratio that the evidence has or that follows from it."""
    above, below = pair
    if not below.shown:
        return False
    whole = replace(
        above,
        end=below.end,
        shown=above.shown / below.shown,
        decimals=_FRACTION_DECIMALS,
        zeros=0,
        dims=(("ratio", 1.0),),
        word=above.hedge is not None,
    )
    if any(atom.dim == "ratio" and holds(whole, atom.value, "ratio") for atom in evidence.atoms):
        return True
    return follows(whole, evidence.atoms, [])


def _objection(mention: Mention, evidence: Evidence) -> Objection:
    """UNIT where the number is there in another unit, else NUMBER; names the values that are there."""
    cited = [atom for atom in evidence.atoms if atom.cite != IMPLIED]
    same = next((a for a in cited if mention.has_unit and _same_digits(mention, a)), None)
    values = list(dict.fromkeys(f"{a.shown:.10g} ({a.cite})" for a in evidence.atoms if a.direct))[:_SHOWN_VALUES]
    names = {"number": mention.text, "values": "; ".join(values) or "—"}
    if same is not None:
        return Objection(Code.UNIT, "UNIT", {**names, "value": f"{same.shown:.10g}", "dim": same.dim})
    return Objection(Code.NUMBER, "NUMBER", names)


def _same_digits(mention: Mention, atom: Atom) -> bool:
    if mention.word or not mention.shown:
        return False
    return abs(atom.shown - mention.shown) <= min(0.5 * 10.0**-mention.decimals, 0.01 * mention.shown)
