"""What must not leave a log: found while it is read, replaced at one boundary by markers, `[REDACTED:api_key#1]`.

The values themselves are kept in memory only as long as a report is made: a marker's number tells which are the same.
"""

from explain_log.redaction.boundary import redact_facts, redact_shapes, redacted
from explain_log.redaction.kept import kept_lines
from explain_log.redaction.redactor import Redactor
from explain_log.redaction.scan import Scan

__all__ = ["Redactor", "Scan", "kept_lines", "redact_facts", "redact_shapes", "redacted"]
