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
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CLIENTS_NICENESS = 10
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
def running(command: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
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
    return [
        sys.executable,
        "-m",
        "explain_log",
        "serve",
        "--port",
        str(port),
        "--database",
        f"sqlite:///{folder}/reports.sqlite",
        *more,
    ]


def wrk(url: str, lua: str, seconds: int, connections: int = 32) -> dict[str, float]:
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s", lua, url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    latency = {p: float(n) * units[u] for p, n, u in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", done)}
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    errors = re.search(r"Socket errors: (.*)", done)
    if errors:
        print("   ", errors[0])
    rps = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    return {
        "rps": rps,
        "p50_ms": latency["50"],
        "p99_ms": latency["99"],
        "failed": int(failed[1]) if failed else 0,
    }


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
            f"(a) requests {again['rps'] / base['rps']:.2f} x (>= 0.25), p99 "
            f"{again['p99_ms'] / base['p99_ms']:.1f} x (<= 8)"
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
    from fastapi import FastAPI, Request, Response

    from explain_log.api.server import PatientlyNot

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


def ollama(port: int, parallel: int, seconds: float) -> None:
    """A slow model: each answer takes so long, and comes in one piece."""
    sys.path.insert(0, str(ROOT))
    from evals.scripted import ScriptedOllama

    with ScriptedOllama(
        parallel=parallel, queue=100_000, first_seconds=seconds, piece_characters=1 << 16, port=port
    ) as scripted:
        while True:
            time.sleep(5)
            scripted.exchanges.clear()


