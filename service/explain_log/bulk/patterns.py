"""What a line looks like that may be counted without a look at it, as patterns of bytes.

They are strict: a line that differs in anything goes the ordinary way. None needs to go back (possessive quantifiers),
so that they take time linear in the text.
"""

from __future__ import annotations

import re

from explain_log.facts.assemble import MOST_EVENT_TEXT

ZEROS = bytes(ord("0") if 48 <= byte <= 57 else byte for byte in range(256))
"""Makes all digits one, so that lines which differ in numbers only become the same."""

GIN = re.compile(
    rb"\n\[GIN\] 20[0-9][0-9]/[0-9][0-9]/[0-9][0-9] - [0-9][0-9]:[0-9][0-9]:[0-9][0-9] \| "
    rb"([1-9][0-9]{2}) \| ([^\n|s]*+)s \| ([^\n]*+)"
)
"""For many lines at once: status, how long it took without the last `s`, and `client | METHOD "path"`.

Who uses it looks at the last two.
"""

ENDING = re.compile(rb" *+[0-9a-fA-F.:]++ \| [A-Z]++ ++\"[!#-~]{1,2000}+\"")

_VALUE = rb'(?:"[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+"|[^\x00-\x20"]*+)'

HEAD = re.compile(
    rb"time=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9}+)?(?:Z|[+-][0-9]{2}:[0-9]{2}) "
    rb'(level=[A-Z]++(?:[+-][0-9])? source=[^\x00-\x20"=\\]++ msg=' + _VALUE + rb")"
)
"""`level=… source=… msg=…` behind the time."""

ATTRIBUTES = re.compile(rb"(?: [A-Za-z_][A-Za-z0-9_.]*+=" + _VALUE + rb")*+")
"""What follows it to the end of the line."""

SECOND_LINE = (b"[GIN] 20", b"time=20")
"""Where one stands within a line, another line may begin there."""

LONGEST_ATTRIBUTES = 1 << 15
"""In bytes; longer lines may be cut for reading."""


def gin_time(line: bytes) -> str:
    """ISO 8601 of a line that begins with `[GIN] 2025/02/11 - 11:34:37`."""
    stamp = line[6:27].decode("ascii")
    return f"{stamp[:4]}-{stamp[5:7]}-{stamp[8:10]}T{stamp[13:]}"


def slog_time(line: bytes) -> str:
    """The time that a line begins with, as it stands there."""
    return line[5 : line.index(b" ")].decode("ascii")


def text_at(piece: bytes, place: int) -> str:
    """The line that holds a place, as far as it is kept as evidence."""
    start = piece.rfind(b"\n", 0, place) + 1
    return piece[start : piece.find(b"\n", place)].decode("utf-8", "replace").strip()[:MOST_EVENT_TEXT]
