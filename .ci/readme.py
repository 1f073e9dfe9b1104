"""What README.md tells a reader to type, so that CI runs just that.

    python3 .ci/readme.py run        the steps of the command that explains the example, one a line
    python3 .ci/readme.py test       the steps of the command that runs the tests
    python3 .ci/readme.py outputs EXPLAIN_LOG
                                     compares every shown output with what the command EXPLAIN_LOG prints

A command is a line of a fenced block that begins with `python3 -m venv`. A shown output is a fenced block with a
comment right above it, `<!-- output: --no-llm --lang zh examples/x.log -->`; a line that is only `…` or `...`
stands for any lines that are left out.
"""

from __future__ import annotations

import difflib
import re
import shlex
import subprocess
import sys
from pathlib import Path

READMES = ("README.md", "README.zh.md")
PURPOSES = {"run": "explain-log --no-llm", "test": "-m pytest"}
_FENCE = re.compile(r"^(?:<!-- output: (?P<shown>.+?) -->\n+)?```[^\n]*\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)


def fences(name: str) -> list[tuple[str | None, str]]:
    """(arguments whose output is shown or None, text) of every fenced block of a file."""
    path = Path(name)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [(found["shown"], found["body"]) for found in _FENCE.finditer(text)]


def steps(purpose: str) -> list[str]:
    """The steps of README.md's command for a purpose."""
    lines = [line for _, body in fences("README.md") for line in body.splitlines()]
    for line in lines:
        if line.startswith("python3 -m venv") and PURPOSES[purpose] in line:
            return line.split(" && ")
    raise SystemExit(f"README.md has no line that begins with python3 -m venv and holds {PURPOSES[purpose]!r}")


def agrees(shown: str, real: str) -> bool:
    """Whether a shown output is the real one, but for what it leaves out."""
    pieces = re.split(r"^[ \t]*(?:…|\.\.\.)[ \t]*\n", shown.rstrip() + "\n", flags=re.MULTILINE)
    pattern = "(?:.*\n)*?".join(map(re.escape, pieces))
    return re.fullmatch(pattern, real.rstrip() + "\n") is not None


def wrong_outputs(command: str) -> int:
    """Prints every shown output that is not what the command prints; gives their number."""
    wrong = 0
    for name in READMES:
        for arguments, shown in fences(name):
            if arguments is None:
                continue
            done = subprocess.run([command, *shlex.split(arguments)], capture_output=True, text=True, encoding="utf-8")
            if not agrees(shown, done.stdout):
                wrong += 1
                print(f"{name}: explain-log {arguments} prints something else:")
                print("\n".join(difflib.unified_diff(shown.splitlines(), done.stdout.splitlines(), "shown", "real")))
    return wrong


def main() -> None:
    """Does what the first word says."""
    if sys.argv[1] == "outputs":
        raise SystemExit(1 if wrong_outputs(sys.argv[2]) else 0)
    print("\n".join(steps(sys.argv[1])))


if __name__ == "__main__":
    main()
