"""A service for tests: its own database and folder, one worker, no model unless a test brings one."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from explain_log.api.app import make_app
from explain_log.api.options import ServiceOptions
from explain_log.narration.options import ModelOptions

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(folder, **options):
    """A client of a service of its own."""
    chosen = {
        "database": f"sqlite:///{folder}/reports.sqlite", "folder": str(folder / "spool"), "workers": 1, "cache": False,
        "shutdown_seconds": 1.0, "model": ModelOptions(host="http://127.0.0.1:9"),  # nobody answers there
    } | options  # fmt: skip
    app = make_app(ServiceOptions(**chosen))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def client(tmp_path_factory):
    """A service that many tests share."""
    with serving(tmp_path_factory.mktemp("service")) as client:
        yield client


@pytest.fixture
def own_client(tmp_path):
    """Makes services with options of a test's own."""
    with contextlib.ExitStack() as open_clients:
        yield lambda **options: open_clients.enter_context(serving(tmp_path, **options))


class Process:
    """The service as a process of its own."""

    def __init__(self, folder, arguments, environment):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        self._log = folder / f"log-{self.port}"
        command = [sys.executable, "-m", "explain_log", "serve", "--port", str(self.port), "--lang", "en", *arguments]
        variables = {
            "EXPLAIN_LOG_DATA_DIR": str(folder),
            "PYTHONPATH": str(ROOT / "service"),
            "OLLAMA_HOST": "http://127.0.0.1:9",
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stderr=log, stdout=log, env={**os.environ, **variables, **environment}
            )
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                assert self.get("/healthz")[0] == 200
                return
            assert self._process.poll() is None, self.output()
            assert time.monotonic() < end
            time.sleep(0.05)

    def get(self, path, **headers):
        """(status, headers, body)"""
        return self._ask("GET", path, None, headers)

    def post(self, path, body, **headers):
        """(status, headers, body)"""
        return self._ask("POST", path, body, {"content-type": "text/plain", **headers})

    def _ask(self, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def output(self):
        """What it wrote."""
        return self._log.read_text(encoding="utf-8")

    def stop(self, ending=signal.SIGKILL):
        """Ends it."""
        if self._process.poll() is None:
            self._process.send_signal(ending)
        self._process.wait(60)


@pytest.fixture
def start_process(tmp_path):
    """Starts services that share a folder, one after the other."""
    started = []

    def start(*arguments, **environment):
        started.append(Process(tmp_path, arguments, environment))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture(scope="session")
def process(tmp_path_factory):
    """A process that many tests share."""
    process = Process(tmp_path_factory.mktemp("process"), ["--no-llm"], {})
    yield process
    process.stop()
