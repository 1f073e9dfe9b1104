"""Answers questions about a log without a model: finds what the question names, and says what is known of it."""

from explain_log.answers.asked import Asked
from explain_log.answers.says import answered_by_rules

__all__ = ["Asked", "answered_by_rules"]
