"""How long requests took: all of them while they are few, how many took about so long when they are many."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

MOST_EXACT = 250_000
_KEPT_OF_SECOND_BYTE = bytes(byte & 0xF0 for byte in range(256))


class Durations:
    """Seconds. Up to MOST_EXACT of them median and percentiles are exact.

    Above, values are counted by their first twelve binary digits, so that memory is bounded (some 4,000 counts
    for each doubling): median and percentiles then hold to 0.02 %. The largest is always exact.
    """

    def __init__(self) -> None:
        self.count = 0
        self.largest: float | None = None
        self._exact = array("d")
        self._counts: Counter[int] = Counter()

    def add(self, seconds: Sequence[float], longest: float | None = None) -> None:
        """Adds some. longest: the largest of them, if that is known."""
        if not seconds:
            return
        self._exact.extend(seconds)
        self.count += len(seconds)
        longest = max(seconds) if longest is None else longest
        self.largest = longest if self.largest is None else max(self.largest, longest)
        if len(self._exact) > MOST_EXACT:
            self._count()

    def ranked(self, ranks: list[int]) -> list[float]:
        """The values at these places (ascending, 0-based) of the order by size."""
        if not self._counts:
            ordered = sorted(self._exact)
            return [ordered[rank] for rank in ranks]
        self._count()
        return list(self._at(ranks))

    def _at(self, ranks: list[int]) -> Iterator[float]:
        passed = place = 0
        for key, count in sorted(self._counts.items()):
            passed += count
            while place < len(ranks) and ranks[place] < passed:
                place += 1
                yield _value(key)

    def _count(self) -> None:
        """Moves the exact values to the counts. No Python step per value but one in a dict's own loop."""
        single = array("f", self._exact)  # 4 bytes: sign, 8 bits of exponent, 23 of the number
        del self._exact[:]
        if _is_big_endian():
            single.byteswap()
        raw = bytearray(single.tobytes())
        raw[0::4] = bytes(len(single))
        raw[1::4] = raw[1::4].translate(_KEPT_OF_SECOND_BYTE)
        self._counts.update(array("I", _native(bytes(raw))).tolist())


def _native(raw: bytes) -> bytes:
    """Little-endian numbers of four bytes in this machine's order."""
    if not _is_big_endian():
        return raw
    numbers = array("I", raw)
    numbers.byteswap()
    return numbers.tobytes()


def _is_big_endian() -> bool:
    import sys

    return sys.byteorder == "big"


def _value(key: int) -> float:
    """The middle of the values that have these first digits."""
    import struct

    value: float = struct.unpack("<f", struct.pack("<I", key | 0x0800))[0]
    return value if key else 0.0
