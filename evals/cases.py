"""The cases: a log, what is asked of it, and the findings that an answer has to mention."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from explain_log.lines import Origin
from explain_log.pipeline import make_report
from explain_log.report import Report

ROOT = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("cases.toml")


@dataclass(frozen=True)
class Case:
    """One case. question: None asks for the whole explanation.  must: ids of findings, without `@LOAD`."""

    id: str
    log: Path
    language: str
    question: str | None
    must: tuple[str, ...]


def cases(file: Path = FILE) -> list[Case]:
    """All cases, each in its languages."""
    found = []
    for row in tomllib.loads(file.read_text(encoding="utf-8"))["case"]:
        questions = row.get("question", {"zh": None, "en": None})
        for language, question in questions.items():
            case = Case(f"{row['id']}.{language}", ROOT / row["log"], language, question, tuple(row["must"]))
            found.append(case)
    return found


@lru_cache(maxsize=8)
def report_of(log: Path, language: str) -> Report:
    """The report of a log by the rules. Not to be changed: several cases share it."""
    return make_report([Origin(str(log))], language)
