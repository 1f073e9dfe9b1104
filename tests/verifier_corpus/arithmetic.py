"""Whether a number of a true statement follows from the log, worked out without the verifier."""

import re
from itertools import combinations

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w]*\.\d)")
KIB, MIB = 1024, 1024 * 1024


def numbers(text):
    """The numbers of a text that are no part of a name: (value, decimals shown)."""
    found = []
    for match in NUMBER.finditer(re.sub(r"(?<=\d)(?=[\u4e00-\u9fff])", " ", text)):
        digits = match[0].replace(",", "").rstrip(".")
        if digits:
            found.append((float(digits), len(digits.partition(".")[2])))
    return found


def in_log(text):
    """All numbers that stand in a text, those in names too."""
    return {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}


def _readings(value):
    """A value in its other units: MiB as GiB and GB, seconds as minutes, one as a thousand or a percent."""
    yield from (value, value / KIB, value / KIB / KIB, value * MIB / 1e9, value * MIB / 1e6, value * 1024**3 / 1e9)
    yield from (value / 60, value / 1000, value * 100, value / 1e8, value / 1e9, value % 60, value // 60)


def _combined(values):
    """Sums, differences, products, ratios and percentages of two of the values, and the sum of all."""
    yield sum(values)
    for a, b in combinations(values, 2):
        yield from (a + b, abs(a - b), a * b, a * b / 8)
        for top, bottom in ((a, b), (b, a)):
            if bottom:
                yield from (top / bottom, 100 * top / bottom, 100 - 100 * top / bottom)


def follows(value, decimals, pool, cited):
    """Whether a shown number is one of the pool, in some unit, or is worked out from the cited ones."""
    step = 0.6 * 10**-decimals

    def near(other):
        return abs(other - value) <= max(step, 0.06 * value if value >= 100 and value % 100 == 0 else step)

    return any(near(r) for p in pool for r in _readings(p)) or any(
        near(r) for c in _combined(cited) for r in _readings(c)
    )
