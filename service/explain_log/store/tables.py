"""The tables. Times are seconds since 1970; a key or session is kept as the hash of its secret."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

logs = Table(
    "logs",
    metadata,
    Column("key", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("last_line", Integer, nullable=False),
    Column("made", Float, nullable=False),
)
"""A log's redacted lines as a whole."""

log_lines = Table(
    "log_lines",
    metadata,
    Column("log_key", Text, ForeignKey("logs.key", ondelete="CASCADE"), primary_key=True),
    Column("first_line", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
"""Some hundreds of redacted lines that follow each other: JSON, compressed."""

contents = Table(
    "contents",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request_key", Text, unique=True, nullable=True),
    Column("log_key", Text, ForeignKey("logs.key"), nullable=False),
    Column("language", Text, nullable=False),
    Column("report", LargeBinary, nullable=False),
    Column("other", LargeBinary, nullable=True),
    Column("size", Integer, nullable=False),
    Column("made", Float, nullable=False),
    Column("used", Float, nullable=False),
    Index("contents_log_key", "log_key"),
    Index("contents_used", "used"),
)
"""A report without its id, compressed. request_key: what it answers, where that decides on it; other: the same report
in the other language, by the rules."""

pointers = Table(
    "pointers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content_key", Text, ForeignKey("contents.key"), nullable=True),
    Column("owner", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("notice", Text, nullable=False),
    Index("pointers_content_key", "content_key"),
    Index("pointers_made", "made"),
)
"""A report's random id, and whose it is ("" without keys). content_key is null until there is something to see."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, ForeignKey("pointers.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("lease_by", Text, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Index("jobs_state_made", "state", "made"),
)
"""A report that was promised. body: the file of the raw log, "" once it is parsed; status, detail: why it failed."""

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("revoked", Float, nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("key_id", Text, ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("until", Float, nullable=False),
)
