"""What a command imports: nothing that it does not use."""

import subprocess
import sys

import pytest

SLOW = ("pydantic", "rich", "fastapi", "httpx", "ollama", "asyncio", "langchain_core", "tomllib", "shtab", "jinja2")
COLOURED = ["--no-llm", "--color", "always", "{}"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-llm", "--format", "json", "{}"],
        ["--no-llm", "{}"],
        COLOURED,
        ["term", "n_ctx"],
        ["--help"],
    ],
)
def test_nothing_slow_is_imported(run, environment, seed, arguments):
    """The rules' way imports none of the libraries that cost more than the whole run may; colours need rich."""
    run("--no-llm", seed)  # a checkout compiles its knowledge once, which does need some of them
    words = [word.format(seed) for word in arguments]
    expected = ["rich"] if arguments is COLOURED else []
    script = (
        "import sys\nfrom explain_log.cli import main\n"
        f"status = main({words!r})\nprint(sorted(set({SLOW!r}) & set(sys.modules)), file=sys.stderr)\nsys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.returncode == 0
    assert done.stderr.strip() == str(expected)


def test_json_needs_no_renderer(run, environment, seed):
    """JSON is written without the modules that lay out pages."""
    script = (
        "import sys\nfrom explain_log.cli import main\n"
        f"main(['--no-llm', '--format', 'json', {seed!r}])\n"
        "print([m for m in sys.modules if m in ('explain_log.render.page', 'explain_log.render.text', 'unicodedata')],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.stderr.strip() == "[]"
