"""Standard output and error: UTF-8 whatever the locale says, and calm when the reader has gone away."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import TextIO

NAME = "explain-log"
DEFAULT_WIDTH = 80


class CannotWrite(Exception):
    """The result cannot be written, for example to a full disk."""


def prepare() -> None:
    """Makes both streams UTF-8: Chinese must not fail under LANG=C, nor a name that is no Unicode."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def write(text: str) -> None:
    """Writes a part of the result. Raises CannotWrite; a reader that went away (`| head -1`) is none."""
    _write(lambda stream: stream.write(text))


def write_json(value: object) -> None:
    """Writes a value as JSON."""
    import json

    write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_bytes(data: bytes) -> None:
    """The same for what is no text."""
    _write(lambda stream: stream.buffer.write(data))


def _write(put: Callable[[TextIO], object]) -> None:
    if sys.stdout is None:
        raise CannotWrite(os.strerror(errno.EBADF))
    try:
        put(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        if error.errno != errno.EINVAL or os.name != "nt":  # how Windows tells of a closed pipe
            raise CannotWrite(error.strerror or str(error)) from error


def finish() -> None:
    """Writes what is still held back, so that no error comes after the last handler."""
    if sys.stdout is not None:
        write("")


def _discard(stream: TextIO) -> None:
    """Lets the rest of a stream go nowhere: the interpreter flushes it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say(text: str) -> None:
    """Writes a line to standard error."""
    from explain_log.render.safe import visible

    tell(f"{NAME}: {visible(text)}\n")


def tell(text: str) -> None:
    """Writes to standard error as it is; that nobody can read it is no reason to fail."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is looking at the stream (or typing into it)."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def shows_colour(choice: str) -> bool:
    """Whether standard output gets colours. choice: auto, always or never; auto heeds NO_COLOR and TERM."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal(sys.stdout):
        return False
    if os.name == "nt":
        os.system("")  # noqa: S605, S607 - switches a Windows console to understand escape sequences
    return True


def width() -> int:
    """The columns of a page: COLUMNS, else the terminal's, else 80."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    try:
        return os.get_terminal_size(1).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH
