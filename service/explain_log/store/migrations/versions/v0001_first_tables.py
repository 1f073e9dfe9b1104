"""The first tables: logs, reports, ids, jobs, keys, sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes them."""
    op.create_table(
        "logs",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("last_line", sa.Integer, nullable=False),
        sa.Column("made", sa.Float, nullable=False),
    )
    op.create_table(
        "log_lines",
        sa.Column("log_key", sa.Text, sa.ForeignKey("logs.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("first_line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "contents",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request_key", sa.Text, nullable=True, unique=True),
        sa.Column("log_key", sa.Text, sa.ForeignKey("logs.key"), nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("report", sa.LargeBinary, nullable=False),
        sa.Column("other", sa.LargeBinary, nullable=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("made", sa.Float, nullable=False),
        sa.Column("used", sa.Float, nullable=False),
    )
    op.create_index("contents_log_key", "contents", ["log_key"])
    op.create_index("contents_used", "contents", ["used"])
    op.create_table(
        "pointers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("content_key", sa.Text, sa.ForeignKey("contents.key"), nullable=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("made", sa.Float, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
    )
    op.create_index("pointers_content_key", "pointers", ["content_key"])
    op.create_index("pointers_made", "pointers", ["made"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, sa.ForeignKey("pointers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made", sa.Float, nullable=False),
        sa.Column("lease_by", sa.Text, nullable=False),
        sa.Column("lease_until", sa.Float, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("jobs_state_made", "jobs", ["state", "made"])
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("made", sa.Float, nullable=False),
        sa.Column("revoked", sa.Float, nullable=True),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, sa.ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
