"""What refuses an input says so in English once the knowledge, which has the texts, is there."""

import explain_log.knowledge  # noqa: F401
