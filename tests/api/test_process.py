"""The service as a process: killed, stopped, started again."""

import json
import signal
import time
from pathlib import Path

import pytest
from evals.scripted import ScriptedOllama

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")


def variant(number):
    return EXAMPLE.replace("231.27", f"{number}.27").encode()


def promised(process, count, *more):
    """Posts so many logs to be answered later; gives their addresses."""
    answers = [process.post("/v1/explain?language=en", variant(n), prefer="respond-async") for n in range(count)]
    assert {status for status, _, _ in answers} == {202}
    return [headers["location"] for _, headers, _ in answers]


def reports_of(process, paths, seconds=60):
    """The reports, once all are there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answers = [process.get(path) for path in paths]
        if all(status != 202 for status, _, _ in answers):
            return [json.loads(body) for status, _, body in answers if status == 200]
        time.sleep(0.2)
    raise AssertionError("they did not end in time")


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_promises_outlive_the_process(start_process, ending):
    """However it ends, every promised report comes once it runs again: once each, and no raw log stays."""
    with ScriptedOllama(first_seconds=0.2, parallel=4) as ollama:
        process = start_process("--ollama-host", ollama.url, "--model-slots", "2", "--no-cache")
        paths = promised(process, 12)
        end = time.monotonic() + 30
        while len(ollama.asked) < 5 and time.monotonic() < end:
            time.sleep(0.05)
        process.stop(ending)
        process = start_process("--ollama-host", ollama.url, "--model-slots", "2", "--no-cache")
        reports = reports_of(process, paths)
    assert {report["loads"][0]["load_seconds"] for report in reports} == {n + 0.27 for n in range(12)}
    assert {report["explanation"]["origin"] for report in reports} == {"model"}
    assert [f"/v1/reports/{report['id']}" for report in reports] == paths
    assert sorted(one.name for one in (process.folder / "spool").iterdir()) == ["lock"]


def test_a_stop_lets_finish_what_runs(start_process):
    """Who waits for the model is sent away with 503, whose turn it is gets the answer."""
    import threading

    with ScriptedOllama(first_seconds=1.0, parallel=8) as ollama:
        process = start_process("--ollama-host", ollama.url, "--no-cache")
        answers = []
        clients = [
            threading.Thread(target=lambda n=n: answers.append(process.post("/v1/explain", variant(n))))
            for n in range(3)
        ]
        for one in clients:
            one.start()
        end = time.monotonic() + 30
        while not ollama.asked and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        process.stop(signal.SIGTERM)
        for one in clients:
            one.join(30)
    assert sorted(status for status, _, _ in answers) == [200, 503, 503]
    assert all("retry-after" in headers for status, headers, _ in answers if status == 503)


def test_a_client_that_goes(start_process):
    """Its request is not worked on any longer."""
    import socket

    with ScriptedOllama(first_seconds=30) as ollama:
        process = start_process("--ollama-host", ollama.url, "--no-cache")
        with socket.create_connection(("127.0.0.1", process.port)) as one:
            body = variant(1)
            one.sendall(
                b"POST /v1/explain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            end = time.monotonic() + 30
            while not ollama.exchanges and time.monotonic() < end:
                time.sleep(0.05)
        while not ollama.exchanges[0].broken and time.monotonic() < end:
            time.sleep(0.05)
        assert ollama.exchanges[0].broken


def test_the_container_s_first_start(start_process):
    """In the image it listens everywhere, makes a key and prints it; the key opens."""
    process = start_process("--host", "0.0.0.0", "--no-llm", EXPLAIN_LOG_CONTAINER="1")
    token = next(word for word in process.output().split() if word.startswith("el_"))
    assert process.get("/v1/terms")[0] == 401
    assert process.get("/v1/terms", authorization=f"Bearer {token}")[0] == 200
    process.stop(signal.SIGTERM)
    again = start_process("--host", "0.0.0.0", "--no-llm", EXPLAIN_LOG_CONTAINER="1")
    assert "el_" not in again.output()
    assert again.get("/v1/terms", authorization=f"Bearer {token}")[0] == 200
