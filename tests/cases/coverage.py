"""Writes coverage.md: which finding is held by which case, log of our own, or table of the checks' own tests.

    python tests/cases/coverage.py
"""

import runpy
import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent
TESTS = FOLDER.parent
BUILDER = runpy.run_path(str(FOLDER / "builder.py"))
HEAD = """# What holds which finding

Written by `python tests/cases/coverage.py`; a test holds that it is up to date and that no finding is bare.
*Cases* are problems of real users (mapping.toml), *logs* are our own (logs/own.toml), *checks* are the tables in
tests/checks and tests/example. “not” counts the cases and logs in which the finding must not be there.

| finding | cases | logs | checks | not |
|---|---|---|---|---|
"""


def covered():
    """For each finding: numbers of cases, names of logs, files of the checks' tables, how often it is forbidden."""
    table = {}

    def note(finding, kind, who):
        row = table.setdefault(finding, {"cases": [], "logs": [], "checks": [], "not": []})
        if who not in row[kind]:
            row[kind].append(who)

    for number, case in BUILDER["read_mapping"]().items():
        for finding in case.get("expected", {}):
            note(finding, "cases", number)
        for finding in case.get("one_of", []):
            note(finding, "cases", f"({number})")
        for finding in case["forbidden"]:
            note(finding, "not", number)
    for log in BUILDER["read_logs"]():
        for finding in log.get("expected", []):
            note(finding, "logs", log["name"].removeprefix(finding).strip(" ,"))
        for finding in log.get("forbidden", []) if "name" in log else []:
            note(finding, "not", log["name"])
    for finding, file in _checks():
        note(finding, "checks", file)
    return table


def _checks():
    """(finding, file) of the tables that the checks' own tests and the example use."""
    for path in sorted((TESTS / "checks" / "cases").glob("*.toml")):
        for case in _read(path).get("case", []):
            if "expect" in case:
                yield case["expect"], path.name
    for case in _read(TESTS / "checks" / "logs" / "server.toml")["log"]:
        for finding in case["expect"]:
            yield finding, "server.toml"
    for finding in _read(TESTS / "example" / "expected.toml")["findings"]:
        yield finding, "example"


def _read(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def page(findings):
    """The table as Markdown, every finding of the knowledge in it."""
    table, bare = covered(), {"cases": [], "logs": [], "checks": [], "not": []}
    rows = []
    for finding in sorted(findings):
        row = table.get(finding, bare)
        rows.append(f"| {finding} | {' '.join(row['cases'])} | {'; '.join(row['logs'])} | {' '.join(row['checks'])} | {len(row['not'])} |\n")
    return HEAD + "".join(rows)


def all_findings():
    """The ids of the knowledge."""
    folder = TESTS.parent / "knowledge" / "findings"
    return [entry["id"] for path in sorted(folder.glob("*.toml")) for entry in _read(path)["finding"]]


if __name__ == "__main__":
    (FOLDER / "coverage.md").write_text(page(all_findings()), encoding="utf-8")
