"""Puts the drawings of a picture on paper: a whole SVG file, or fragments that a page places itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from explain_log.render.picture.amounts import size_text
from explain_log.render.picture.draw_layers import draw_layers
from explain_log.render.picture.draw_memory import draw_memory
from explain_log.render.picture.draw_timeline import draw_timeline
from explain_log.render.picture.picture import Picture
from explain_log.render.picture.svg import FONT, Drawing, clean, element, fit, number, rect, words, wrapped
from explain_log.render.words import Words

WIDTH = 440.0
"""Of a picture that stands alone: as wide as a phone, so that its text is readable there."""

_MARGIN, _TITLE, _HEADING, _SMALL = 16.0, 16.0, 13.0, 12.0
_BETWEEN, _MOST_LINES = 30.0, 3
_COLOUR = re.compile(r"(--xp-[a-z-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
_RULE = re.compile(r"^\.(xp-[a-z-]+) \{ (fill|stroke): var\((--xp-[a-z-]+)\); \}$", re.MULTILINE)


@dataclass(eq=False)
class Sheet:
    """A fragment with its size: `<svg>` with a name and a description, without styles of its own."""

    name: str
    svg: str
    words: str


def svg_file(picture: Picture, language: Words, theme: str = "auto") -> str:
    """The whole picture as an SVG file. theme: light, dark, or auto, which follows whoever looks at it."""
    title = _title(picture, language)
    body = _head(picture, language, title)
    y, inner = body.height, WIDTH - 2 * _MARGIN
    told = [body.words]
    for heading, drawing in _drawings(picture, language, inner, "xp"):
        y += _BETWEEN
        body.elements.append(words(_MARGIN, y, heading, _HEADING, font_weight="600"))
        y += 10
        at = f"translate({number(_MARGIN)} {number(y)})"
        body.elements.append(element("g", {"transform": at}, *drawing.elements))
        y += drawing.height
        told.append(f"{heading}: {drawing.words}")
    height = y + _MARGIN
    style = element("style", {}, _style(theme))
    paper = rect(0, 0, WIDTH, height, "xp-paper")
    content = [style, _patterns("xp"), paper, *body.elements]
    whole = Drawing(WIDTH, height, content, " ".join(filter(None, told)))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(whole, title, "xp", language, standalone=True) + "\n"


def sheets(picture: Picture, language: Words, width: float, prefix: str) -> list[Sheet]:
    """Memory, layers and timeline each as a fragment; prefix: of all ids in them, unique on the page."""
    made = []
    for place, (heading, drawing) in enumerate(_drawings(picture, language, width, f"{prefix}-0")):
        name = f"{prefix}-{place}"
        drawing.elements.insert(0, _patterns(name) if place == 0 else "")
        made.append(Sheet(heading, _svg(drawing, heading, name, language, standalone=False), drawing.words))
    return made


def _drawings(picture: Picture, language: Words, width: float, prefix: str) -> list[tuple[str, Drawing]]:
    """The parts that there is something to say about."""
    made = []
    if picture.bars:
        made.append((language("picture.memory"), draw_memory(picture.bars, language, width, prefix)))
    if picture.has_load:
        made.append((language("layers.heading"), draw_layers(picture.layers, language, width)))
        made.append((language("timeline.heading"), draw_timeline(picture.timeline, language, width)))
    return made


def _title(picture: Picture, language: Words) -> str:
    if not picture.has_load:
        return language("picture.no_load")
    return language("picture.title", model=picture.model or language("picture.no_model"))


def _head(picture: Picture, language: Words, title: str) -> Drawing:
    """The model's name, and beneath it which load, how it ended, and that no memory is known where it is not."""
    inner = WIDTH - 2 * _MARGIN
    y = _MARGIN + 14
    head = Drawing(WIDTH, y)
    name = picture.model or language("picture.no_model") if picture.has_load else title
    head.elements.append(words(_MARGIN, y, fit(name, _TITLE * 1.06, inner), _TITLE, font_weight="600"))
    lines = []
    if picture.index is not None:
        lines.append((language("picture.title_load", index=picture.index), "xp-soft"))
    for place, text in enumerate(outcome_lines(picture, language)):
        lines.append((text, "xp-alarm" if picture.outcome == "failed" and not place else "xp-soft"))
    for text, look in lines:
        for line in wrapped(text, _SMALL, inner, _MOST_LINES):
            y += 17
            head.elements.append(words(_MARGIN, y, line, _SMALL, look))
    head.height, head.words = y, " ".join(text for text, _ in lines)
    return head


