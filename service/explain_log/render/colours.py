"""Turns styled lines into text, with or without the terminal's colours."""

from __future__ import annotations

from explain_log.render.grid import Span

Line = list[Span]

_CODES = {
    "strong": "1",
    "faint": "2",
    "heading": "1;36",
    "good": "1;32",
    "benign": "32",
    "error": "1;31",
    "warning": "1;33",
    "notice": "36",
    "info": "34",
    "code": "36",
    "weights": "34",
    "kv": "35",
    "compute": "33",
}


def paint(lines: list[Line], *, colour: bool) -> str:
    """The lines as text that ends with a line feed; only the 16 colours that each terminal's theme sets."""
    return "".join(_line(line, colour=colour) + "\n" for line in lines)


def _line(line: Line, *, colour: bool) -> str:
    if colour:
        return "".join(_coloured(style, text) for style, text in line)
    return "".join(text for _, text in line).rstrip()


def _coloured(style: str, text: str) -> str:
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text
