"""Lines of a kept log, each with what it means and the findings that rest on it."""

from __future__ import annotations

import json
from typing import Any

from explain_log.api.workers import Workers
from explain_log.store import Content, Reports
from explain_log.store.packing import unpacked_lines

MOST_LINES = 2000
"""So many are given at once."""


async def lines_of(
    content: Content, first: int, last: int, language: str, reports: Reports, workers: Workers
) -> list[dict[str, Any]]:
    """The lines from first to last, at most MOST_LINES."""
    last = min(last, first + MOST_LINES - 1, content.last_line)
    if last < first:
        return []
    found: dict[int, str] = {}
    for begin, data in await reports.lines(content.log_key, first, last):
        texts = enumerate(unpacked_lines(data), begin)
        found |= {number: text for number, text in texts if first <= number <= last}
    numbers = sorted(found)
    header = {"task": "lines", "language": language, "numbers": numbers, "texts": [found[n] for n in numbers]}
    lines: list[dict[str, Any]] = (await workers.do(header))[0]["lines"]
    behind = _findings(content.report)
    for line in lines:
        line["findings"] = behind.get(line["line"], [])
    return lines


async def all_pieces(content: Content, reports: Reports) -> list[bytes]:
    """The whole log, packed."""
    return [data for _, data in await reports.lines(content.log_key, 1, content.last_line)]


def _findings(report: bytes) -> dict[int, list[str]]:
    """Line → the ids of findings that show it, each once, with its load."""
    behind: dict[int, dict[str, None]] = {}
    for finding in json.loads(report)["findings"]:
        name = finding["id"] if finding["load"] is None else f"{finding['id']}@{finding['load']}"
        for evidence in finding["evidence"]:
            behind.setdefault(evidence["line"], {})[name] = None
    return {line: list(names) for line, names in behind.items()}
