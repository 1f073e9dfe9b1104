"""The coloured form of a page, by rich: styles, and rows in columns. Imported only where colours are shown.

Texts are given to rich as they are, never as its markup: what a log holds means nothing to it.
"""

from __future__ import annotations

from io import StringIO

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from explain_log.render.grid import Block, Grid, Line

_THEME = Theme(
    {
        "plain": "none",
        "strong": "bold",
        "faint": "dim",
        "heading": "bold cyan",
        "good": "bold green",
        "benign": "green",
        "error": "bold red",
        "warning": "bold yellow",
        "notice": "cyan",
        "info": "blue",
        "code": "cyan",
        "weights": "blue",
        "kv": "magenta",
        "compute": "yellow",
    },
    inherit=False,
)
_ANY_WIDTH = 10_000
"""Lines are broken and columns measured before they come here."""


def coloured(blocks: list[Block]) -> str:
    """The blocks as text with escape sequences; only the 16 colours that each terminal's theme sets."""
    written = StringIO()
    console = Console(
        file=written,
        theme=_THEME,
        width=_ANY_WIDTH,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        highlight=False,
    )
    console.print(Group(*map(_shown, blocks)), soft_wrap=True)
    return written.getvalue()


def _shown(block: Block) -> Text | Padding:
    return Padding.indent(_table(block), block.indent) if isinstance(block, Grid) else _text(block)


def _text(line: Line) -> Text:
    return Text.assemble(*((text, style) for style, text in line))


def _table(grid: Grid) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, grid.gap, 0, 0))
    for place, width in enumerate(grid.widths):
        table.add_column(width=width, no_wrap=True, justify="right" if place in grid.right else "left")
    for row in grid.rows:
        table.add_row(*map(_text, row))
    return table
