"""What one picture shows of a report: chosen and ordered, not computed and not yet drawn."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.facts.models import ModelLoad
from explain_log.facts.selection import leading, serving
from explain_log.render.loads import model_name
from explain_log.render.picture.layers import LayerMap, layer_map_of
from explain_log.render.picture.memory import Bar, bars_of
from explain_log.render.picture.timeline import Timeline, timeline_of
from explain_log.render.safe import visible
from explain_log.report import Report


@dataclass(eq=False)
class Picture:
    """One load, or what is known without one. index: the load's, where there are several.

    outcome: ready, failed or unknown; reason: why it failed, "" where the log does not say.
    """

    model: str = ""
    index: int | None = None
    outcome: str = "unknown"
    reason: str = ""
    reason_line: int | None = None
    has_load: bool = False
    bars: list[Bar] | None = None
    layers: LayerMap | None = None
    timeline: Timeline | None = None


def picture_of(report: Report, load: ModelLoad | None = None) -> Picture:
    """The picture of a load, by default of the one that leads the report."""
    chosen = load or leading(report.loads)
    if chosen is None:
        return Picture()
    several = len(serving(report.loads)) > 1
    error = chosen.error
    return Picture(
        model=model_name(chosen),
        index=chosen.index if several else None,
        outcome=chosen.outcome,
        reason="" if error is None else visible(" ".join(error.message.split()) or error.kind),
        reason_line=None if error is None else error.line,
        has_load=True,
        bars=bars_of(report, chosen) or None,
        layers=layer_map_of(chosen),
        timeline=timeline_of(chosen),
    )
