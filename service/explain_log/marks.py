"""Marks what comes from the log inside our own texts, so that a model can tell it from what is said to it.

A model's name, a path or an error text may hold anything, instructions too. As a value of its own it stands as
`{"data": …}`; inside a sentence of ours it stands between ⟦ and ⟧. Short single words (an architecture, a device)
are left as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from explain_log.report import Report

OPEN, CLOSE = "⟦", "⟧"
MOST_CHARACTERS = 120
_SHORTEST = 12
_HARMLESS = re.compile(r"[\w./:\-]{1,24}")


class Marks:
    """The free texts of one report."""

    def __init__(self, report: Report) -> None:
        texts = {text for text in _free_texts(report) if not _HARMLESS.fullmatch(text) and len(text) >= _SHORTEST}
        known = sorted(map(_without_brackets, texts), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def put(self, text: str) -> str:
        """The text with the log's own between marks, each at most so long."""
        text = _without_brackets(text)
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: OPEN + clean(found.group(), MOST_CHARACTERS) + CLOSE, text)


def _without_brackets(text: str) -> str:
    """The text without marks of its own: it must not close the ones that it stands between."""
    return text.replace(OPEN, "[").replace(CLOSE, "]")


def without_marks(text: str) -> str:
    """The text without marks, as a reader is to see it."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def clean(text: str, limit: int) -> str:
    """Text from the log, safe to show: no control or direction characters, at most so long."""
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text[: limit + 1])
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _free_texts(report: Report) -> Iterator[str]:
    for load in report.loads:
        yield from filter(None, (load.model.name, load.model.path, load.model.arch, load.model.file_type))
        if load.error is not None:
            yield load.error.message
    for run in report.server_runs:
        yield from run.config.values()
        for device in run.devices:
            yield from filter(None, (device.name, device.driver))
    for finding in report.findings:
        yield from (value for value in finding.values.values() if isinstance(value, str))
