"""Which lines belong to a span of time: `--since` and `--until`.

Times are read as the log writes them, in its own zone; a line without one belongs to the last dated line before
it. A time may be less than a second exact, and what it leaves out is included: `--until 09:30` ends with 09:30:59.

    2025-02-11    2025-02-11T09:30    2025-02-11T09:30:00+08:00    a moment; a zone is converted to the log's
    09:30                                                          the latest one that the log has
    30m  2h  1h30m  90s  1d                                        so long before the last time in the log

The last two need the log's last time before its first line is judged. Of a file its end is read first, in at most
three attempts and 16 MiB; where that tells no time, and for archives and parts of files, the whole is read twice.
Standard input and other pipes are copied to a temporary file on the way, so memory stays bounded.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from explain_log.errors import InputError
from explain_log.lines import Line, Origin, read_lines
from explain_log.lines.ends import first_time, last_time, seekable

MOST_HELD = 10_000
"""So many lines before the first dated one are held until it tells whether they are wanted."""

_AGO = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m(?:in)?)?(?:(\d{1,8})s)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+-]\d\d:?\d\d)?)?")
_LATEST = "~"  # sorts behind every time


@dataclass(frozen=True)
class Bound:
    """One of the two options as it was understood: exactly one of ago, clock and moment is set."""

    option: str
    text: str
    ago: timedelta | None = None
    clock: str | None = None
    moment: str | None = None
    zone: str | None = None

    @property
    def needs_span(self) -> bool:
        """Whether it can be settled only by the log's own times."""
        return self.moment is None or self.zone is not None


def parse_bound(option: str, text: str) -> Bound:
    """What `--since` or `--until` was given. Raises InputError for what is no time."""
    text = text.strip()
    if text and (match := _AGO.fullmatch(text)):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return Bound(option, text, ago=timedelta(days, seconds, minutes=minutes, hours=hours))
    if match := _CLOCK.fullmatch(text):
        if int(match[1]) < 24 and int(match[2]) < 60 and int(match[3] or 0) < 60:
            return Bound(option, text, clock=text if len(match[1]) == 2 else f"0{text}")
    elif match := _MOMENT.fullmatch(text):
        day, clock, zone = match.groups()
        moment = f"{day}T{clock}" if clock else day
        try:
            datetime.fromisoformat(_to_microseconds(moment) + (_spelled(zone) or ""))
        except ValueError:
            pass
        else:
            return Bound(option, text, moment=moment, zone=_spelled(zone))
    raise InputError("part.bad_time", option=option, text=repr(text))


@dataclass(frozen=True)
class Window:
    """The span of time that is wanted, as the log's own clock shows it.

    low: its first moment, "" where there is no bound.  high: its last one.  zone: of the log's times, None where no
    time told it yet.  seen: how many lines of it were seen so far.
    """

    low: str
    high: str
    zone: str | None
    seen: int

    def holds(self, time: str) -> bool:
        """Whether a time without its zone lies within."""
        return self.low <= time and not self.ends_before(time)

    def ends_before(self, time: str) -> bool:
        """Whether a time without its zone lies behind the last one."""
        return time[: len(self.high)] > self.high


Read = Callable[[list[Origin], Callable[[], Window] | None], Iterator[Line]]


def lines_between(
    origins: list[Origin], since: str | None, until: str | None, read: Read | None = None
) -> Iterator[Line]:
    """The lines of the inputs from `since` to `until`, both included; None: no bound on that side.

    read: gives the lines of all the inputs, or what stands for many of them where all or none of them are wanted; it
    may ask what is wanted, as far as that is known. Raises InputError for what is no time, where the log has no times,
    and where no line is left.
    """
    read = read or (lambda origins, _: read_lines(origins))
    bounds = [parse_bound(f"--{name}", text) for name, text in (("since", since), ("until", until)) if text is not None]
    return _between(origins, {bound.option: bound for bound in bounds}, read)


def _between(origins: list[Origin], bounds: dict[str, Bound], read: Read) -> Iterator[Line]:
    if not any(bound.needs_span for bound in bounds.values()):
        part = _Part(bounds, None, None)
        yield from part.of(read(origins, part.window))
        return
    with seekable(origins):
        last = last_time(origins)
        first = first_time(origins) if last is not None else None
        part = _Part(bounds, first, last)
        yield from part.of(read(origins, part.window))


