"""Room 4: checks redo the log's arithmetic and judge it. Each is a small pure function from facts to observations."""

from __future__ import annotations

from explain_log.checks import (  # noqa: F401 - they register
    attention,
    context,
    failures,
    gpu,
    graph,
    kv_cache,
    kv_place,
    load,
    memory,
    memory_use,
    offload,
    repeated,
    requests,
    secrets,
    server,
    split,
)
from explain_log.checks.occurrences import Occurrences
from explain_log.checks.registry import run_checks
from explain_log.checks.wording import Wording

__all__ = ["Occurrences", "Wording", "run_checks"]
