"""Arithmetic that a sentence writes out (`4 × 2048 = 8192`): recomputed, wrong results are refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from explain_log.narration.verifier.intervals import holds
from explain_log.narration.verifier.mentions import Mention

_OPERATORS = {
    "*": r"[×xX*·✕⋅]|乘以?|times|multiplied by",
    "/": r"[÷/]|除以|divided by",
    "+": r"\+|加上?|plus",
    "-": r"[-–]|减去?|minus",
    "=": r"=|≈|约等于|等于|就是|得到?|equals|is equal to|gives|makes",
}
_GAP = re.compile(
    "|".join(rf"(?P<o{number}>{pattern})" for number, pattern in enumerate(_OPERATORS.values())), re.IGNORECASE
)
_SIGNS = tuple(_OPERATORS)
_WITHIN = 0.006


@dataclass(frozen=True)
class Equation:
    """A chain of terms: mentions, and the sign before each but the first."""

    terms: list[Mention]
    signs: list[str]

    def sides(self) -> list[tuple[list[Mention], list[str]]]:
        """The terms and signs of each side."""
        parts: list[tuple[list[Mention], list[str]]] = [([self.terms[0]], [])]
        for sign, term in zip(self.signs, self.terms[1:], strict=True):
            if sign == "=":
                parts.append(([term], []))
            else:
                parts[-1][0].append(term)
                parts[-1][1].append(sign)
        return parts


def equations(masked: str, found: list[Mention]) -> list[Equation]:
    """The equations of a sentence: neighbouring numbers with signs between them, one of which is "="."""
    chains: list[Equation] = []
    terms, signs = found[:1], list[str]()
    for first, second in pairwise(found):
        sign = _sign(masked[first.end : second.start])
        if sign is None:
            chains.append(Equation(terms, signs))
            terms, signs = [second], []
        else:
            terms, signs = [*terms, second], [*signs, sign]
    chains.append(Equation(terms, signs))
    return [chain for chain in chains if "=" in chain.signs and len(chain.terms) > 2]


def _sign(gap: str) -> str | None:
    match = _GAP.fullmatch(gap.strip())
    return None if match is None else _SIGNS[int(str(match.lastgroup)[1:])]


def results(equation: Equation) -> list[Mention]:
    """The sides that are one number: what the others must come to."""
    return [terms[0] for terms, signs in equation.sides() if not signs]


def wrong_side(equation: Equation) -> tuple[Mention, float] | None:
    """The result that the other sides do not come to, with what they come to; None where all is right."""
    sides = equation.sides()
    computed = [values for terms, signs in sides if signs for values in [_values(terms, signs)]]
    for result in results(equation):
        for values in computed:
            if not any(_is(result, value) for value in values):
                return result, values[0]
    return None


def _is(result: Mention, value: float) -> bool:
    """Whether a result is a value: as a plain number, or in its unit (bytes may be summed up as MiB)."""
    plain = Mention(result.text, result.start, result.end, result.shown, result.decimals, result.zeros, hedge="about")
    near = abs(value) * _WITHIN
    if abs(result.shown - value) <= near or holds(plain, value, "any"):
        return True
    if any(holds(result, value, dim, within=near) for dim, _ in result.dims):
        return True
    return result.dims[0][0] == "memory" and holds(result, value / 1024**2, "memory", within=near / 1024**2)


def _values(terms: list[Mention], signs: list[str]) -> list[float]:
    """What one side comes to: with the numbers as shown, and with each in its base unit."""
    shown = _evaluate([term.shown for term in terms], signs)
    based = _evaluate([term.shown * term.dims[0][1] for term in terms], signs)
    return [value for value in (shown, based) if math.isfinite(value)] or [math.inf]


def _evaluate(numbers: list[float], signs: list[str]) -> float:
    total, factor = 0.0, numbers[0]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if sign == "*":
            factor *= number
        elif sign == "/":
            factor = factor / number if number else math.inf
        else:
            total, factor = total + factor, number if sign == "+" else -number
    return total + factor