class _Part:
    """The span of time that is wanted, in the log's zone. first, last: the log's times where they had to be known."""

    def __init__(self, bounds: dict[str, Bound], first: str | None, last: str | None) -> None:
        self._options = " ".join(f"{bound.option} {bound.text}" for bound in bounds.values())
        self._zone = next((zone for time in (last, first) if time and (zone := split_zone(time)[1])), None)
        self._first, self._last = self._wall_clock(first), self._wall_clock(last)
        self._low, self._high = "", _LATEST
        self._seen = 0
        since, until = bounds.get("--since"), bounds.get("--until")
        if since is not None:
            self._low = self._settled(since) or _LATEST
        if until is not None:
            self._high = self._settled(until) or _LATEST

    def window(self) -> Window:
        """What is wanted, as far as it is known."""
        return Window(self._low, self._high, self._zone, self._seen)

    def _settled(self, bound: Bound) -> str | None:
        """The bound as the log would write it; None where the log has no times, which is said in the end."""
        if bound.moment is not None and bound.zone is None:
            return bound.moment
        if self._last is None:
            return None
        if bound.moment is not None:
            if self._zone is None:
                raise InputError("part.no_zone", option=bound.option, text=bound.text)
            moved = _moved(_to_microseconds(bound.moment), bound.zone or "", self._zone) or ""
            return moved[: max(19, len(bound.moment))]
        try:
            latest = datetime.fromisoformat(self._last[:19])
        except ValueError:
            return None
        try:
            if bound.ago is not None:
                return (latest - bound.ago).isoformat()
            return self._at_clock(bound, latest)
        except OverflowError as error:
            raise InputError("part.too_early", option=bound.option, text=bound.text) from error

    def _at_clock(self, bound: Bound, latest: datetime) -> str:
        """The latest such time of day in the log; of `--until` the first one after `--since`."""
        day, clock = latest.date(), f"T{bound.clock}"
        found = day.isoformat() + clock
        if (self._last or "")[: len(found)] < found:
            found = (day - timedelta(1)).isoformat() + clock
        if bound.option == "--until":
            begin = self._low or self._first or ""
            if found < begin[: len(found)]:
                next_day = timedelta(found[10:] < begin[10 : len(found)])
                found = (datetime.fromisoformat(begin[:10]) + next_day).date().isoformat() + clock
        return found

    def of(self, lines: Iterator[Line]) -> Iterator[Line]:
        """The lines that are wanted."""
        inside: bool | None = None
        window = self.window()
        held: deque[Line] = deque(maxlen=MOST_HELD)
        seen: tuple[str, str] | None = None
        anything = False
        for line in lines:
            anything = True
            time = self._wall_clock(line.time)
            if time is not None:
                seen = (seen[0] if seen else time, time)
                inside = window.holds(time)
                if inside:
                    yield from held
                held.clear()
            if inside:
                self._seen += 1
                yield line
            elif inside is None:
                held.append(line)
        if anything and seen is None:
            raise InputError("part.no_times", options=self._options)
        if seen is not None and not self._seen:
            raise InputError("part.nothing_left", options=self._options, first=seen[0][:19], last=seen[1][:19])

    def _wall_clock(self, time: str | None) -> str | None:
        """A time without its zone, as a clock in the log's zone shows it; None for what is no time."""
        if time is None or len(time) < 19:
            return None
        naive, zone = split_zone(time)
        if zone is not None and zone != self._zone:
            if self._zone is None:
                self._zone = zone
            else:
                return _moved(naive, zone, self._zone)
        return naive


def split_zone(time: str) -> tuple[str, str | None]:
    """`2025-02-11T11:34:37.966+08:00` as its clock and its zone; `Z` is `+00:00`."""
    naive = f"{time[:10]}T{time[11:]}"
    if naive.endswith("Z"):
        return naive[:-1], "+00:00"
    sign = max(naive.rfind("+", 19), naive.rfind("-", 19))
    return (naive, None) if sign < 0 else (naive[:sign], _spelled(naive[sign:]))


def _spelled(zone: str | None) -> str | None:
    """A zone as `+08:00`."""
    if zone is None or ":" in zone:
        return zone
    return "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[3:]}"


def _moved(naive: str, zone: str, to: str) -> str | None:
    """What a clock in another zone shows; None for what is no time."""
    try:
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{to}").tzinfo
        there = datetime.fromisoformat(_to_microseconds(naive) + zone).astimezone(offset)
    except (ValueError, OverflowError):
        return None
    return there.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _to_microseconds(naive: str) -> str:
    """Go prints up to nine digits of a second; a date alone is its first moment."""
    return naive[:26] if len(naive) > 10 else f"{naive}T00:00"
