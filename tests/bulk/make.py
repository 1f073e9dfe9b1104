"""Makes logs of all that a server may print, at random but the same for the same seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log"
PATHS = (
    "/api/chat",
    "/api/generate",
    "/api/tags",
    "/v1/chat/completions",
    "/api/pull",
    "/api/show?name=x",
    "/api/blobs/sha256:0a",
)
PLAIN = (
    'level=DEBUG source=sched.go:{n} msg="evaluating already loaded" model=/models/blobs/sha256-{h}',
    'level=DEBUG source=sched.go:{n} msg="context for request finished" runner.name=registry.ollama.ai/library/llama3:latest refCount=0',
    'level=DEBUG source=cache.go:104 msg="loading cache slot" id=0 cache={n} prompt={n} used=3 remaining=4',
    'level=DEBUG source=server.go:966 msg="new runner detected, loading model for cgo tokenization"',
    'level=DEBUG source=sched.go:107 msg="a message nobody knows" size={n}',
)
RARE = (
    'level=DEBUG source=routes.go:1 msg="chat request" images=0 prompt="tell me about {n}: and \\"more\\""',
    'level=DEBUG source=routes.go:1 msg="chat request" images=0 prompt="你好，{n}"',
    'level=WARN source=runner.go:129 msg="truncating input prompt" limit=2048 prompt={n} keep=4 new=2048',
    'level=WARN source=sched.go:646 msg="gpu VRAM usage didn\'t recover within timeout" seconds=5.1 model=/models/x',
    'level=INFO source=routes.go:1 msg="server config" env="map[OLLAMA_DEBUG:true OLLAMA_HOST:http://0.0.0.0:11434]"',
    'level=DEBUG source=sched.go:107 msg="context for request finished" password=hunter{n}xyz model=/home/alice{k}/m',
    'level=DEBUG source=sched.go:107 msg="context for request finished" path="C:\\\\" mail=bob{k}@example.org',
    'level=DEBUG source=sched.go:107 msg="context for request finished" text="open quotes',
    'level=INFO source=server.go:1 msg="[GIN] 2025/02/11 - 11:00:00" size=1',
)
OTHER = (
    "an unknown line with {n} in it",
    "",
    "\x00\x00\x00",
    "progress 1%\rprogress 2%\rprogress {n}%",
    "\x1b[31mred {n}\x1b[0m",
    "llama_model_loader: - type  f32:  {n} tensors",
    "ggml_cuda_init: found 1 CUDA devices:",
    "x" * 3000,
    "-----BEGIN RSA PRIVATE KEY-----",
    "MIIEexample{n}",
    "-----END RSA PRIVATE KEY-----",
    "a b" * 30000,
    "time=2025-02-11T11:00:00.000+08:00 level=INFO source=a.go:1 msg=hi[GIN] 2025/02/11 - 11:00:00 | 200 |",
)


def lines(seed: int, count: int, *, calm: bool = False) -> list[str]:
    """Lines without their ends. calm: few that must be looked at."""
    chance = random.Random(seed)
    clock = datetime(2025, 2, 11, 11, 0, tzinfo=timezone(timedelta(hours=8)))
    load = EXAMPLE.read_text(encoding="utf-8").splitlines()[:106]
    loud = 0.005 if calm else 0.1
    found: list[str] = []
    while len(found) < count:
        clock += timedelta(milliseconds=chance.randint(1, 9_000))
        if chance.random() < (0.0003 if calm else 0.004):
            found += load[: chance.choice((106, 106, 60))]
        numbers = {"n": chance.randint(1, 400), "h": f"{chance.getrandbits(256):064x}", "k": chance.randint(1, 9)}
        kind = chance.random()
        if kind < loud / 2:
            found.append(chance.choice(OTHER).format(**numbers))
        elif kind < loud:
            found.append(f"time={clock.isoformat(timespec='milliseconds')} {chance.choice(RARE).format(**numbers)}")
        elif kind < 0.4:
            found.append(
                f"time={clock.isoformat(timespec='milliseconds')} {chance.choice(PLAIN[: 4 if calm else 5]).format(**numbers)}"
            )
        else:
            found.append(_request(chance, clock))
    return found


def _request(chance: random.Random, clock: datetime) -> str:
    seconds = chance.expovariate(0.05 if chance.random() < 0.1 else 1)
    took = _go_duration(seconds if chance.random() < 0.8 else seconds / 1e5)
    status = chance.choice(("200",) * 30 + ("404", "400", "499", "500", "503"))
    client = chance.choice(
        ("127.0.0.1", "192.168.1.5", "8.8.4.4", "2a00:1450:4001::200e", f"9.9.9.{chance.randint(1, 30)}")
    )
    return f'[GIN] {clock:%Y/%m/%d - %H:%M:%S} | {status} | {took:>13} | {client:>15} | {"POST":<8} "{chance.choice(PATHS)}"'


def _go_duration(seconds: float) -> str:
    if seconds >= 60:
        return f"{int(seconds // 60)}m{seconds % 60:.9f}s"
    if seconds >= 1:
        return f"{seconds:.9f}s"
    return f"{seconds * 1e3:.6f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3f}µs"


def _stamp(number: int) -> datetime:
    return datetime(2025, 2, 11, 3, 0, tzinfo=UTC) + timedelta(milliseconds=37 * number)


WRAPPINGS = {
    "journald short": lambda n: f"{_stamp(n):%b %d %H:%M:%S} gpu-box ollama[{1234 + n // 700}]: ",
    "journald short-precise": lambda n: f"{_stamp(n):%b %d %H:%M:%S.%f} gpu-box ollama[1234]: ",
    "journald short-iso": lambda n: f"{_stamp(n):%Y-%m-%dT%H:%M:%S}+0800 gpu-box ollama[1234]: ",
    "journald short-iso-precise": lambda n: f"{_stamp(n):%Y-%m-%dT%H:%M:%S.%f}+08:00 gpu-box ollama[1234]: ",
    "docker compose": lambda n: f"ollama-{1 + n % 2}  | ",
    "docker compose -t": lambda n: f"ollama-1  | {_stamp(n):%Y-%m-%dT%H:%M:%S.%f}123Z ",
    "docker logs -t": lambda n: f"{_stamp(n):%Y-%m-%dT%H:%M:%S.%f}123Z ",
    "stern": lambda n: f"ollama-7d4b9c6f5d-x2x{'bcdf'[n % 4]}k ollama ",
    "kubectl --prefix": lambda n: "[pod/ollama-7d4b9c6f5d-x2x9k/ollama] ",
    "kubectl --prefix --timestamps": lambda n: f"[pod/ollama-0/ollama] {_stamp(n):%Y-%m-%dT%H:%M:%S.%f}123Z ",
}
"""What collectors put before a line, by its number."""


def wrapped(texts: list[str], kind: str) -> list[str]:
    """The lines as a collector gives them."""
    return [WRAPPINGS[kind](number) + text for number, text in enumerate(texts)]
