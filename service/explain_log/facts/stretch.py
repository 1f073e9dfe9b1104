"""A stretch of lines that are only counted: requests, and statements without facts."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explain_log.facts.models import RequestMarks

if TYPE_CHECKING:
    from explain_log.lines.period import Window


@dataclass(eq=False, repr=False)
class Stretch:
    """Lines one after the other that are all known, and of which none changes what a report says but by its count.

    first, last: their line numbers.  time: the last line's, ISO 8601.
    envelopes: what the lines wear, in the order in which it first occurs.
    statuses, paths: numbers of requests, in the order of the log.  seconds: how long each took.
    longest: the most of them, -1 without any.
    slowest: line of the longest one, 0 where one before it took as long.
    requests: the first and the last request's line.
    answered: line and time of the last request that a model answered.
    events: statement id → count.  places: (line, source, message) of all different ones, by line.
    activity: the first line that shows a server at work.
    texts: the lines of places and activity and the last one, each as far as evidence shows it.
    values: (line, kind, value) of private texts not met before.
    """

    first: int
    last: int
    time: str
    envelopes: tuple[str, ...] = ()
    statuses: dict[str, int] = field(default_factory=dict)
    paths: dict[str, int] = field(default_factory=dict)
    seconds: array[float] = field(default_factory=lambda: array("d"))
    longest: float = -1.0
    slowest: int = 0
    requests: tuple[int, int] = (0, 0)
    answered: tuple[int, str] | None = None
    marks: dict[str, RequestMarks] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    places: list[tuple[int, str, str]] = field(default_factory=list)
    activity: int | None = None
    texts: dict[int, str] = field(default_factory=dict)
    values: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.last - self.first + 1

    def moved(self, by: int) -> Stretch:
        """The same stretch so many lines further down; who scanned it may not have known where it begins."""
        self.first += by
        self.last += by
        self.slowest += by if self.slowest else 0
        self.requests = (self.requests[0] + by, self.requests[1] + by)
        self.answered = None if self.answered is None else (self.answered[0] + by, self.answered[1])
        self.places = [(line + by, source, message) for line, source, message in self.places]
        self.values = [(line + by, kind, value) for line, kind, value in self.values]
        self.texts = {line + by: text for line, text in self.texts.items()}
        self.activity = None if self.activity is None else self.activity + by
        return self


@dataclass(frozen=True)
class Settled:
    """What needs no single lines any more.

    events: statements of which enough are kept, or None where enough events are kept in all.
    marks: kinds of requests ("slow", "cancelled", …) of which enough lines are known.
    debug: whether a line at level DEBUG is known.
    window: the span of time that alone is wanted, None where all is.
    """

    events: frozenset[str] | None = frozenset()
    marks: frozenset[str] = frozenset()
    debug: bool = False
    window: Window | None = None

    def is_counted(self, event: str | None, *, debug: bool) -> bool:
        """Whether lines of a statement need only be counted. event: its id if it is an event.  debug: as above."""
        if debug and not self.debug:
            return False
        return event is None or self.events is None or event in self.events
