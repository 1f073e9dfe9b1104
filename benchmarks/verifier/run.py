"""How many false statements of the corpus the verifier refuses, how many true ones it passes, and how fast.

    python benchmarks/verifier/run.py [--aside] [--free] [--misses] [--kind KIND] [--log LOG] [--json]

The fifth of the cases that is set aside counts only with --aside. --free judges without ids, as `explain-log verify`
does: a false statement must have a claim that is contradicted or unsupported, a true one none that is contradicted;
whether it is in the right language is no question there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from facts_of import load, report_of, text_of

from explain_log.briefing import Briefing, make_briefing
from explain_log.narration import verifier

FOLDER = Path(__file__).resolve().parent
Case = dict[str, Any]


@cache
def _briefing(log: str, language: str) -> Briefing:
    return make_briefing(report_of(log, language), "memory", load())


def passes(case: Case) -> tuple[bool, str]:
    """Whether the verifier accepts the case with its ids, and why not."""
    briefing = _briefing(case["log"], case["language"])
    lines = text_of(case["log"]).splitlines()
    verdict = verifier.verify_sentence(case["text"], case["cites"], briefing, case["language"], lines)
    return verdict.accepted, f"{verdict.code or ''} {verdict.reason}"


def passes_free(case: Case) -> tuple[bool, str]:
    """The same without ids: a true case has nothing contradicted, a false one something that is not supported."""
    report = report_of(case["log"], case["language"])
    claims = verifier.judge_text(case["text"], report, load(), text_of(case["log"]).splitlines())
    verdicts = [str(claim.verdict) for claim in claims]
    accepted = "contradicted" not in verdicts if case["truth"] else set(verdicts) <= {"supported"}
    return accepted, "; ".join(str(claim) for claim in claims if str(claim.verdict) != "supported") or str(verdicts)


def judged(cases: Iterable[Case], judge: Callable[[Case], tuple[bool, str]]) -> list[Case]:
    """The cases with `right`, `why` and `ms`."""
    results = []
    for case in cases:
        _briefing(case["log"], case["language"])
        start = time.perf_counter()
        accepted, why = judge(case)
        spent = (time.perf_counter() - start) * 1000
        results.append(case | {"right": accepted == case["truth"], "why": why, "ms": spent})
    return results


def table(results: list[Case]) -> list[tuple[str, str, int, float]]:
    """Rows: what, language, how many, the share that is right."""
    groups: dict[tuple[str, str], list[bool]] = {}
    for case in results:
        what = "true" if case["truth"] else "false"
        for name in (what, f"{what} {case['kind']}"):
            for language in ("", case["language"]):
                groups.setdefault((name, language), []).append(case["right"])
    return [(name, language, len(found), sum(found) / len(found)) for (name, language), found in sorted(groups.items())]


def main() -> int:
    """Prints the table and the misses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--aside", "--free", "--misses", "--json"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--kind")
    parser.add_argument("--log")
    wanted = parser.parse_args()
    cases = [json.loads(line) for line in (FOLDER / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    cases = [case for case in cases if wanted.kind in (None, case["kind"]) and wanted.log in (None, case["log"])]
    if wanted.free:
        cases = [case for case in cases if case["kind"] != "language"]
    judge = passes_free if wanted.free else passes
    parts = {"seen": judged([case for case in cases if not case["aside"]], judge)}
    if wanted.aside:
        parts["aside"] = judged([case for case in cases if case["aside"]], judge)
    if wanted.json:
        shown = {name: table(results) for name, results in parts.items()}
        sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
        return 0
    for name, results in parts.items():
        _print(name, results, misses=wanted.misses)
    return 0


def _print(name: str, results: list[Case], *, misses: bool) -> None:
    if not results:
        return
    times = sorted(case["ms"] for case in results)
    p95 = times[int(0.95 * (len(times) - 1))]
    sys.stdout.write(f"{name}: {len(results)} cases, median {statistics.median(times):.2f} ms, p95 {p95:.2f} ms\n")
    for what, language, count, share in table(results):
        goal = "passed" if what.startswith("true") else "refused"
        sys.stdout.write(f"  {what:18} {language or 'both':5} {count:5}  {share:7.1%} {goal}\n")
    if misses:
        for case in results:
            if not case["right"]:
                mark = "+" if case["truth"] else f"- {case['kind']}"
                sys.stdout.write(
                    f"{mark}  {case['id']}  {case['text']}\n      {' '.join(case['cites'])}  {case['why']}\n"
                )


if __name__ == "__main__":
    sys.exit(main())
