"""The wheel, as it runs on a stranger's machine."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest

from explain_log import __version__

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "deepseek-r1-70b-8gpu.log"
NOBODY = 65534
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(scope="module")
def place():
    """A folder that other users can enter; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="explain-log-wheel-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def wheel(place):
    """The wheel, built without build isolation and so without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place / "dist")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = (place / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def venv(place, wheel):
    """A virtual environment that holds nothing but the wheel: not even its dependencies."""
    folder = place / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def elsewhere(place):
    """A log in a folder and a home that nobody can write to."""
    for name in ("home", "logs"):
        (place / name).mkdir()
    shutil.copy(EXAMPLE, place / "logs" / "server.log")
    for name in ("home", "logs"):
        (place / name).chmod(0o555)
    return place


def works(*command):
    """Whether this machine can do something."""
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0


def run(elsewhere, command, *, stranger=False, variables=None):
    """Runs a command in the folder of the log, with the read-only home, and gives its standard output."""
    prefix = []
    if stranger:
        prefix = ["unshare", "-n"] if works("unshare", "-n", "true") else []
        prefix += ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    environment = {"HOME": str(elsewhere / "home"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(variables or {})}
    done = subprocess.run(
        [*prefix, *map(str, command)], cwd=elsewhere / "logs", env=environment, capture_output=True, timeout=120
    )
    errors = done.stderr.decode()
    assert done.returncode == 0, errors
    return done.stdout.decode(), errors


def test_the_wheel_carries_the_knowledge_and_the_prompts(wheel):
    """Compiled knowledge, prompts, licence and type marker are inside; tests and sources of the knowledge are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    prompts = {f"explain_log/_prompts/{path.name}" for path in (ROOT / "prompts").glob("*") if path.is_file()}
    assert {"explain_log/_knowledge.bundle", "explain_log/py.typed"} | prompts <= names
    assert f"explain_log-{__version__}.dist-info/licenses/LICENSE" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"explain_log", f"explain_log-{__version__}.dist-info"}
    assert not [name for name in names if name.endswith((".pyc", ".tsv")) or "build_hook" in name]


@pytest.mark.parametrize("kind", ["*.py", "*.html", "*.css"])
def test_every_module_template_and_style_is_in_the_wheel(wheel, kind):
    """What git ignores by mistake would be missing."""
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {str(path.relative_to(ROOT / "service")) for path in (ROOT / "service" / "explain_log").rglob(kind)}
    assert files
    assert files <= names


def test_a_wheel_made_from_the_source_archive_is_the_same(place, wheel):
    """`python -m build` goes that way: what the source archive lacks would be missing."""
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(place / "again"), "--target"]
    subprocess.run([*build, "sdist"], cwd=ROOT, check=True, capture_output=True)
    (archive,) = (place / "again").glob("*.tar.gz")
    (place / "source").mkdir()
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(place / "source")], check=True)
    (source,) = (place / "source").iterdir()
    subprocess.run([*build, "wheel"], cwd=source, check=True, capture_output=True)
    (again,) = (place / "again").glob("*.whl")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("form", ["json", "text", "markdown"])
def test_the_command_runs_in_an_empty_environment(venv, elsewhere, form):
    """Another folder, a home that cannot be written to, no dependency there: the rules' answer needs none."""
    out, errors = run(elsewhere, [venv / "bin" / "explain-log", "--no-llm", "--format", form, "server.log"])
    assert "Traceback" not in errors
    assert "81" in out


@pytest.mark.skipif(not IS_ROOT or not shutil.which("setpriv"), reason="only root can become another user")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_runs_as_nobody_without_a_network(venv, elsewhere, language):
    """Not root, no network, nothing writable: the whole report is there."""
    reachable = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", str(venv / "bin" / "python")]
    if not works(*reachable, "-c", "pass"):
        pytest.skip("nobody cannot run this interpreter")
    command = [venv / "bin" / "explain-log", "--no-llm", "--format", "json", "--lang", language, "server.log"]
    report = json.loads(run(elsewhere, command, stranger=True)[0])
    assert report["language"] == language
    assert report["loads"][0]["layers_offloaded"] == 81
    assert report["source"]["recognised_lines"] > 50
    assert report["findings"]


def test_the_json_path_imports_nothing_heavy(venv, elsewhere):
    """Where the dependencies are there, a run with --no-llm does not touch them."""
    command = [venv / "bin" / "python", "-X", "importtime", venv / "bin" / "explain-log", "--no-llm", "--format", "json"]
    dependencies = {"PYTHONPATH": sysconfig.get_path("purelib")}
    out, errors = run(elsewhere, [*command, "server.log"], variables=dependencies)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in errors.splitlines()}
    assert json.loads(out)["schema_version"] == "1.0"
    assert "explain_log" in imported
    heavy = {"fastapi", "httpx", "langchain_core", "ollama", "pydantic", "rich", "tomllib", "asyncio"}
    assert not imported & heavy


def test_the_version_is_the_same_everywhere(venv, elsewhere, wheel):
    """The command, the wheel and the package agree."""
    out, _ = run(elsewhere, [venv / "bin" / "explain-log", "--version"])
    assert __version__ in out
    assert wheel.name.startswith(f"explain_log-{__version__}-")
