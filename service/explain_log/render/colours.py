"""Turns a page's blocks into text, with or without the terminal's colours."""

from __future__ import annotations

from explain_log.render.grid import Block, Grid, grid_lines


def paint(blocks: list[Block], *, colour: bool) -> str:
    """The blocks as text that ends with a line feed. What stands where is the same with colours and without."""
    if colour:
        from explain_log.render.terminal import coloured  # rich takes longer to import than all the rest

        return coloured(blocks)
    return "".join(map(_plain, blocks))


def _plain(block: Block) -> str:
    lines = grid_lines(block) if isinstance(block, Grid) else [block]
    return "".join("".join(text for _, text in line).rstrip() + "\n" for line in lines)
