"""Draws the layer map: a strip of layers in their order, the output layer marked, devices named beneath."""

from __future__ import annotations

from explain_log.render.picture.layers import Block, LayerMap
from explain_log.render.picture.svg import Drawing, clean, element, number, rect, text_width, words
from explain_log.render.words import Words

_SMALL = 12.0
_TOP, _HEIGHT, _ROW = 20.0, 20.0, 16.0
_APART = 3.0
_AIR = 6.0
_LEAST_CELL = 3.6


def draw_layers(layers: LayerMap | None, language: Words, width: float) -> Drawing:
    """The map, or a line that says that it is not known."""
    drawing = Drawing(width, 18.0, words=layers_in_words(layers, language))
    if layers is None or not layers.count:
        drawing.elements.append(words(0, 13, language("layers.unknown"), _SMALL, "xp-soft"))
        return drawing
    drawing.elements.append(words(0, 12, _heading(layers, language), _SMALL, "xp-soft"))
    blocks = layers.blocks
    apart = min(_APART, width / (4 * len(blocks)))
    cells = layers.count + (0 if layers.items else 1)
    # One step more of space goes before the output layer where it stands alone.
    cell = (width - apart * (len(blocks) - 1 + (not layers.items))) / cells
    x = 0.0
    for place, block in enumerate(blocks):
        drawing.elements += _block(layers, place, x, cell, language)
        end = x + block.count * cell
        span = end - x + (cell + apart if block.device == layers.output_device and place == len(blocks) - 1 else 0)
        drawing.elements += _names(block, x, span, layers, language)
        x = end + apart
    if not layers.items:
        drawing.elements += _output(layers, x, cell, width, language)
    drawing.height = _TOP + _HEIGHT + 2 * _ROW + 4
    return drawing


def layers_in_words(layers: LayerMap | None, language: Words) -> str:
    """The map as a sentence."""
    if layers is None or not layers.count:
        return language("layers.unknown")
    parts = [_block_text(block, layers, language) for block in layers.blocks]
    if layers.output_device is not None:
        parts.append(language("layers.output_on", device=_device(layers.output_device, language)))
    return _heading(layers, language) + language("picture.comma") + language("picture.comma").join(parts)


def _heading(layers: LayerMap, language: Words) -> str:
    if layers.items:
        return language("layers.items", count=layers.count)
    return language("layers.total", repeating=layers.count)


def _device(name: str, language: Words) -> str:
    return name or language("layers.gpus")


def _block_text(block: Block, layers: LayerMap, language: Words) -> str:
    device = _device(block.device, language)
    if layers.items:
        return language("layers.block_items", device=device, count=block.count)
    if block.first is None:
        return language("layers.block", device=device, count=block.count)
    last = block.first + block.count - 1
    return language("layers.block_range", device=device, count=block.count, first=block.first, last=last)


def _block(layers: LayerMap, place: int, x: float, cell: float, language: Words) -> list[str]:
    """The layers of a device, one by one where they can be told apart."""
    block = layers.blocks[place]
    look = "xp-cpu" if not block.on_gpu else ("xp-gpu-a", "xp-gpu-b")[place % 2]
    title = _block_text(block, layers, language)
    apart = cell >= _LEAST_CELL
    length, places = (cell - 1.0, range(block.count)) if apart else (block.count * cell, range(1))
    sides = f"h{number(length)}v{number(_HEIGHT)}h-{number(length)}z"
    shape = "".join(f"M{number(x + at * cell)} {number(_TOP)}{sides}" for at in places)
    return [
        element("path", {"class": look, "d": shape, "data_layers": block.count}, element("title", {}, clean(title)))
    ]


def _names(block: Block, x: float, span: float, layers: LayerMap, language: Words) -> list[str]:
    """The device and its number of layers beneath, as far as there is room for it."""
    name, count = _device(block.device, language), _count(block, layers, language)
    short = name[len(name.rstrip("0123456789")) :]
    room = span + (0 if block is layers.blocks[-1] else _APART - _AIR)
    name = next((text for text in (name, short) if text and text_width(text, _SMALL) <= room), "")
    count = next((text for text in (count, str(block.count)) if text_width(text, _SMALL) <= room), "")
    y = _TOP + _HEIGHT + _ROW - 3
    return [
        words(x, y, name, _SMALL) if name else "",
        words(x, y + _ROW, count, _SMALL, "xp-soft") if count else "",
    ]


def _count(block: Block, layers: LayerMap, language: Words) -> str:
    return language("layers.count_items" if layers.items else "layers.count", count=block.count)


def _output(layers: LayerMap, x: float, cell: float, width: float, language: Words) -> list[str]:
    """The output layer at the end, with its name above; an empty box where its device is not known."""
    known = layers.output_device is not None
    title = (
        language("layers.output_on", device=_device(layers.output_device or "", language))
        if known
        else language("layers.output")
    )
    shown = max(cell - 1.0, 2.0)
    box = (
        rect(x, _TOP - 3, shown, _HEIGHT + 6, "xp-output", title=title)
        if known
        else rect(x, _TOP, shown, _HEIGHT, "xp-edge", title=title, fill="none", stroke_dasharray="2 2")
    )
    label = title if known else f"{title} ?"
    room = width - text_width(_heading(layers, language), _SMALL) - 12
    if text_width(label, _SMALL) > room:
        label = language("layers.output")
    return [box, words(width, 12, label, _SMALL, "xp-ink", text_anchor="end")]
