"""Lays rows of text out in columns, and draws bars of block characters."""

from __future__ import annotations

from explain_log.render.width import columns, cut, pad

BLOCKS = (("weights", "█"), ("kv", "▓"), ("compute", "░"))

Span = tuple[str, str]
"""A style's name and the text that wears it."""


def column_widths(rows: list[list[str]]) -> list[int]:
    """How wide each column of the rows has to be."""
    return [max(map(columns, cells)) for cells in zip(*rows, strict=True)]


def grid_width(widths: list[int], gap: int) -> int:
    """How wide a row of columns is with the gaps between them."""
    return sum(widths) + gap * (len(widths) - 1)


def lay_out(row: list[str], widths: list[int], right: frozenset[int], gap: int = 2) -> str:
    """One row in its columns; right: the columns whose text stands to the right."""
    cells = enumerate(zip(row, widths, strict=True))
    return (" " * gap).join(pad(cut(cell, width), width, right=place in right) for place, (cell, width) in cells)


def shares(sizes: tuple[float, ...], whole: float, width: int) -> list[int]:
    """How many of `width` columns each size gets where `whole` fills them; what is there is seen."""
    if whole <= 0:
        return [0] * len(sizes)
    counts = [max(1, round(size * width / whole)) if size > 0 else 0 for size in sizes]
    largest = max(range(len(counts)), key=counts.__getitem__)
    counts[largest] -= max(0, sum(counts) - width)
    return [max(0, count) for count in counts]


def bar(sizes: tuple[float, ...], whole: float, width: int) -> list[Span]:
    """A bar of three kinds of blocks: weights, KV cache, compute."""
    counts = shares(sizes, whole, width)
    return [(style, block * count) for (style, block), count in zip(BLOCKS, counts, strict=True) if count]
