"""Measures `explain-log FILE --no-llm --format json` on big logs beside `rg -c` with six patterns, in turns.

    python benchmarks/big_log.py --size 300 --size 1074 --runs 5

Prints a Markdown table: medians of the seconds of the whole process, their ratio, MB/s, CPU seconds of all
processes (which other load on the machine changes less), and the peak of memory
(of the largest process, and of all together where /proc tells). Without ripgrep there is no ratio.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from make_log import lines

# What one would look for by hand. The first one takes most of the time; six plain words take a third of it.
PATTERNS = (
    r"\[GIN\].*\| [45]\d\d \|",
    "level=(WARN|ERROR)",
    r"offloaded \d+/\d+ layers",
    r"buffer size = +[\d.]+ MiB",
    "n_seq_max +=",
    r"runner started in [\d.]+ seconds",
)
COMMAND = [sys.executable, "-m", "explain_log"]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--size", type=int, action="append", help="MB; several times for several logs")
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    rg = shutil.which("rg")
    if rg is None:
        print("rg (ripgrep) is not installed: no ratio", file=sys.stderr)
    print(
        "| log | lines | `rg -c`, 6 patterns | explain-log | ratio | MB/s | CPU seconds"
        " | peak of one process | of all |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in chosen.size or [300]:
            log = Path(folder) / f"{size}.log"
            count = 0
            with log.open("w", encoding="utf-8") as file:
                for line in lines(size):
                    file.write(line)
                    count += 1
            print(row(log, count, rg, chosen.runs), flush=True)
            log.unlink()


def row(log: Path, count: int, rg: str | None, runs: int) -> str:
    """The table's row for one log."""
    theirs, ours, busy, one, together = [], [], [], 0, 0
    for _ in range(runs):
        if rg is not None:
            patterns = [word for pattern in PATTERNS for word in ("-e", pattern)]
            theirs.append(run([rg, "-c", *patterns, str(log)])[0])
        seconds, cpu, largest, whole = run([*COMMAND, str(log), "--no-llm", "--format", "json"])
        ours.append(seconds)
        busy.append(cpu)
        one, together = max(one, largest), max(together, whole)
    size, took = log.stat().st_size / 1e6, median(ours)
    beside = f"{median(theirs):.2f} s" if theirs else "–"
    ratio = f"{took / median(theirs):.1f}" if theirs else "–"
    return (
        f"| {size:.0f} MB | {count:,} | {beside} | {took:.2f} s | {ratio} | {size / took:.0f} |"
        f" {median(busy):.2f} | {one / 1024:.0f} MiB | {together / 1024:.0f} MiB |"
    )


def run(command: list[str]) -> tuple[float, float, int, int]:
    """(seconds, CPU seconds, most KiB of its largest process, most KiB of all its processes at one time)."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = [0, 0]
    watch = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, max(usage.ru_maxrss, peak[0]), max(usage.ru_maxrss, peak[1])


def _watch(pid: int, peak: list[int]) -> None:
    """Looks at the memory of a process and its children twenty times a second, until it is gone."""
    while True:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            sizes = [_resident(number) for number in (str(pid), *children)]
        except OSError:
            return
        if not sizes[0]:
            return
        peak[0], peak[1] = max(peak[0], *sizes), max(peak[1], sum(sizes))
        time.sleep(0.05)


def _resident(pid: str) -> int:
    """KiB of memory that a process holds now; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


if __name__ == "__main__":
    main()
