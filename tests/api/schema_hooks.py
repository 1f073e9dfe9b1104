"""Hooks for schemathesis: ids that lead somewhere, and logs that are text.

No schema can say that at most 30 % of a text may be control characters; it is tested elsewhere.
"""

import os

import schemathesis

REPORT = os.environ["EXPLAIN_LOG_TEST_REPORT"]


def _is_text(text):
    controls = sum((ord(c) < 32 and c not in "\t\n\r") or 127 <= ord(c) < 160 for c in text)
    return not controls


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and path_parameters.get("report_id", "").startswith(tuple("01234567")):
        path_parameters["report_id"] = REPORT
    return path_parameters


@schemathesis.hook
def filter_body(context, body):
    log = body.get("log") if isinstance(body, dict) else body
    log = getattr(log, "data", log)
    if isinstance(log, bytes):
        return log.isascii() and _is_text(log.decode("ascii"))
    return not isinstance(log, str) or _is_text(log)