async def ask(
    port: int, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: close",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {n.lower(): v for n, _, v in (row.partition(": ") for row in rest)}, content


def variant(number: int) -> bytes:
    at = place_of_a_number()
    return f"{SEED[:at]}{number}{SEED[at + 2 :]}".encode()


def memory_mib(pid: int) -> float:
    """What a process and its children take."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    rows = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in (pid, *children)]
    return sum(int(re.search(r"Pss:\s+(\d+)", row)[1]) for row in rows) / 1024


@contextlib.contextmanager
def slow_model(parallel: int) -> Iterator[tuple[str, int]]:
    """A folder for the service's files, and the port of a slow model that gives so many answers at a time."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        process = subprocess.Popen([sys.executable, __file__, "_ollama", str(port), str(parallel), "0.1"])
        try:
            yield folder, port
        finally:
            process.kill()
            process.wait()


def jobs(count: int) -> None:
    """Promised reports with a slow model, killed in the middle."""
    with slow_model(8) as (folder, model):
        caches = os.environ.get("EXPLAIN_LOG_CACHE_DIR", folder)
        environment = {"EXPLAIN_LOG_DATA_DIR": folder, "EXPLAIN_LOG_CACHE_DIR": caches}
        asyncio.run(_jobs(count, folder, model, environment))


async def _jobs(count: int, folder: str, model: int, environment: dict[str, str]) -> None:
    port = free_port()
    command = service_command(folder, port, "--ollama-host", f"http://127.0.0.1:{model}", "--model-slots", "4")
    most = 0.0
    began = time.monotonic()
    with running(command, port, **environment) as process:
        heads = {"Prefer": "respond-async", "Content_Type": "text/plain"}
        posts = [ask(port, "POST", "/v1/explain?language=en", variant(n), **heads) for n in range(count)]
        promised = await asyncio.gather(*posts)
        assert {status for status, *_ in promised} == {202}, "not all were promised"
        paths = [headers["location"] for _, headers, _ in promised]
        print(f"{count} promised in {time.monotonic() - began:.1f} s, {memory_mib(process.pid):.0f} MiB")
        ended = set()
        while len(ended) < count // 3:
            ended |= await _ended(port, [path for path in paths if path not in ended][:100])
            most = max(most, memory_mib(process.pid))
            await asyncio.sleep(2)
        process.kill()
        process.wait()
        print(f"killed after {len(ended)} had ended, {time.monotonic() - began:.0f} s")
    with running(command, port, **environment) as process:
        while len(ended) < count:
            ended |= await _ended(port, [path for path in paths if path not in ended][:100])
            most = max(most, memory_mib(process.pid))
            await asyncio.sleep(2)
        seconds = time.monotonic() - began
        answers = [await ask(port, "GET", path) for path in paths]
        reports = [json.loads(content) for _, _, content in answers]
        written = sum(report["explanation"]["origin"] == "model" for report in reports)
        numbers = {report["loads"][0]["load_seconds"] for report in reports}
    left = [name for name in os.listdir(Path(folder, "spool")) if name != "lock"]
    rows = sqlite3.connect(Path(folder, "reports.sqlite"))
    counts = {
        name: rows.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("pointers", "contents", "jobs")
    }
    print(
        f"all {len(reports)} ended in {seconds:.0f} s, {written} by the model, {len(numbers)} "
        f"different, most {most:.0f} MiB"
    )
    print(f"rows {counts}, raw logs left {left}")


async def _ended(port: int, paths: list[str]) -> set[str]:
    answers = await asyncio.gather(*(ask(port, "GET", path) for path in paths), return_exceptions=True)
    return {path for path, answer in zip(paths, answers, strict=True) if isinstance(answer, tuple) and answer[0] == 200}


def overload(seconds: int) -> None:
    """Ten times as many clients as may work and wait at once; those who are refused come back when they are told to."""
    with slow_model(4) as (folder, model):
        asyncio.run(_overload(seconds, folder, model, {"EXPLAIN_LOG_DATA_DIR": folder}))


async def _overload(seconds: int, folder: str, model: int, environment: dict[str, str]) -> None:
    port = free_port()
    command = service_command(folder, port, "--ollama-host", f"http://127.0.0.1:{model}", "--model-slots", "1")
    clients = 10 * (2 + 32)
    with running(command, port, **environment):
        os.nice(_CLIENTS_NICENESS)  # clients are other machines: what they cost is not the service's
        statuses, alone = await _clients(port, 1, seconds)
        print("one client  ", statuses, _times(alone))
        models = asyncio.gather(*(_with_model(port, n) for n in range(100)))
        statuses, crowd = await _clients(port, clients, seconds)
        print(f"{clients} clients", statuses, _times(crowd))
        told = await models
    print(f"latency from admission, median {statistics.median(crowd) / statistics.median(alone):.2f} x of one client's")
    kept = [ended <= promise for status, promise, ended in told if status == 200]
    refused = sum(status == 503 for status, *_ in told)
    print(f"with a model: {len(kept)} answered, {refused} told to come again; within the promised time: {sum(kept)}")


async def _clients(port: int, count: int, seconds: int) -> tuple[dict[int, int], list[float]]:
    """Statuses, and seconds from admission to a worker until the report is kept, as the answers tell."""
    end = time.monotonic() + seconds
    statuses: dict[int, int] = {}
    took: list[float] = []
    whole: list[float] = []

    async def client(number: int) -> None:
        while time.monotonic() < end:
            number += count
            began = time.monotonic()
            status, headers, _ = await ask(
                port,
                "POST",
                "/v1/explain?llm=false&language=en",
                variant(count * 1_000_000 + number),
                Content_Type="text/plain",
            )
            statuses[status] = statuses.get(status, 0) + 1
            if status == 200:
                took.append(float(re.search(r"work;dur=([\d.]+)", headers["server-timing"])[1]) / 1000)
                whole.append(time.monotonic() - began)
            else:
                await asyncio.sleep(float(headers.get("retry-after", 1)))

    await asyncio.gather(*(client(number) for number in range(count)))
    print(f"  with the wait for a worker, as {count} clients see it: {_times(whole)}")
    return statuses, took


async def _with_model(port: int, number: int) -> tuple[int, float, float]:
    """Status, the seconds that were promised when the position was first told, the seconds until done."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    body = variant(900_000 + number)
    head = f"POST /v1/explain?language=en HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Content-Type: text/plain\r\nAccept: text/event-stream\r\n\r\n".encode() + body)
    status, promise, began, event = 0, 0.0, 0.0, ""
    while line := (await reader.readline()).decode().strip("\r\n") or not reader.at_eof():
        text = str(line)
        if text.startswith("HTTP/1.1"):
            status = int(text.split()[1])
            if status != 200:
                break
        elif text.startswith("event: "):
            event = text[7:]
        elif text.startswith("data: ") and event == "progress":
            told = json.loads(text[6:])
            if "promised_seconds" in told and not promise:
                promise, began = told["promised_seconds"], time.monotonic()
        elif text.startswith("data: ") and event == "done":
            status = json.loads(text[6:]).get("problem", {}).get("status", status)
            break
    writer.close()
    return status, promise, time.monotonic() - began


def _times(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    median_ms, p95_ms = statistics.median(ordered) * 1000, ordered[len(ordered) * 95 // 100] * 1000
    return f"n {len(ordered)}, median {median_ms:.0f} ms, p95 {p95_ms:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["throughput", "jobs", "overload", "_baseline", "_ollama"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--count", type=int, default=1000)
    asked = parser.parse_args()
    if asked.what == "_baseline":
        baseline(asked.rest[0], int(asked.rest[1]))
    elif asked.what == "_ollama":
        ollama(int(asked.rest[0]), int(asked.rest[1]), float(asked.rest[2]))
    elif asked.what == "throughput":
        throughput(asked.seconds)
    elif asked.what == "jobs":
        jobs(asked.count)
    else:
        overload(asked.seconds)


if __name__ == "__main__":
    main()
