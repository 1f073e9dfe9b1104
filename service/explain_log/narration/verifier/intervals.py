"""What a written number can stand for: rounding to the digits shown, units meant either way, hedges."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.narration.verifier.evidence import IMPLIED, Atom
from explain_log.narration.verifier.mentions import Mention

MEASURED = frozenset({"memory", "time", "rate", "speed", "ratio", "params", "bytes"})
"""Dimensions that a value of unknown unit is never taken for."""

_MOST_OFF = 0.2
_SCALED_OFF = 0.05
_WORD_OFF = 0.02
_OVER_OFF = 0.10
_SMALL = 10
_IN_UNITS = frozenset({"memory", "time", "rate", "speed"})
_BARE_OFF = 0.002
_TINY = 1e-9

Interval = tuple[str, float, float]


def intervals(mention: Mention) -> Iterator[Interval]:
    """(dimension, low, high) for each reading of a mention."""
    for dim, factor in mention.dims:
        value = mention.shown * factor
        half = _half(mention, factor, value)
        low, high = value - half, value + half
        if mention.hedge == "over":
            low, high = value, max(high, value + _one_sided(mention, factor))
        elif mention.hedge == "under":
            low, high = min(low, value - _one_sided(mention, factor)), value
        yield dim, low - _TINY * abs(value), high + _TINY * abs(value)


def _one_sided(mention: Mention, factor: float) -> float:
    """How far "over" and "under" reach: a tenth, or the next unit of a small round number."""
    counts = mention.dims[0][0] in _IN_UNITS or (mention.dims[0][0] == "ratio" and not mention.word)
    small = mention.decimals == 0 and mention.shown <= _SMALL and counts
    reach = (1.0 if mention.dims[0][0] == "ratio" else 0.5) * factor if small else 0.0
    return max(_OVER_OFF * abs(mention.shown * factor), reach)


def _half(mention: Mention, factor: float, value: float) -> float:
    """Half of the last digit shown; of the last digit that is not 0 where the number is hedged."""
    if mention.word:
        is_ratio, is_measured = mention.dims[0][0] == "ratio", mention.dims[0][0] in MEASURED
        if is_measured and (mention.hedge or (not is_ratio and mention.shown >= _SMALL)):
            return _SCALED_OFF * abs(value)
        return _WORD_OFF * abs(value) if is_ratio else 0.0
    half = 0.5 * 10.0**-mention.decimals * factor
    if mention.hedge and mention.zeros:
        half = max(half, min(0.5 * 10.0**mention.zeros * factor, _SCALED_OFF * abs(value)))
    return min(half, (_SCALED_OFF if mention.scaled else _MOST_OFF) * abs(value)) if value else half * 0.01


def holds(mention: Mention, value: float, dim: str, shown: float | None = None, within: float = 0.0) -> bool:
    """Whether a mention can stand for a value of a dimension. within: how far the value itself may be off."""
    for wanted, low, high in intervals(mention):
        if wanted == "any":
            if dim in _IN_UNITS and not mention.decimals and abs(value - mention.shown) > _BARE_OFF * abs(value):
                continue  # `3` is no 3.27 seconds
            if low <= (value if shown is None else shown) <= high or low - within <= value <= high + within:
                return True
        elif same_kind(wanted, dim) and low - within <= value <= high + within:
            return True
    return False


def same_kind(wanted: str, dim: str) -> bool:
    """Whether what is wanted may be what is there; a count of unknown things may be any count."""
    return wanted == dim or (dim == "any" and wanted not in MEASURED)


def holds_atom(mention: Mention, atom: Atom) -> bool:
    """Whether a mention states an atom, by unit change and rounding; a ratio also the other way round."""
    if atom.cite == IMPLIED and all(dim != atom.dim for dim, _ in mention.dims):
        return False
    if atom.dim == "any" and not atom.direct and mention.has_unit and atom.field == "":
        return False
    if holds(mention, atom.value, atom.dim, atom.shown):
        return True
    return atom.dim == "ratio" and atom.value > 0 and mention.has_unit and holds(mention, 1 / atom.value, "ratio")


def holding(mention: Mention, atoms: list[Atom]) -> list[Atom]:
    """The atoms that a mention states, as holds_atom has it; its readings are computed once."""
    readings = list(intervals(mention))
    lows, highs = min(low for _, low, _ in readings), max(high for _, _, high in readings)
    found = []
    for atom in atoms:
        value, shown = atom.value, atom.shown
        if (lows <= value <= highs or lows <= shown <= highs or atom.dim == "ratio") and holds_atom(mention, atom):
            found.append(atom)
    return found
