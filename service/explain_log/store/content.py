"""What is kept of a report, and how it becomes rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from explain_log.store.packing import packed


class NotKeptError(LookupError):
    """What an id should point to is not there any more."""


class ContentGoneError(LookupError):
    """The content that an id was to point to was dropped at the same moment: it has to be made anew."""


@dataclass(eq=False)
class Content:
    """A report as JSON without its id (`"id": null`).

    request_key: what it answers, where that alone decides on it.  other: in the other language, by the rules; None
    where it was not made yet.
    lines: (first line, packed lines) of the redacted log, to be kept; not filled when it was found.
    """

    report: bytes
    language: str
    log_key: str
    request_key: str | None = None
    other: bytes | None = None
    lines: list[tuple[int, bytes]] = field(default_factory=list)
    last_line: int = 0
    used: float = 0.0

    @cached_property
    def key(self) -> str:
        """The content's hash."""
        return blake2b(self.log_key.encode() + self.report, digest_size=16).hexdigest()


@dataclass(frozen=True)
class Pointer:
    """What an id stands for. content_key: None while nothing can be seen yet."""

    id: str
    content_key: str | None
    owner: str
    made: float
    notice: str


@dataclass(eq=False)
class Kept:
    """A content to be kept, and what is to point to it."""

    content: Content
    key: str
    now: float
    pointer: dict[str, Any] | None

    def of_log(self) -> dict[str, Any]:
        """The row of its log."""
        size = sum(len(data) for _, data in self.content.lines)
        return {"key": self.content.log_key, "size": size, "last_line": self.content.last_line, "made": self.now}

    def of_lines(self) -> list[dict[str, Any]]:
        """The rows of the log's lines."""
        return [{"log_key": self.content.log_key, "first_line": n, "data": data} for n, data in self.content.lines]

    def of_content(self) -> dict[str, Any]:
        """The content's own row."""
        content = self.content
        report, other = packed(content.report), None if content.other is None else packed(content.other)
        return {
            "key": self.key, "request_key": content.request_key, "log_key": content.log_key, "report": report,
            "language": content.language, "other": other, "size": len(report) + len(other or b""), "made": self.now,
            "used": self.now,
        }  # fmt: skip
