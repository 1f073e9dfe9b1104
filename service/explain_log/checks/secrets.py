"""Secrets in the log: it must not be shared as it is."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.facts.models import Facts


@log_check
def secrets(facts: Facts) -> Iterator[Observation]:
    """What looks like a key, token or password: its kind and its lines, never its value. Found while reading."""
    if facts.secrets:
        values: dict[str, Value] = {
            "kind": ", ".join(sorted(facts.secrets)),
            "count": sum(facts.secrets.values()),
            "lines": len(facts.secret_lines),
        }
        yield Observation("log.secrets", None, values, list(facts.secret_lines))
