"""What README.md tells a reader to type, so that CI runs just that.

    python3 .ci/readme.py main       the steps of the command that explains the example, one a line
    python3 .ci/readme.py test       the steps of the command that runs the tests
    python3 .ci/readme.py outputs EXPLAIN_LOG
                                     compares every shown output with what the command EXPLAIN_LOG prints

A command is the fenced block after a comment such as `<!-- ci: main -->`. A shown output is a fenced block that
begins with `$ explain-log …`; a line that is only `…` stands for lines that are left out, the end may be left
out as well, and lines may be broken at other places.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

LANGUAGES = {"README.md": "en", "README.zh.md": "zh"}
_FENCE = re.compile(r"^(?:<!-- ci: (?P<name>\w+) -->\n+)?```[^\n]*\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_LEFT_OUT = re.compile(r"^\s*(?:…+|\.\.\.)\s*$", re.MULTILINE)


def fences(readme: str) -> list[tuple[str | None, str]]:
    """(name in the comment above or None, text) of every fenced block of a file."""
    path = Path(readme)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [(found["name"], found["body"]) for found in _FENCE.finditer(text)]


def steps(name: str) -> list[str]:
    """The steps of README.md's command of that name."""
    for found, body in fences("README.md"):
        if found == name:
            return [step for line in body.splitlines() for step in line.split(" && ")]
    raise SystemExit(f"README.md has no fenced block after <!-- ci: {name} -->")


def missing_part(shown: str, real: str) -> str | None:
    """The first part of a shown output that the real one lacks, or None where all is there, in order."""
    printed, position = squeezed(real), 0
    for part in _LEFT_OUT.split(shown):
        place = printed.find(squeezed(part), position)
        if place < 0:
            return part.strip()
        position = place + len(squeezed(part))
    return None


def squeezed(text: str) -> str:
    """Without blanks and line ends: the width of a page is the reader's."""
    return "".join(text.split())


def wrong_outputs(command: str) -> int:
    """Tells of every shown output that is not what the command prints; gives their number."""
    wrong = 0
    for readme, language in LANGUAGES.items():
        for _, body in fences(readme):
            first, _, shown = body.partition("\n")
            if not first.startswith("$ explain-log "):
                continue
            done = subprocess.run(
                [*shlex.split(command), *shlex.split(first)[2:]], capture_output=True, stdin=subprocess.DEVNULL,
                env=os.environ | {"EXPLAIN_LOG_LANG": language}, encoding="utf-8",
            )  # fmt: skip
            part = missing_part(shown, done.stdout)
            if part is not None:
                wrong += 1
                print(f"{readme}: `{first[2:]}` does not print this:\n{part}\n{done.stderr}")
    return wrong


def main() -> None:
    """Does what the first word says."""
    if sys.argv[1] == "outputs":
        raise SystemExit(1 if wrong_outputs(sys.argv[2]) else 0)
    print("\n".join(steps(sys.argv[1])))


if __name__ == "__main__":
    main()
