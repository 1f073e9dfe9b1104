"""Where the service keeps reports, jobs and keys: SQLite in the user's data folder, or PostgreSQL by URL.

A report is kept by its content; random ids point to it. What nothing points to is dropped. Only redacted text comes
here: the report and the log's lines as they passed the redaction.
"""

from explain_log.store.content import Content, ContentGoneError, NotKeptError, Pointer
from explain_log.store.database import Database, database_at, default_url, open_database
from explain_log.store.jobs import Job, Jobs
from explain_log.store.keys import Key, Keys
from explain_log.store.reports import Reports
from explain_log.store.sessions import Session, Sessions

__all__ = [
    "Content",
    "ContentGoneError",
    "Database",
    "Job",
    "Jobs",
    "Key",
    "Keys",
    "NotKeptError",
    "Pointer",
    "Reports",
    "Session",
    "Sessions",
    "database_at",
    "default_url",
    "open_database",
]
