"""When a load reached each of its stages: what its timeline is made of."""

from __future__ import annotations

from explain_log.facts.models import LoadStage, ModelLoad
from explain_log.statements import Statement

STAGES = ("attempt", "metadata", "tensors", "context", "kv", "compute", "ready")
"""The moments of knowledge/load_stages.toml that a timeline shows, in their usual order; failed is the other end."""


def note_moment(load: ModelLoad | None, stage: str | None, statement: Statement) -> None:
    """Notes that a load reached a stage with this statement, once; of several ends the last one counts.

    load: the one that the statement is about.  stage: what the statement marks, None where it marks nothing.
    """
    if load is None or load.purpose != "serve":
        return
    number = statement.line.number
    if load.outcome == "failed" and load.lines.get("outcome") == [number]:
        stage = "failed"
    if stage not in (*STAGES, "failed") or not load.first_line <= number <= load.last_line:
        return
    if stage in ("ready", "failed"):
        load.stages = [known for known in load.stages if known.stage not in ("ready", "failed")]
    elif any(known.stage in (stage, "ready", "failed") for known in load.stages):
        return
    load.stages.append(LoadStage(stage, number, statement.line.time))