def outcome_lines(picture: Picture, language: Words) -> list[str]:
    """That a load failed or that its end is not known, and what it takes in all."""
    lines = []
    if picture.has_load and picture.outcome == "failed":
        if picture.reason:
            lines.append(language("picture.failed", reason=picture.reason, line=picture.reason_line))
        else:
            lines.append(language("picture.failed_plain"))
    elif picture.has_load and picture.outcome == "unknown":
        lines.append(language("picture.end_unknown"))
    return [*lines, *_sums(picture, language)]


def _sums(picture: Picture, language: Words) -> list[str]:
    """What the load takes in all, or that the log does not show it."""
    bars = [bar for bar in picture.bars or [] if bar.total_mib is not None]
    if not bars:
        return [language("picture.nothing")] if picture.has_load else []
    gpus = [bar for bar in bars if not bar.is_host]
    told = []
    if gpus:
        told.append(language("picture.vram", size=size_text(sum(bar.total_mib or 0.0 for bar in gpus))))
    told += [language("picture.ram", size=size_text(bar.total_mib or 0.0)) for bar in bars if bar.is_host]
    lines = [language("picture.comma").join(told)]
    if gpus and all(bar.capacity_mib is None for bar in gpus):
        lines.append(language("picture.no_capacity"))
    return lines


def _svg(drawing: Drawing, title: str, name: str, language: Words, *, standalone: bool) -> str:
    attributes: dict[str, object] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {number(drawing.width)} {number(drawing.height)}",
        "width": drawing.width if standalone else None,
        "height": drawing.height if standalone else None,
        "class": "picture",
        "role": "img",
        "lang": language.language,
        "font_family": FONT,
        "aria_labelledby": f"{name}-title {name}-desc",
    }
    named = element("title", {"id": f"{name}-title"}, clean(title))
    described = element("desc", {"id": f"{name}-desc"}, clean(drawing.words))
    return element("svg", attributes, named, described, *drawing.elements)


def _patterns(prefix: str) -> str:
    """What tells the parts apart without colour: stripes, dots, crosses, bars."""
    dot = '<circle cx="{0}" cy="{0}" r="1" class="xp-paper"/>'
    shapes = {
        "kv": '<path d="M-1 1l2-2M0 6l6-6M5 7l2-2" class="xp-mark" stroke-width="1.4"/>',
        "compute": dot.format(1.5) + dot.format(4.5),
        "other": '<path d="M0 3h6M3 0v6" class="xp-mark" stroke-width="1.1"/>',
        "taken": '<path d="M1.5 0v6M4.5 0v6" class="xp-mark" stroke-width="1"/>',
    }
    frame = {"width": 6, "height": 6, "patternUnits": "userSpaceOnUse"}
    patterns = [element("pattern", {"id": f"{prefix}-{kind}", **frame}, shape) for kind, shape in shapes.items()]
    return element("defs", {}, *patterns)


@lru_cache(maxsize=3)
def _style(theme: str) -> str:
    """The rules of web/static/picture.css with plain colours, which every program that shows SVG understands."""
    css = files("explain_log").joinpath("web", "static", "picture.css").read_text(encoding="utf-8")
    colours = {name: (light, dark) for name, light, dark in _COLOUR.findall(css)}

    def rules(place: int) -> str:
        return "".join(f".{name}{{{what}:{colours[colour][place]}}}" for name, what, colour in _RULE.findall(css))

    if theme == "auto":
        return f"{rules(0)}@media (prefers-color-scheme:dark){{{rules(1)}}}"
    return rules(1 if theme == "dark" else 0)
