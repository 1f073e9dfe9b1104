"""The command line of the evaluation."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from unittest.mock import patch

from evals.cases import Case, cases
from evals.measure import Outcome, baseline, measure
from evals.scripted import NAMES, scripted
from evals.table import Row, markdown, row_of
from explain_log.narration.options import ModelOptions, TimeLimits, default_host


def main(arguments: list[str] | None = None) -> int:
    """Measures models and writes a table. 2 where no case is left, 1 where a model could not be used at all."""
    asked = _parser().parse_args(arguments)
    chosen = [c for c in cases() if _is_chosen(c, asked.case, asked.language)]
    if not chosen:
        print("evals: no such case; --list shows all", file=sys.stderr)
        return 2
    if asked.list:
        print("\n".join(case.id for case in chosen))
        return 0
    rows = [row_of("rules", [baseline(case) for case in chosen])]
    for name in asked.model:
        limits = TimeLimits(total=asked.seconds)
        options = ModelOptions(model=name, host=asked.host, host_is_named=True, limits=limits, parallel=asked.parallel)
        rows.append(_run(name, chosen, options, asked.repeat))
    for name in NAMES if asked.scripted else ():
        with scripted(name, parallel=2) as server, _own_folder():
            rows.append(_run(name, chosen, ModelOptions(model=f"{name}:8b", host=server.url), asked.repeat))
    _write(rows, asked.json, asked.markdown)
    return 1 if any(row.unusable == row.cases for row in rows[1 : 1 + len(asked.model)]) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m evals", description="Measures how well Ollama models explain logs.")
    parser.add_argument("--model", action="append", default=[], help="an Ollama model; may be given several times")
    parser.add_argument("--host", default=default_host(), help="the server; default OLLAMA_HOST, else this machine")
    parser.add_argument("--scripted", action="store_true", help="the scripted models of evals/scripted, without Ollama")
    parser.add_argument("--case", action="append", default=[], help="only cases whose id begins so")
    parser.add_argument("--language", choices=("zh", "en"), help="only in this language")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="each case N times")
    parser.add_argument("--parallel", type=int, metavar="N", help="requests at a time; default: found out")
    parser.add_argument("--seconds", type=float, default=1800.0, help="the most that one case may take")
    parser.add_argument("--json", type=Path, help="write the figures to this file as JSON")
    parser.add_argument("--markdown", type=Path, help="write the table to this file too")
    parser.add_argument("--list", action="store_true", help="list the cases")
    return parser


def _is_chosen(case: Case, wanted: list[str], language: str | None) -> bool:
    return (not wanted or any(case.id.startswith(w) for w in wanted)) and (language in (None, case.language))


def _run(name: str, chosen: list[Case], options: ModelOptions, repeat: int) -> Row:
    outcomes: list[Outcome] = []
    for number, case in enumerate(chosen * repeat, 1):
        told = ModelOptions(**{**vars(options), "language": case.language, "question": case.question})
        outcomes.append(measure(case, told))
        failed = f": {outcomes[-1].failed}" if outcomes[-1].failed else ""
        print(f"evals: {name} {number}/{len(chosen) * repeat} {case.id}{failed}", file=sys.stderr)
    return row_of(name, outcomes)


@contextmanager
def _own_folder() -> Iterator[None]:
    """What is found out of scripted models is not remembered among the user's own."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, EXPLAIN_LOG_CACHE_DIR=folder):
        yield


def _write(rows: list[Row], as_json: Path | None, as_markdown: Path | None) -> None:
    table = markdown(rows)
    if as_markdown is not None:
        as_markdown.write_text(table, encoding="utf-8")
    if as_json is not None:
        figures = json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1)
        as_json.write_text(figures + "\n", encoding="utf-8")
    print(table, end="")
