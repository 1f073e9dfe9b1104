"""What the service and its workers say to each other over pipes: a JSON header, then blobs.

A frame is the header's length (4 bytes, big-endian), the header, and the blobs, whose lengths the header tells.
"""

from __future__ import annotations

import json
import struct
from asyncio import StreamReader
from typing import IO, Any

_LENGTH = struct.Struct(">I")


def written(header: dict[str, Any], blobs: list[bytes]) -> list[bytes]:
    """A frame, in pieces."""
    head = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}, ensure_ascii=False).encode("utf-8", "replace")
    return [_LENGTH.pack(len(head)), head, *blobs]


async def receive(reader: StreamReader) -> tuple[dict[str, Any], list[bytes]]:
    """The next frame. Raises IncompleteReadError at the end."""
    header = json.loads(await reader.readexactly(*_LENGTH.unpack(await reader.readexactly(_LENGTH.size))))
    return header, [await reader.readexactly(size) for size in header["blobs"]]


def read(file: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """The same from a file; None at the end."""
    start = file.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        return None
    header = json.loads(file.read(*_LENGTH.unpack(start)))
    return header, [file.read(size) for size in header["blobs"]]
