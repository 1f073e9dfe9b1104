"""Keeps explanations, so that the same log is not explained twice by the same model."""

from explain_log.cache.keeper import ExplanationCache
from explain_log.cache.store import Entry, Store

__all__ = ["Entry", "ExplanationCache", "Store"]
