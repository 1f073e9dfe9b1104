"""What holds the repository together: import contracts, dependencies, versions, CI."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from explain_log import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES = sorted((ROOT / "service" / "explain_log").rglob("*.py"))
DISTRIBUTIONS = {
    "prometheus_client": "prometheus-client",
    "langchain_core": "langchain-core",
    "pydantic_settings": "pydantic-settings",
    "resvg_py": "resvg-py",
    "slack_bolt": "slack-bolt",
    "slack_sdk": "slack-sdk",
    "dingtalk_stream": "dingtalk-stream",
    "aibot": "wecom-aibot-python-sdk",
}
# What a single format or bot needs is in an extra of its own; without it that one says how to install it.
EXTRAS = ("png", "slack", "feishu", "dingtalk", "wecom")


def test_rooms_import_only_from_rooms_before_them():
    """The contracts of pyproject.toml hold."""
    linter = "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"
    code = f"import sys; sys.path.insert(0, 'service'); {linter}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT / "service")))
def test_modules_are_short(module):
    """A module of more than 300 lines is two rooms."""
    lines = module.read_bytes().count(b"\n")
    assert lines <= 300


def imported(module):
    """The top-level packages that a module imports."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def declared(dependencies):
    """The names of dependencies, without their bounds."""
    return {re.split(r"[\s\[<>=!~;]", dependency, maxsplit=1)[0] for dependency in dependencies}


def test_what_is_imported_is_declared():
    """A plain install has everything that the code imports."""
    outside = {name for module in MODULES for name in imported(module)} - sys.stdlib_module_names - {"explain_log"}
    names = {DISTRIBUTIONS.get(name, name) for name in outside}
    extras = (name for extra in EXTRAS for name in PROJECT["project"]["optional-dependencies"][extra])
    assert names - declared(PROJECT["project"]["dependencies"]) - declared(extras) == set()


def test_every_dependency_has_a_lower_bound():
    """An old version that happens to be installed does not do."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    everything = [*PROJECT["project"]["dependencies"], *(name for extra in extras for name in extra)]
    assert [name for name in everything if ">=" not in name and not name.startswith("explain-log[")] == []


def test_the_version_is_the_same_everywhere():
    """pyproject.toml, the package and the newest entry of the changelog."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert PROJECT["project"]["version"] == __version__
    assert re.findall(r"^## \[([\d.]+)\] - \d{4}-\d{2}-\d{2}$", changelog, re.MULTILINE)[0] == __version__


def test_the_changelog_keeps_its_form():
    """Only the headings of Keep a Changelog, and our own for the knowledge."""
    headings = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(headings) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Knowledge"}


@pytest.mark.parametrize(
    "document", ["CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md", "benchmarks/README.md"]
)
def test_links_lead_somewhere(document):
    """What a document links to in the repository is there."""
    path = ROOT / document
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def test_the_architecture_names_every_room():
    """docs/architecture.md has each module and folder of the package."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folder = ROOT / "service" / "explain_log"
    rooms = {
        path.name.removesuffix(".py")
        for path in folder.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {room for room in rooms if not room.startswith("_") and f"`{room}" not in text} == set()


class TestCi:
    """.ci/run and what it reads of the README."""

    @pytest.fixture
    def readme(self):
        """.ci/readme.py as a module."""
        spec = spec_from_file_location("ci_readme", ROOT / ".ci" / "readme.py")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def test_it_is_a_program_that_bash_understands(self):
        """A syntax error would show on a new machine only."""
        script = ROOT / ".ci" / "run"
        assert script.stat().st_mode & 0o111
        assert subprocess.run(["bash", "-n", str(script)]).returncode == 0

    @pytest.mark.parametrize("name", ["main", "test"])
    def test_the_readme_has_both_commands(self, readme, monkeypatch, name):
        """What a user and what a developer type."""
        monkeypatch.chdir(ROOT)
        steps = readme.steps(name)
        assert steps[0] == "python3 -m venv .venv"
        assert len(steps) == 3

    def test_a_readme_without_the_command_is_told(self, readme, monkeypatch, tmp_path):
        """CI must not pass because it found nothing to do."""
        (tmp_path / "README.md").write_text("```\nls\n```\n")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit):
            readme.steps("main")

    @pytest.mark.parametrize(
        ("shown", "missing"),
        [
            ("a b\nc d\n", None),
            ("a\nb c", None),
            ("a b\n…\n e\n", None),
            ("\n…\ne", None),
            ("a b\n", None),
            ("a c\n", "a c"),
            ("a\n…\nf\n", "f"),
            ("d\n…\na\n", "a"),
        ],
    )
    def test_a_shown_output_may_leave_lines_out(self, readme, shown, missing):
        """But what it shows has to be printed, in that order."""
        assert readme.missing_part(shown, "a b\nc d\n\n  e\n") == missing

    def test_shown_outputs_are_compared(self, readme, monkeypatch, tmp_path):
        """Blocks that begin with the command are outputs; others are not."""
        (tmp_path / "README.md").write_text("```text\n$ explain-log hello\n\nhello\n```\n\n```\nother\n```\n")
        monkeypatch.chdir(tmp_path)
        assert readme.wrong_outputs("echo") == 0
        (tmp_path / "README.zh.md").write_text("```\n$ explain-log hello\nbye\n```\n")
        assert readme.wrong_outputs("echo") == 1

    @pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
    def test_the_shown_outputs_are_what_is_printed(self, readme, monkeypatch, name):
        """The README does not promise what the command does not say."""
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("PYTHONPATH", "service")
        monkeypatch.setattr(readme, "LANGUAGES", {name: readme.LANGUAGES[name]})
        assert readme.wrong_outputs(f"{sys.executable} -m explain_log") == 0
