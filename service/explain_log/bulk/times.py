"""Whether the lines of a piece lie within the span of time that is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from explain_log.bulk.patterns import HEAD, gin_time, slog_time
from explain_log.lines.period import Window, split_zone

_END_BYTES = 1 << 14
"""So much of either end of a piece is searched for a time."""

_GIN_TIME = re.compile(rb"\n(\[GIN\] 20[0-9/]{8} - [0-9:]{8}) ")
_TIME_LENGTH = len("time=2025-02-11T11:34:37")


def is_within(window: Window, text: bytes, others: list[bytes]) -> bool | None:
    """Whether all of the lines do, or none; None where some do, or it is not sure.

    text: the lines, each with a line end before it; they are requests, which are looked at, but for the others.
    """
    times = []
    requests = _GIN_TIME.findall(text)
    if requests:
        times += [gin_time(min(requests)), gin_time(max(requests))]
    if others:
        heads = [HEAD.match(line) for line in others]
        if None in heads:
            return None
        stamps = {line[: line.index(b" ")] for line in others}
        # Only what is written alike sorts as time does.
        zone = stamps and {stamp[_TIME_LENGTH:].lstrip(b".0123456789") for stamp in stamps}
        if len(zone) > 1 or len({len(stamp) for stamp in stamps}) > 1:
            return None
        for stamp in (min(stamps), max(stamps)):
            clock, shown = split_zone(stamp[len("time=") :].decode("ascii"))
            if shown != window.zone:
                return None
            times.append(clock)
    first, last = min(times), max(times)
    if window.holds(first) and window.holds(last):
        return True
    return False if last < window.low or window.ends_before(first) else None


def is_outside(window: Window, piece: bytes, inner: Callable[[bytes], bytes]) -> bool:
    """Whether nothing of a piece seems to be wanted: neither its first dated line nor its last one is.

    inner: gives a line without what a collector put before it.
    """
    ends = (piece[:_END_BYTES].split(b"\n"), reversed(piece[-_END_BYTES:].split(b"\n")))
    times = [_first_time(map(inner, lines), window) for lines in ends]
    return all(time is not None and (time < window.low or window.ends_before(time)) for time in times)


def _first_time(lines: Iterable[bytes], window: Window) -> str | None:
    """The first time that lines begin with, without its zone; None where it is another than the span's."""
    for line in lines:
        if _GIN_TIME.match(b"\n" + line):
            return gin_time(line)
        if HEAD.match(line):
            clock, zone = split_zone(slog_time(line))
            return clock if zone == window.zone else None
    return None
