"""Which of the types that can be had a client wants (RFC 9110, 12.5.1)."""

from __future__ import annotations

from fastapi import Request

from explain_log.api.problems import Problem


def chosen(request: Request, offered: tuple[str, ...]) -> str:
    """The best of the offered types, the first where all are the same. Raises Problem 406 where none is wanted."""
    header = ", ".join(request.headers.getlist("accept")).strip()
    if not header:
        return offered[0]
    ranges = [_range(part) for part in header.split(",") if part.strip()]
    best = max(offered, key=lambda kind: _quality(kind, ranges))
    if _quality(best, ranges) <= 0:
        raise Problem(406, f"none of the wanted types can be had: accept {' or '.join(offered)}")
    return best


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return kind, max(0.0, min(1.0, float(value)))
            except ValueError:
                return kind, 1.0
    return kind, 1.0


def _quality(kind: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that a type is in."""
    for wanted in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        found = [quality for name, quality in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
