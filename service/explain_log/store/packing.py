"""Packs texts for the database."""

from __future__ import annotations

import json

import zstandard

MOST_BYTES = 1 << 28
_LEVEL = 3


def packed(data: bytes) -> bytes:
    """Compressed."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def unpacked(data: bytes) -> bytes:
    """What was packed."""
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=MOST_BYTES)


def packed_lines(texts: list[str]) -> bytes:
    """Lines that follow each other."""
    return packed(json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def unpacked_lines(data: bytes) -> list[str]:
    """The lines again."""
    texts: list[str] = json.loads(unpacked(data))
    return texts
