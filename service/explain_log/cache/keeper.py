"""Explanations in and out of the store."""

from __future__ import annotations

import json
import os
import time

from explain_log.cache.key import key_of
from explain_log.cache.store import Entry, Store
from explain_log.facts.models import as_json
from explain_log.knowledge import load
from explain_log.narration.explanation import Explanation, Rejected, Section, Sentence, Stats
from explain_log.narration.options import ModelOptions
from explain_log.redaction import Redactor, redacted
from explain_log.report import Report


class ExplanationCache:
    """Gives back what a model said of the same facts, and keeps what it says. Neither method raises."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()

    def find(self, report: Report, model: str, digest: str, options: ModelOptions) -> Explanation | None:
        """What this model said of this report, or None. Its name may have changed, its digest not."""
        value = self.store.find(key_of(report, digest, options))
        found = None if value is None else explanation_of(value)
        if found is not None:
            found.model, found.stats.from_cache = model, True
        return found

    def keep(self, explanation: Explanation, report: Report, digest: str, options: ModelOptions) -> None:
        """Keeps an explanation. What it says is of a redacted report; all of it is redacted once more."""
        now = time.time()
        redactor = Redactor(load())
        value = json.dumps(redacted(as_json(explanation), redactor), ensure_ascii=False)
        entry = Entry(
            key=key_of(report, digest, options),
            made=now,
            used=now,
            size=0,
            model=explanation.model or "",
            language=explanation.language,
            name=redactor.redact(os.path.basename(report.source.name))[:200],
            question=redactor.redact(options.question or "")[:500],
        )
        self.store.keep(entry, value)


def explanation_of(text: str) -> Explanation | None:
    """An explanation from its JSON, or None where it is none."""
    try:
        value = json.loads(text)
        return Explanation(
            language=value["language"],
            origin=value["origin"],
            model=value["model"],
            sections=[
                Section(part["id"], part["heading"], [Sentence(**sentence) for sentence in part["statements"]])
                for part in value["sections"]
            ],
            rejected=[Rejected(**rejected) for rejected in value["rejected"]],
            stats=Stats(**value["stats"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
