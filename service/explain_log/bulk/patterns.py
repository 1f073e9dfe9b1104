"""What a line looks like that may be counted without a look at it, as patterns of bytes for many lines at once.

They are strict: a line that differs in anything goes the ordinary way. None needs to go back (possessive quantifiers),
so that they take time linear in the text. Each begins with the line end before the line, and ends before its own.
"""

from __future__ import annotations

import re

from explain_log.facts.assemble import MOST_EVENT_TEXT

# status, number, unit (of `1m31.5s` the number is 1, and the rest the unit), and `client | METHOD "path"`
GIN = re.compile(
    rb"\n\[GIN\] 20[0-9]{2}/[0-9]{2}/[0-9]{2} - [0-9]{2}:[0-9]{2}:[0-9]{2} \| ([1-9][0-9]{2}) \| ++"
    rb"([0-9][0-9.]{0,30}+)(s|ms|\xc2\xb5s|ns|[hm][0-9hm.]{1,20}+s) \| ++"
    rb"([0-9a-fA-F.:]++ \| [A-Z]++ ++\"[!#-~]{1,2000}+\")(?=\n)"
)

_VALUE = rb'(?:"[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+"|[^\x00-\x20"]*+)'

# `level=… source=… msg=…`, and the attributes
SLOG = re.compile(
    rb"\ntime=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9}+)?(?:Z|[+-][0-9]{2}:[0-9]{2}) "
    rb'(level=[A-Z]++(?:[+-][0-9])? source=[^\x00-\x20"=\\]++ msg=' + _VALUE + rb")"
    rb"((?: [A-Za-z_][A-Za-z0-9_.]*+=" + _VALUE + rb")*+)(?=\n)"
)

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
