"""The first and the last time that a log tells, without reading it all where that can be avoided."""

from __future__ import annotations

import os
import shutil
import tempfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from explain_log.lines import Origin, lines_of_text, read_lines
from explain_log.lines.source import open_input
from explain_log.lines.unpacking import is_archive

MOST_HEAD_LINES = 10_000
TAILS = (1 << 16, 1 << 20, 1 << 24)


@contextmanager
def seekable(origins: list[Origin]) -> Iterator[None]:
    """Makes inputs readable twice: what is no file is copied to a temporary one, which is deleted in the end."""
    folder: str | None = None
    try:
        for number, origin in enumerate(origins):
            if origin.path == "-" or not (os.path.isfile(origin.path) or os.path.isdir(origin.path)):
                folder = folder or tempfile.mkdtemp(prefix="explain-log-")
                copy = os.path.join(folder, str(number))
                with open_input(origin.path) as source, open(copy, "wb") as target:
                    target.writelines(origin.begun)
                    origin.begun = []
                    shutil.copyfileobj(source, target)
                origin.path = copy
        yield
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def first_time(origins: list[Origin]) -> str | None:
    """The first time that the log tells in its first lines, or None."""
    lines = islice(read_lines([_again(origin) for origin in origins]), MOST_HEAD_LINES)
    return next((line.time for line in lines if line.time is not None), None)


def last_time(origins: list[Origin]) -> str | None:
    """The last time that the log tells, or None."""
    for origin in reversed(origins):
        found = _last_time(origin)
        if found is not None:
            return found
    return None


def _again(origin: Origin) -> Origin:
    """The same input, not read yet."""
    again = Origin(origin.name, origin.first, origin.last)
    again.path = origin.path
    return again


def _last_time(origin: Origin) -> str | None:
    if origin.first is None and os.path.isfile(origin.path):
        for most in TAILS:
            text = _tail(origin.path, most)
            if text is None:
                break
            times = [line.time for line in lines_of_text(text) if line.time is not None]
            if times:
                return times[-1]
    last = None
    for line in read_lines([_again(origin)]):
        last = line.time or last
    return last


def _tail(path: str, most: int) -> str | None:
    """The last whole lines of a file, or None where its end does not stand for itself."""
    try:
        with open(path, "rb") as file:
            head = file.read(4)
            start = max(0, file.seek(0, os.SEEK_END) - most)
            file.seek(start)
            data = file.read(most)
    except OSError:
        return None
    if is_archive(head) or head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\x00" in data:
        return None
    text = data.decode("utf-8", "replace")
    return text.partition("\n")[2] if start else text
