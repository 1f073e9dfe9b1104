"""Writes a large server log: 8 request lines in 10, 2 debug lines in 10, a load of about 100 lines every 50,000 lines.

    python benchmarks/make_log.py 300 > /tmp/big.log        # MB

The same size gives the same log.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "deepseek-r1-70b-8gpu.log"
PATHS = (
    'POST     "/api/chat"',
    'POST     "/api/generate"',
    'GET      "/api/tags"',
    'GET      "/api/ps"',
    'POST     "/v1/chat/completions"',
    'POST     "/api/embed"',
    'GET      "/api/version"',
)
STATUSES = ("200",) * 96 + ("404", "400", "499", "500")
DEBUG = (
    'source=sched.go:{0} msg="evaluating already loaded" model=/models/blobs/sha256-{1:064x}',
    'source=sched.go:{0} msg="context for request finished" runner.name=registry.example/library/llama3 refCount=0',
    'source=server.go:{0} msg="new runner detected, loading model for cgo tokenization"',
    'source=cache.go:{0} msg="loading cache slot" id=0 cache={2} prompt={3} used={2} remaining={4}',
    'source=routes.go:{0} msg="chat request" images=0 prompt="<|start_header_id|>user<|end_header_id|>\\n\\nhello {3}"',
)


def lines(megabytes: int) -> Iterator[str]:
    """The log's lines, with their line ends, until the size is reached."""
    chance = random.Random(2025)
    clock = datetime(2025, 2, 11, 11, 0, tzinfo=timezone(timedelta(hours=8)))
    load = [line + "\n" for line in EXAMPLE.read_text(encoding="utf-8").splitlines()][:106]
    left = megabytes * 1_000_000
    number = 0
    while left > 0:
        if number % 50_000 == 1_000:
            for line in load:
                left -= len(line)
                yield line
        clock += timedelta(milliseconds=chance.randint(1, 400))
        if chance.random() < 0.8:
            seconds = chance.expovariate(0.4)
            took = f"{seconds:.9f}s" if seconds >= 1 else f"{seconds * 1000:.6f}ms"
            line = (
                f"[GIN] {clock:%Y/%m/%d - %H:%M:%S} | {chance.choice(STATUSES)} | {took:>13} |"
                f" {'127.0.0.1':>15} | {chance.choice(PATHS)}\n"
            )
        else:
            template = chance.choice(DEBUG)
            text = template.format(
                chance.choice((573, 429, 104)),
                chance.getrandbits(256),
                chance.randint(0, 4096),
                chance.randint(1, 9999),
                chance.randint(1, 512),
            )
            line = f"time={clock.isoformat(timespec='milliseconds')} level=DEBUG {text}\n"
        left -= len(line)
        number += 1
        yield line


if __name__ == "__main__":
    sys.stdout.writelines(lines(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
