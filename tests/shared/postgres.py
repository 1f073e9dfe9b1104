"""A PostgreSQL of the tests' own: Debian's programs, a new cluster in a temporary folder, loopback only."""

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

_ACCOUNT = "postgres"


def programs() -> str | None:
    """The folder of the newest installed PostgreSQL's programs, or None."""
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(f"{path}/initdb")]
    if found:
        return max(found, key=lambda path: int(path.split("/")[4].split(".")[0]))
    on_path = shutil.which("initdb")
    return os.path.dirname(on_path) if on_path else None


def needed() -> None:
    """Leaves a test out where PostgreSQL is not installed; where CI runs it is an error."""
    if programs() is None:
        assert "CI" not in os.environ, "PostgreSQL is missing: run .ci/tools first"
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql (.ci/tools does)")


@contextlib.contextmanager
def running():
    """Starts a server, gives its URL and stops it. Raises FileNotFoundError where PostgreSQL is not installed."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("PostgreSQL is not installed (apt-get install postgresql)")
    place = tempfile.mkdtemp(prefix="explain-log-postgres-")
    account = {}
    if os.geteuid() == 0:  # it refuses to run as root
        shutil.chown(place, _ACCOUNT, _ACCOUNT)
        account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = {"cwd": place, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **account}
    try:
        made = [
            f"{folder}/initdb",
            "-D",
            f"{place}/data",
            "-U",
            "tester",
            "-A",
            "trust",
            "-N",
            "--locale=C.UTF-8",
            "-E",
            "UTF8",
        ]
        subprocess.run(made, check=True, **run)
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={place}", "-c", "fsync=off"]
        server = subprocess.Popen([f"{folder}/postgres", "-D", f"{place}/data", "-p", str(port), *options], **run)
        try:
            _wait(port, server)
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _wait(port, server, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended with {server.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start")


def new_database(url):
    """Makes an empty database; gives its name."""
    import asyncio
    import secrets

    import asyncpg

    name = f"t{secrets.token_hex(6)}"

    async def make():
        connection = await asyncpg.connect(url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(make())
    return name
