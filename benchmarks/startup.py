"""How long a whole run of explain-log takes, measured against starting the interpreter alone.

    python benchmarks/startup.py [--runs 40] [LOG]

Runs `explain-log LOG --no-llm` as JSON and as coloured text, and `python -I -c pass`, with the interpreter that
runs this script, one after the other in each round, so that other load on the machine meets all of them alike.
Prints a Markdown table with the median wall time of each and its ratio to the empty interpreter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "deepseek-r1-70b-8gpu.log"
EXPLAIN = "import sys; from explain_log.cli import main; sys.exit(main())"
"""What the installed command runs."""


def commands(log: Path) -> dict[str, list[str]]:
    """The measured command lines by name."""
    explain = [sys.executable, "-c", EXPLAIN, "--no-llm"]
    return {
        "`python -I -c pass`": [sys.executable, "-I", "-c", "pass"],
        "`--no-llm --format json`": [*explain, "--format", "json", str(log)],
        "`--no-llm --color always`": [*explain, "--format", "text", "--color", "always", str(log)],
    }


def environment() -> dict[str, str]:
    """This process's, with the checkout's package where none is installed."""
    here = {} if find_spec("explain_log") else {"PYTHONPATH": str(ROOT / "service")}
    return os.environ | here | {"EXPLAIN_LOG_LANG": "en"}


def seconds(command: list[str], variables: dict[str, str]) -> float:
    """The wall time of one run, which has to succeed."""
    started = time.perf_counter()
    subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def measure(log: Path, runs: int) -> dict[str, list[float]]:
    """The times of each command, after one round that only warms the caches."""
    lines, variables = commands(log), environment()
    times: dict[str, list[float]] = {name: [] for name in lines}
    for turn in range(runs + 1):
        for name, command in lines.items():
            taken = seconds(command, variables)
            if turn:
                times[name].append(taken)
    return times


def table(times: dict[str, list[float]]) -> str:
    """The medians as a Markdown table."""
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    base = next(iter(medians.values()))
    rows = [
        f"| {name} | {median * 1000:.1f} | {min(times[name]) * 1000:.1f} | {median / base:.2f} |"
        for name, median in medians.items()
    ]
    return "\n".join(("| command | median ms | fastest ms | ratio |", "|---|---:|---:|---:|", *rows))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?", type=Path, default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=40)
    options = parser.parse_args()
    package = "the installed package" if find_spec("explain_log") else "the checkout"
    python = sys.version.split()[0]
    print(f"Python {python}, {os.cpu_count()} cores, {options.runs} rounds, {package}, {options.log.name}\n")
    print(table(measure(options.log, options.runs)))


if __name__ == "__main__":
    main()
