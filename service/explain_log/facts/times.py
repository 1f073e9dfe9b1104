"""Differences between the times of log lines."""

from __future__ import annotations


def seconds_between(first: str | None, second: str | None) -> float | None:
    """Seconds from one ISO 8601 time to another, or None where one is missing or they cannot be compared."""
    if first is None or second is None:
        return None
    from datetime import datetime

    try:
        return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None  # no time, or one with a zone and one without
