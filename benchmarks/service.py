"""Measures the service on this machine, over loopback: `python benchmarks/service.py throughput|jobs|overload`.

throughput  POST /v1/explain with llm=false against an endpoint that reads the same body and returns stored JSON of the
            same size, in the same set-up (uvicorn, one process, the same HTTP class), with wrk and 32 connections:
            the same log again, and each log different by one number.
jobs        1,000 promised reports at once against a scripted slow model; the service is killed in the middle.
overload    ten times as many clients as there are workers, against one client.

wrk is Debian's (apt-get install wrk). Figures: docs/service.md.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
SEED = (ROOT / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")
_NUMBER = "14.32"
_LUA = """
local file = io.open("%(body)s", "r")
local body = file:read("*a")
file:close()
local head, tail = %(head)s
local count = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/plain"
wrk.headers["Accept"] = "application/json"
function init(args) math.randomseed(os.time()) count = math.random(1, 1000000000) end
function request()
  count = count + 1
  if tail then return wrk.format(nil, nil, nil, head .. count .. tail) end
  return wrk.format(nil, nil, nil, body)
end
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def place_of_a_number() -> int:
    """Where in the log a number stands that can be any: seconds of a load."""
    found = re.search(r"(\d+\.\d\d) seconds", SEED)
    return found.start() if found else 0


@contextlib.contextmanager
def running(command: list[str], port: int, **environment: str):
    """A server as a process; waits until it answers."""
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "service"), **environment})
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
                break
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def service_command(folder: str, port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "explain_log", "serve", "--port", str(port), "--database",
            f"sqlite:///{folder}/reports.sqlite", *more]  # fmt: skip


def wrk(url: str, lua: str, seconds: int, connections: int = 32) -> dict[str, float]:
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s", lua, url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    latency = {p: float(n) * units[u] for p, n, u in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", done)}
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    errors = re.search(r"Socket errors: (.*)", done)
    if errors:
        print("   ", errors[0])
    rps = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    return {"rps": rps, "p50_ms": latency["50"], "p99_ms": latency["99"], "failed": int(failed[1]) if failed else 0}


def throughput(seconds: int) -> None:
    """The ratios of figures (a) and (b)."""
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder, "seed.log")
        body.write_text(SEED, encoding="utf-8")
        same, different = Path(folder, "same.lua"), Path(folder, "different.lua")
        at = place_of_a_number()
        same.write_text(_LUA % {"body": body, "head": "nil, nil"})
        different.write_text(_LUA % {"body": body, "head": f"body:sub(1, {at}), body:sub({at + 2})"})
        report = json.loads(_explain_once(folder))
        stored = Path(folder, "stored.json")
        stored.write_text(json.dumps(report, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        port = free_port()
        with running([sys.executable, __file__, "_baseline", str(stored), str(port)], port):
            wrk(f"http://127.0.0.1:{port}/v1/explain", str(same), 2)
            base = wrk(f"http://127.0.0.1:{port}/v1/explain", str(same), seconds)
        print("baseline ", base)
        port = free_port()
        with running(service_command(folder, port, "--no-llm"), port):
            url = f"http://127.0.0.1:{port}/v1/explain?llm=false&language=en"
            wrk(url, str(same), 2)
            again = wrk(url, str(same), seconds)
            print("same log ", again)
            anew = wrk(url, str(different), seconds)
            print("each anew", anew)
        print(
            f"(a) requests {again['rps'] / base['rps']:.2f} x (>= 0.25), p99 {again['p99_ms'] / base['p99_ms']:.1f} x (<= 8)"
        )
        print(f"(b) requests {anew['rps'] / base['rps']:.3f} x (>= 0.03), p99 {anew['p99_ms']:.0f} ms")


def _explain_once(folder: str) -> bytes:
    port = free_port()
    with running(service_command(folder, port, "--no-llm"), port):
        url = f"http://127.0.0.1:{port}/v1/explain?llm=false&language=en"
        request = urllib.request.Request(url, SEED.encode(), {"Content-Type": "text/plain"})
        return urllib.request.urlopen(request, timeout=60).read()


def baseline(stored: str, port: int) -> None:
    """The endpoint to compare with."""
    import uvicorn
    from explain_log.api.server import PatientlyNot
    from fastapi import FastAPI, Request, Response

    text = Path(stored).read_bytes()
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {}

    @app.post("/v1/explain")
    async def explain(request: Request) -> Response:
        await request.body()
        return Response(text, media_type="application/json")

    explain.__annotations__["request"] = Request
    uvicorn.run(app, port=port, log_level="warning", access_log=False, http=PatientlyNot, ws="none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["throughput", "jobs", "overload", "_baseline"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--count", type=int, default=1000)
    asked = parser.parse_args()
    if asked.what == "_baseline":
        baseline(asked.rest[0], int(asked.rest[1]))
    elif asked.what == "throughput":
        throughput(asked.seconds)
    elif asked.what == "jobs":
        jobs(asked.count)
    else:
        overload(asked.seconds)


if __name__ == "__main__":
    main()
