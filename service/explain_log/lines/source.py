"""Opens what the user named: a file, several, standard input, gzip or zstd, or a part `FILE:120-180`."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from collections.abc import Iterator
from typing import IO, cast

from explain_log.errors import InputError
from explain_log.lines.encoding import SAMPLE_BYTES, detect, is_text

BLOCK_BYTES = 1 << 20
LINE_CHARACTERS = 1 << 16
"""Longer lines are cut for reading: no statement needs more, and one line may be gigabytes."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_NO_LOGS = {b"GGUF": "a GGUF model file", b"PK\x03\x04": "a zip archive", b"\x7fELF": "a program"}


class Origin:
    """One input as the user named it, and what was read of it.

    first, last: the 1-based lines wanted of it (`FILE:120-180`), or None for all.
    """

    def __init__(self, name: str, first: int | None = None, last: int | None = None) -> None:
        self.name = name
        self.first = first
        self.last = last
        self.bytes = 0
        self.first_line = 0
        self.last_line = 0


def parse_origin(argument: str) -> Origin:
    """`FILE`, `-` or `FILE:120-180`; a file that really is called that wins."""
    name, colon, part = argument.rpartition(":")
    if colon and name and not os.path.exists(argument):
        first, dash, last = part.partition("-")
        if first.isdigit() and (last.isdigit() if dash else True):
            low, high = int(first), int(last or first)
            if not 1 <= low <= high:
                raise InputError(f"{argument}: lines {part} are no range; write FILE:120-180")
            return Origin(name, low, high)
    return Origin(argument)


def decoded_blocks(origin: Origin) -> Iterator[str]:
    """The text of one input, block by block.

    Raises InputError where it cannot be opened or is no text. A file that shrinks, grows or goes away
    while it is read gives what could be read.
    """
    with _open(origin.name) as file:
        blocks = _plain_blocks(file, origin)
        sample = _sample(blocks)
        for magic, what in _NO_LOGS.items():
            if sample.startswith(magic):
                raise InputError(f"{origin.name} is {what}, not a log: name the log file that the server wrote")
        encoding, mark = detect(sample[:SAMPLE_BYTES])
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        text = decoder.decode(sample[mark:])
        if not is_text(text[:SAMPLE_BYTES]):
            raise InputError(f"{origin.name} is not text: name the log file, or a .gz or .zst of it")
        yield text
        for block in blocks:
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)


def _sample(blocks: Iterator[bytes]) -> bytes:
    """The first bytes, enough to tell the encoding: a pipe may give them in small pieces."""
    sample = b""
    for block in blocks:
        sample += block
        if len(sample) >= SAMPLE_BYTES:
            break
    return sample


def _open(name: str) -> IO[bytes]:
    if name == "-":
        return cast(IO[bytes], os.fdopen(os.dup(sys.stdin.fileno()), "rb"))
    try:
        return open(name, "rb")
    except OSError as error:
        raise InputError(_why_not(name, error)) from error


def _why_not(name: str, error: OSError) -> str:
    shown = name if name.isprintable() else repr(name)
    if error.errno == errno.ENOENT:
        return f"{shown}: no such file; give the path of a log, or - to read standard input"
    if error.errno == errno.EISDIR:
        return f"{shown} is a folder; name the log file in it, such as server.log"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{shown}: no permission to read it; try with sudo, or copy it to a place you can read"
    return f"{shown}: {error.strerror or error}; give the path of a readable log"


def _plain_blocks(file: IO[bytes], origin: Origin) -> Iterator[bytes]:
    """The bytes as given, unpacked where they are gzip or zstd; `origin.bytes` counts those given."""
    raw = _raw_blocks(file, origin)
    first = next(raw, b"")
    if first.startswith(_GZIP):
        yield from _gunzip(first, raw, origin)
    elif first.startswith(_ZSTD):
        yield from _unzstd(first, raw, origin)
    else:
        if first:
            yield first
        yield from raw


def _raw_blocks(file: IO[bytes], origin: Origin) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)
    while True:
        try:
            block = read(BLOCK_BYTES)
        except OSError as error:
            if origin.bytes:
                return  # it went away while it was read: what is there still counts
            raise InputError(_why_not(origin.name, error)) from error
        if not block:
            return
        origin.bytes += len(block)
        yield block


def _gunzip(first: bytes, rest: Iterator[bytes], origin: Origin) -> Iterator[bytes]:
    import zlib

    def new() -> zlib._Decompress:
        return zlib.decompressobj(wbits=31)

    unpacker = new()
    pending = first
    seen = False
    try:
        while True:
            if unpacker.eof:
                pending = unpacker.unused_data + pending
                if pending.lstrip(b"\x00")[:2] == _GZIP:  # several members one after the other
                    pending = pending.lstrip(b"\x00")
                    unpacker = new()
                elif pending:
                    return
            while pending:
                block = unpacker.decompress(pending, BLOCK_BYTES)
                pending = unpacker.unconsumed_tail
                seen = seen or bool(block)
                yield block
                if unpacker.eof:
                    break
            if unpacker.eof and unpacker.unused_data:
                continue
            pending = next(rest, b"")
            if not pending:
                return
    except zlib.error as error:
        if not seen:
            raise InputError(f"{origin.name}: damaged gzip ({error}); unpack it by hand and give the text") from error


def _unzstd(first: bytes, rest: Iterator[bytes], origin: Origin) -> Iterator[bytes]:
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(read_across_frames=True)
    seen = False
    try:
        pending = first
        while pending:
            # Small bites keep a bomb from filling memory with one block.
            for start in range(0, len(pending), 1 << 14):
                block = unpacker.decompress(pending[start : start + (1 << 14)])
                seen = seen or bool(block)
                yield block
            pending = next(rest, b"")
    except zstandard.ZstdError as error:
        if not seen:
            raise InputError(f"{origin.name}: damaged zstd ({error}); unpack it by hand and give the text") from error
