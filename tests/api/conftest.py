"""A service for tests: its own database and folder, one worker, no model unless a test brings one."""

import contextlib

import pytest
from fastapi.testclient import TestClient

from explain_log.api.app import make_app
from explain_log.api.options import ServiceOptions
from explain_log.narration.options import ModelOptions


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
    with serving(tmp_path_factory.mktemp("service"), body_idle_seconds=2.0) as client:
        yield client


@pytest.fixture
def own_client(tmp_path):
    """Makes services with options of a test's own."""
    with contextlib.ExitStack() as open_clients:
        yield lambda **options: open_clients.enter_context(serving(tmp_path, **options))
