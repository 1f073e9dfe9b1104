"""Writes SVG: elements as text, everything escaped; how wide a text is about, and cutting it to fit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from unicodedata import east_asian_width

from explain_log.render.width import wrap

# What XML 1.0 does not allow at all (section 2.2, Char): visible() has dealt with the controls before.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDE, _USUAL, _SLIM, _BROAD, _BOLD = 1.0, 0.61, 0.37, 0.72, 1.17
_SLIM_CHARS = frozenset("iljtfrI.,:;'|!()[]/ ·")

FONT = (
    "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', "
    "'Source Han Sans SC', sans-serif"
)


@dataclass(eq=False)
class Drawing:
    """A piece of a picture: its size, its elements, and the same in words for who cannot see it."""

    width: float
    height: float
    elements: list[str] = field(default_factory=list)
    words: str = ""


def clean(text: str) -> str:
    """The text as XML may hold it, escaped."""
    return escape(_FORBIDDEN.sub("�", text))


def number(value: float) -> str:
    """A coordinate, short."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def element(name: str, attributes: dict[str, object], *content: str) -> str:
    """An element. `_` in attribute names is `-`; numbers are shortened; content is markup already."""
    told = "".join(
        f' {key.replace("_", "-")}="{number(value) if isinstance(value, float) else clean(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}>{''.join(content)}</{name}>" if content else f"<{name}{told}/>"


def rect(x: float, y: float, width: float, height: float, look: str | None, **more: object) -> str:
    """A rectangle of a class; `title` is what it says when pointed at."""
    title = more.pop("title", None)
    content = () if title is None else (element("title", {}, clean(str(title))),)
    places = {"x": float(x), "y": float(y), "width": float(max(width, 0.0)), "height": float(height)}
    return element("rect", {"class": look, **places, **more}, *content)


def words(x: float, y: float, text: str, size: float, look: str = "xp-ink", **more: object) -> str:
    """A line of text at its baseline."""
    places = {"class": look, "x": float(x), "y": float(y), "font_size": float(size)}
    return element("text", {**places, **more}, clean(text))


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, rather too much than too little: fonts differ, and DejaVu Sans is a wide one."""
    return sum(map(_char_width, text)) * size * (_BOLD if bold else 1.0)


def _char_width(char: str) -> float:
    if east_asian_width(char) in "WF":
        return _WIDE
    if char in _SLIM_CHARS:
        return _SLIM
    return _BROAD if char.isupper() or char in "mw_" else _USUAL


def fit(text: str, size: float, width: float) -> str:
    """The text cut to a width, with an ellipsis where something is missing; "" where nothing fits."""
    if text_width(text, size) <= width:
        return text
    kept = ""
    for char in text:
        if text_width(kept + char + "…", size) > width:
            break
        kept += char
    return kept.rstrip() + "…" if kept else ""


def wrapped(text: str, size: float, width: float, most: int = 100) -> list[str]:
    """The text in lines of a width, broken as Chinese and English are; at most so many, the last one cut."""
    lines = wrap(text, max(4, int(width / (size * _USUAL))))
    if len(lines) > most:
        lines[most - 1 :] = [fit(lines[most - 1] + "…" * 3, size, width)]
    return lines
