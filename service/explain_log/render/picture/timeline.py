"""How a load went on: its moments with the seconds since it began, where the log's lines have times."""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.facts.models import ModelLoad
from explain_log.facts.times import seconds_between

_LONGEST_SECONDS = 7 * 86_400.0


@dataclass(eq=False)
class Moment:
    """A stage that was reached, such as `kv`; seconds since the first timed one, None where its line has no time."""

    stage: str
    line: int
    seconds: float | None


@dataclass(eq=False)
class Timeline:
    """logged_seconds: what the log itself says the load took. measured_seconds: by the times of its lines."""

    moments: list[Moment] = field(default_factory=list)
    logged_seconds: float | None = None
    measured_seconds: float | None = None

    @property
    def timed(self) -> list[Moment]:
        """The moments that have a time."""
        return [moment for moment in self.moments if moment.seconds is not None]


def timeline_of(load: ModelLoad) -> Timeline | None:
    """The load's timeline, or None where the log has neither stages nor seconds of it."""
    moments = _moments(load)
    logged = load.load_seconds
    if logged is not None and not 0 <= logged <= _LONGEST_SECONDS:
        logged = None
    timed = [moment.seconds for moment in moments if moment.seconds is not None]
    measured = timed[-1] if len(timed) > 1 else None
    return Timeline(moments, logged, measured) if moments or logged is not None else None


def _moments(load: ModelLoad) -> list[Moment]:
    """The stages in the order of their lines. Times that run backwards are of clocks that disagree: none is told."""
    stages = sorted(load.stages, key=lambda stage: stage.line)
    start = next((stage.time for stage in stages if stage.time is not None), None)
    moments, latest = [], 0.0
    for stage in stages:
        seconds = seconds_between(start, stage.time)
        if seconds is not None:
            # Collectors print whole seconds beside the program's milliseconds: up to one second back is rounding.
            seconds = max(seconds, latest) if -1 <= seconds - latest <= _LONGEST_SECONDS else None
            latest = latest if seconds is None else seconds
        moments.append(Moment(stage.stage, stage.line, seconds))
    return moments
