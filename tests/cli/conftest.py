"""How the tests of the command line run it: as its users do, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "examples" / "deepseek-r1-70b-8gpu.log"
COMMAND = [sys.executable, "-m", "explain_log"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def seed() -> str:
    """The log that the project began with."""
    return str(SEED)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment without anything of the person who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "service"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "EXPLAIN_LOG_CACHE_DIR": os.environ.get("EXPLAIN_LOG_CACHE_DIR", str(Path("~/.cache/explain-log").expanduser())),
        "LC_ALL": "C",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs explain-log with these arguments and variables; gives status, output and errors as text."""

    def run(*arguments: str, stdin: str | bytes = "", **variables: str) -> subprocess.CompletedProcess[str]:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*COMMAND, *arguments], input=data, capture_output=True, env=environment | variables, timeout=60
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    """Writes config.toml where explain-log looks for it."""

    def write(text: str) -> Path:
        path = tmp_path / "config" / "explain-log" / "config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
