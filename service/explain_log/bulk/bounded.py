"""Memories that a log cannot make larger than they may get."""

from __future__ import annotations

from typing import Any, TypeVar

C = TypeVar("C", bound="dict[Any, Any] | set[Any]")


def bounded(known: C, most: int) -> C:
    """The same dict or set, emptied where it is full."""
    if len(known) >= most:
        known.clear()
    return known
