"""Rows of text in columns, and bars of block characters: what stands where, for coloured and plain pages alike."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.render.width import columns, cut, pad

BLOCKS = (("weights", "█"), ("kv", "▓"), ("compute", "░"))

Span = tuple[str, str]
"""A style's name and the text that wears it."""

Line = list[Span]

_LEAST = 6
"""A column that gives way keeps so much."""


@dataclass(eq=False)
class Grid:
    """Rows of cells; each cell fits its column's width. right: the columns whose text stands to the right."""

    rows: list[list[Line]]
    widths: list[int]
    right: frozenset[int]
    gap: int = 2
    indent: int = 2


Block = Line | Grid
"""What a page is made of."""


def column_widths(rows: list[list[str]]) -> list[int]:
    """How wide each column of the rows has to be."""
    return [max(map(columns, cells)) for cells in zip(*rows, strict=True)]


def grid_width(widths: list[int], gap: int) -> int:
    """How wide a row of columns is with the gaps between them."""
    return sum(widths) + gap * (len(widths) - 1)


def fitted(widths: list[int], gap: int, room: int, gives_way: tuple[int, ...]) -> list[int]:
    """The widths made to fit: first those that give way get narrower, then the last columns are left out."""
    widths = list(widths)
    for place in gives_way:
        excess = grid_width(widths, gap) - room
        widths[place] = min(widths[place], max(_LEAST, widths[place] - excess))
    while len(widths) > 1 and grid_width(widths, gap) > room:
        widths.pop()
    return widths


def cells(style: str, row: list[str], widths: list[int]) -> list[Line]:
    """A row's texts, each cut to its column."""
    return [[(style, cut(text, width))] for text, width in zip(row, widths, strict=False)]


def grid_lines(grid: Grid) -> list[Line]:
    """The rows as lines."""
    return [_row(row, grid) for row in grid.rows]


def _row(row: list[Line], grid: Grid) -> Line:
    line: Line = [("", " " * grid.indent)]
    for place, (cell, width) in enumerate(zip(row, grid.widths, strict=True)):
        text = "".join(part for _, part in cell)
        blanks = pad("", width - columns(text))
        gap = " " * grid.gap if place else ""
        line += [("", gap + blanks), *cell] if place in grid.right else [("", gap), *cell, ("", blanks)]
    return line


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
