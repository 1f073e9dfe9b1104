"""Ways to show a value, and other digits that are surely another value."""

from __future__ import annotations

import random
import re

HEDGE = re.compile(
    r"约|大概|左右|差不多|将近|接近|上下|几乎|多一点|出头|~|≈|"
    r"about|around|roughly|approx|nearly|almost|some |circa|or so|just",
    re.IGNORECASE,
)
BOUND = re.compile(
    r"超过|不到|至少|以上|以内|不足|多于|不超过|over |under |at least|at most|more than|less than|below|above|"
    r"fewer|up to|exceed|greater|within|beyond|不低于|低于|高于",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.,:=\-/{])(\d[\d,]*(?:\.\d+)?)(?![\w.,:]*[\w])(?!\s*[bB]\b)")
BEFORE_LINE = re.compile(r"(第|lines?|行|v|version|版本\D{0,6}|CUDA|GPU|Ollama|loads?|step|Flash)\s*$", re.IGNORECASE)
# A line is still one of a range when its end moves; what lowering a setting does holds for other values too.
NOT_SURELY = re.compile(r"\blines\b|\d 行|num_ctx|OLLAMA_|-ngl|-c ", re.IGNORECASE)
# GiB read as GB, MiB read as MB, thousands of 1000 or 1024: a change that small in this way would not be surely false.
CONVERSIONS = (1.024, 1.048576, 1.073741824)


def plain(value: float) -> str:
    """A number without needless digits."""
    return str(int(value)) if value == int(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def shown(value: float | str, form: str) -> str:
    """A value as a template shows it."""
    if isinstance(value, str):
        return value
    if form == "comma":
        return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    if form == "gib":
        return f"{value / 1024:.2f}"
    if form == "gb":
        return f"{value * 1024 * 1024 / 1e9:.1f}"
    if form == "round":
        return f"{value:.0f}"
    return plain(value)


def _surely_other(old: float, new: float, least: float) -> bool:
    if old == 0 or new <= 0:
        return old != new and new > 0
    ratio = max(old, new) / min(old, new)
    return ratio > 1 + least and not any(abs(ratio - factor) < 0.02 for factor in CONVERSIONS)


def other_digits(text: str, rng: random.Random, *, hedged: bool = False) -> str | None:
    """The same number with other digits: one changed, two swapped, or a zero more."""
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    old = float(text.replace(",", ""))
    least = 0.35 if hedged else 0.004
    for _ in range(40):
        letters = list(text)
        way = rng.random()
        if way < 0.75 or len(digits) < 2:
            place = rng.choice(digits[: 2 if rng.random() < 0.7 else len(digits)])
            letters[place] = rng.choice("0123456789" if place else "123456789")
        elif way < 0.9:
            first = rng.randrange(len(digits) - 1)
            a, b = digits[first], digits[first + 1]
            letters[a], letters[b] = letters[b], letters[a]
        elif "," not in text:
            letters.insert(text.index(".") if "." in text else len(text), "0")
        new = "".join(letters)
        if (new[0] != "0" or new.startswith("0.")) and _surely_other(old, float(new.replace(",", "")), least):
            return new
    return None


def with_other_number(text: str, rng: random.Random) -> str | None:
    """A true sentence with one of its numbers changed, or None where that would not be surely false."""
    if BOUND.search(text) or NOT_SURELY.search(text):
        return None
    found = [m for m in NUMBER.finditer(text) if not BEFORE_LINE.search(text[: m.start()])]
    rng.shuffle(found)
    for match in found:
        changed = other_digits(match[1], rng, hedged=bool(HEDGE.search(text)))
        if changed:
            return text[: match.start(1)] + changed + text[match.end(1) :]
    return None
