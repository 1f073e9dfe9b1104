"""Explains many damaged logs and says how many broke something: an exception, a hang, a number from nowhere.

    python benchmarks/fuzz.py [--count 100000] [--seed 0] [--jobs 2] [--failures FOLDER] [--seconds N]

Seeds count up from --seed; tests/fuzz runs the first 2,000. Failing inputs are written to the folder, each with a
text file that says what happened. --seconds stops early and reports what ran.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from multiprocessing import Pool
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "service"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "fuzz"))

from checking import check
from mutations import mutated

BATCH, HANG_SECONDS = 100, 30


def _hangs(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError("hangs")


def run(first: int) -> list[tuple[int, list[str], list[str]]]:
    """The failures of one batch: (seed, what was done to the log, what went wrong)."""
    failures = []
    signal.signal(signal.SIGALRM, _hangs)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + BATCH):
            data, done = mutated(seed)
            signal.alarm(HANG_SECONDS)
            found = check(Path(folder) / "fuzz.log", data, ("zh", "en")[seed % 2])
            signal.alarm(0)
            if found:
                failures.append((seed, done, found))
    return failures


def keep(folder: Path, seed: int, done: list[str], found: list[str]) -> None:
    """Writes a failing input and what happened."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{seed}.log").write_bytes(mutated(seed)[0])
    (folder / f"{seed}.txt").write_text("\n".join((" ".join(done), *found, "")), encoding="utf-8")


def main() -> None:
    """Runs and prints a Markdown table of one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    started, ran, failed, kinds = time.monotonic(), 0, 0, Counter[str]()
    with Pool(options.jobs) as pool:
        for failures in pool.imap_unordered(run, range(options.seed, options.seed + options.count, BATCH)):
            ran += BATCH
            for seed, done, found in failures:
                failed += 1
                kinds[found[0][:160]] += 1
                keep(options.failures, seed, done, found)
            if time.monotonic() - started > options.seconds:
                pool.terminate()
                break
    for kind, count in kinds.most_common(20):
        print(f"{count} × {kind}", file=sys.stderr)
    print("| logs | seconds | failures |\n|---:|---:|---:|")
    print(f"| {ran} | {time.monotonic() - started:.0f} | {failed} |")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
