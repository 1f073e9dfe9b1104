"""Unpacks gzip and zstd while reading. However large the unpacked text is, memory stays bounded.

An archive may have several members, zeros after its end, or be cut off: what can be read counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from explain_log.errors import InputError

if TYPE_CHECKING:
    import zlib

BLOCK_BYTES = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LONGEST_MAGIC = len(_ZSTD)
# What `zstd --long` needs at most without being asked for more.
_MOST_WINDOW_BYTES = 1 << 27
_ZSTD_PIECE_BYTES = 512


class DamagedArchiveError(InputError):
    """An archive is damaged or cut off; says how."""


def is_archive(start: bytes) -> bool:
    """Whether what begins so is gzip or zstd."""
    return start.startswith((_GZIP, _ZSTD))


def unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes as given, or what is packed in them where they are gzip or zstd.

    Raises DamagedArchiveError where the archive ends in the middle, after all that could be read was given.
    """
    first = b""
    while len(first) < _LONGEST_MAGIC:
        block = next(blocks, b"")
        first += block
        if not block:
            break
    if first.startswith(_GZIP):
        yield from _gunzip(first, blocks)
    elif first.startswith(_ZSTD):
        yield from _unzstd(first, blocks)
    else:
        yield first
        yield from blocks


def _gunzip(pending: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    import zlib

    while pending.startswith(_GZIP):
        member = zlib.decompressobj(wbits=31)
        try:
            yield from _member(member, pending, rest)
        except zlib.error as error:
            raise DamagedArchiveError("archive.damaged", kind="gzip", reason=error) from error
        if not member.eof:
            raise DamagedArchiveError("archive.cut_off", kind="gzip")
        pending = _after_padding(member.unused_data, rest)


def _member(member: zlib._Decompress, pending: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """One of the gzip files that an archive is made of, in blocks of bounded size."""
    while pending and not member.eof:
        yield member.decompress(pending, BLOCK_BYTES)
        pending = member.unconsumed_tail or (b"" if member.eof else next(rest, b""))


def _after_padding(pending: bytes, rest: Iterator[bytes]) -> bytes:
    """What follows a member, without the zeros that tapes and block devices put there."""
    pending = pending.lstrip(b"\x00")
    while len(pending) < len(_GZIP):
        block = next(rest, b"")
        if not block:
            break
        pending = (pending + block).lstrip(b"\x00")
    return pending


def _unzstd(pending: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES)
    pieces = _pieces(pending, rest)
    piece = next(pieces, b"")
    try:
        while piece:  # one frame after the other
            frame = unpacker.decompressobj()
            while piece and not frame.eof:
                yield frame.decompress(piece)
                piece = frame.unused_data if frame.eof else next(pieces, b"")
            if not frame.eof:
                raise DamagedArchiveError("archive.cut_off", kind="zstd")
            piece = piece or next(pieces, b"")
    except zstandard.ZstdError as error:
        raise DamagedArchiveError("archive.damaged", kind="zstd", reason=error) from error


def _pieces(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks in small pieces: what one call unpacks has no other bound, and 512 bytes give 16 MiB at most."""
    for block in chain((first,), rest):
        for start in range(0, len(block), _ZSTD_PIECE_BYTES):
            yield block[start : start + _ZSTD_PIECE_BYTES]
