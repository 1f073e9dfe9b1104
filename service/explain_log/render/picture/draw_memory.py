"""Draws the bars: one a device, all on one scale, each part with its name and size beneath."""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.render.picture.amounts import size_text
from explain_log.render.picture.memory import Bar, Segment
from explain_log.render.picture.svg import Drawing, clean, element, fit, rect, text_width, words
from explain_log.render.words import Words

_SIZE, _SMALL = 13.0, 12.0
_BAR_TOP, _BAR_HEIGHT, _ROW = 20.0, 15.0, 17.0
_BETWEEN, _GUTTER = 14.0, 28.0
_TWO_COLUMNS_FROM = 640.0
_PATTERNED = ("kv", "compute", "other", "taken")
_EMPTY = ("free", "free_before")


@dataclass(eq=False)
class _Cell:
    """A bar with its texts, drawn at (0, 0)."""

    height: float = 0.0
    elements: list[str] = field(default_factory=list)


def draw_memory(bars: list[Bar], language: Words, width: float, prefix: str) -> Drawing:
    """All bars, in two columns where there is room. prefix: of the ids of the patterns."""
    columns = 2 if width >= _TWO_COLUMNS_FROM and len(bars) > 1 else 1
    cell_width = (width - _GUTTER * (columns - 1)) / columns
    longest = max((bar.length_mib for bar in bars), default=0.0)
    cells = [_cell(bar, language, cell_width, longest, prefix) for bar in bars]
    drawing, y = Drawing(width, 0.0, words=memory_in_words(bars, language)), 0.0
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        for place, cell in enumerate(row):
            at = f"translate({place * (cell_width + _GUTTER):.2f} {y:.2f})"
            drawing.elements.append(element("g", {"transform": at}, *cell.elements))
        y += max(cell.height for cell in row) + _BETWEEN
    drawing.height = max(0.0, y - _BETWEEN)
    return drawing


def memory_in_words(bars: list[Bar], language: Words) -> str:
    """The bars as sentences."""
    comma = language("picture.comma")
    told = [(_name(bar, language), comma.join(_said(bar, language))) for bar in bars]
    return "".join(language("picture.bar_text", name=name, parts=parts) for name, parts in told).strip()


def _name(bar: Bar, language: Words) -> str:
    return language("picture.host") if bar.is_host else bar.name


def _said(bar: Bar, language: Words) -> list[str]:
    parts = [_amount(bar, language)]
    parts += [_labelled(segment, language) for segment in bar.segments]
    return [*parts, *filter(None, [_layers(bar, language), language("picture.over") if bar.over else ""])]


def _labelled(segment: Segment, language: Words) -> str:
    kind = language(f"picture.{segment.kind}")
    return f"{kind} {size_text(segment.mib)}"


def _amount(bar: Bar, language: Words) -> str:
    """What the load takes of how much; either may be unknown."""
    capacity = None if bar.capacity_mib is None else size_text(bar.capacity_mib)
    if bar.total_mib is None:
        unknown = language("picture.unknown_size")
        return unknown if capacity is None else f"{unknown} · {language('picture.capacity', capacity=capacity)}"
    if capacity is None:
        return language("picture.total", size=size_text(bar.total_mib))
    return language("picture.of", size=size_text(bar.total_mib), capacity=capacity)


def _layers(bar: Bar, language: Words) -> str:
    if bar.layers:
        return language("picture.layers_output" if bar.holds_output else "picture.layers", count=bar.layers)
    return language("picture.output_only") if bar.holds_output else ""


def _cell(bar: Bar, language: Words, width: float, longest: float, prefix: str) -> _Cell:
    cell = _Cell()
    amount = _amount(bar, language)
    amount_width = text_width(amount, _SMALL)
    name = fit(_name(bar, language), _SIZE, width - amount_width - 12)
    name_width = text_width(name, _SIZE, bold=True)
    about = " · ".join(filter(None, (_layers(bar, language), bar.product or _buffers(bar))))
    about = fit(about, _SMALL, width - name_width - amount_width - 20)
    cell.elements += [
        _named(name, about),
        words(width, 12, amount, _SMALL, "xp-alarm" if bar.over else "xp-ink", text_anchor="end"),
    ]
    cell.elements += _strip(bar, language, width, longest, prefix)
    y = _legend(bar, language, width, prefix, cell.elements)
    cell.height = y
    return cell


def _named(name: str, about: str) -> str:
    """The name and what is about it in one run of text, so that a wide font does not push one into the other."""
    pieces = [element("tspan", {"font_weight": 600, "font_size": _SIZE}, clean(name))]
    if about:
        pieces.append(element("tspan", {"class": "xp-soft", "dx": 8}, clean(about)))
    return element("text", {"class": "xp-ink", "x": 0, "y": 12, "font_size": _SMALL}, *pieces)


def _buffers(bar: Bar) -> str:
    return " + ".join(name for name, _ in bar.buffers)


def _strip(bar: Bar, language: Words, width: float, longest: float, prefix: str) -> list[str]:
    """The bar itself; a pixel of paper keeps its parts apart."""
    if not longest or not bar.length_mib:
        return [rect(0, _BAR_TOP, width, _BAR_HEIGHT, "xp-edge", fill="none", stroke_dasharray="3 3")]
    scale, x = width / longest, 0.0
    drawn = [rect(0, _BAR_TOP, bar.length_mib * scale, _BAR_HEIGHT, "xp-track")]
    for segment in bar.segments:
        length = segment.mib * scale
        title = _labelled(segment, language)
        shown = max(length - 1.0, min(length, 1.5))
        look = "xp-free" if segment.kind in _EMPTY else f"xp-{segment.kind}"
        measured = {"data_kind": segment.kind, "data_mib": f"{segment.mib:.2f}"}
        drawn.append(rect(x, _BAR_TOP, shown, _BAR_HEIGHT, look, title=title, **measured))
        if segment.kind in _PATTERNED:
            drawn.append(_pattern(x, _BAR_TOP, shown, _BAR_HEIGHT, segment.kind, prefix))
        x += length
    return drawn


def _pattern(x: float, y: float, width: float, height: float, kind: str, prefix: str) -> str:
    return rect(x, y, width, height, None, fill=f"url(#{prefix}-{kind})", pointer_events="none")


def _legend(bar: Bar, language: Words, width: float, prefix: str, elements: list[str]) -> float:
    """Each part's swatch, name and size, as many in a row as fit; gives the bottom."""
    x, y = 0.0, _BAR_TOP + _BAR_HEIGHT + _ROW - 2
    for segment in bar.segments:
        label = _labelled(segment, language)
        taken = 13 + text_width(label, _SMALL) + 12
        if x and x + taken - 12 > width:
            x, y = 0.0, y + _ROW
        free = segment.kind in _EMPTY
        edge = {"stroke_width": 1.0} if free else {}
        look = "xp-free xp-edge" if free else f"xp-{segment.kind}"
        elements.append(rect(x + 0.5, y - 8.5, 9, 9, look, **edge))
        if segment.kind in _PATTERNED:
            elements.append(_pattern(x + 0.5, y - 8.5, 9, 9, segment.kind, prefix))
        elements.append(words(x + 13, y, label, _SMALL, "xp-soft"))
        x += taken
    if bar.over:
        elements.append(words(0, y + _ROW, language("picture.over"), _SMALL, "xp-alarm"))
        y += _ROW
    return y + 3 if bar.segments else _BAR_TOP + _BAR_HEIGHT
