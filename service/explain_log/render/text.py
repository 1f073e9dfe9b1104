"""The page as text for a terminal: wrapped to its width, with tables and bars.

Everything is made here once, as blocks of (style, text); `colours.paint` writes them coloured or plain.
"""

from __future__ import annotations

from explain_log.render.findings import AdvicePart, FindingPart
from explain_log.render.grid import BLOCKS, Block, Grid, Line, bar, cells, column_widths, fitted, grid_width
from explain_log.render.loads import DeviceRow, LoadTable, Placement
from explain_log.render.page import Headline, Page, SectionPart
from explain_log.render.width import columns, cut, wrap
from explain_log.render.words import Words

NARROWEST = 30
WIDEST_PROSE = 100
"""Longer lines are hard to read, however wide the terminal is."""

_WIDEST_BAR = 32
_NARROWEST_BAR = 6
_MARKS = {"error": "✗", "warning": "!", "notice": "›", "info": "-", "benign": "✓"}
_BAR_COLUMNS = {"model_mib": 0, "kv_mib": 1, "compute_mib": 2}


def text_lines(page: Page, words: Words, width: int) -> list[Block]:
    """The whole page in lines of at most `width` columns."""
    width = max(width, NARROWEST)
    lines = headline_lines(page.headline, width)
    for section in page.before:
        lines += section_lines(section, width)
    lines += table_lines(page, words, width)
    for section in page.after:
        lines += section_lines(section, width)
    return lines + end_lines(page, words, width)


def table_lines(page: Page, words: Words, width: int) -> list[Block]:
    """The list of loads and where they sit."""
    lines = load_lines(page.loads, words, width) if page.loads else []
    for placement in page.placements:
        lines += placement_lines(placement, words, width)
    return lines


def end_lines(page: Page, words: Words, width: int) -> list[Block]:
    """The findings and the notes."""
    lines = heading_lines(words("findings.heading"), width) if page.findings else []
    for finding in page.findings:
        lines += finding_lines(finding, width)
    return lines + _note_lines(page.notes, width)


def headline_lines(headline: Headline, width: int) -> list[Block]:
    """The headline and what was read."""
    style = "strong" if headline.mood == "plain" else headline.mood
    lines = paragraph(style, headline.text, width, "")
    for about in headline.about:
        lines += paragraph("faint", about, width, "")
    return lines


def heading_lines(text: str, width: int) -> list[Block]:
    """A heading, set off from what is before it."""
    return [[], *paragraph("heading", text, width, "")]


def section_lines(section: SectionPart, width: int) -> list[Block]:
    """A section of the explanation: heading, then one sentence after the other."""
    lines = heading_lines(section.heading, width)
    for number, part in enumerate(section.sentences, 1):
        lines += part_lines(part, number, width)
    return lines


def part_lines(part: str | AdvicePart, number: int, width: int) -> list[Block]:
    """One sentence; what follows its first line is set in, so that one sees where the next one begins."""
    if isinstance(part, str):
        return paragraph("", part, width, "    ", [("", "  ")])
    return _advice_lines(part, width, f"  {number}. ")


def paragraph(style: str, text: str, width: int, indent: str, first: Line | None = None) -> list[Block]:
    """Wrapped text behind an indent; first: what stands in place of the first line's indent."""
    limit, least = min(width, WIDEST_PROSE), 2
    begin = [("", indent)] if first is None else first
    room = limit - sum(columns(part) for _, part in begin)
    pieces = wrap(text, max(limit - columns(indent), least), max(room, least))
    return [[*(begin if place == 0 else [("", indent)]), (style, piece)] for place, piece in enumerate(pieces)]


def load_lines(table: LoadTable, words: Words, width: int) -> list[Block]:
    """The list of loads; model, then outcome give way where the terminal is narrow, then the last columns."""
    lines = heading_lines(words("loads.heading"), width)
    widths = fitted(column_widths([table.header, *table.rows]), 2, width - 2, (2, 3))
    rows = [("faint", table.header), *zip(table.styles, table.rows, strict=True)]
    lines.append(Grid([cells(style, row, widths) for style, row in rows], widths, frozenset((0, 4, 5))))
    if table.note:
        lines += paragraph("faint", table.note, width, "  ")
    return lines


def placement_lines(placement: Placement, words: Words, width: int) -> list[Block]:
    """The table of devices of a load; where it does not fit, two lines a device."""
    header = [words("table.device"), words("table.layers")]
    header += [_column_title(name, words) for name in placement.columns] + [words("table.total")]
    rows = [[row.name, row.layers, *row.cells, row.total] for row in placement.rows]
    widths = column_widths([header, *rows])
    gap = 2 if width - grid_width(widths, 2) >= _WIDEST_BAR else 1
    room = min(_WIDEST_BAR, width - 2 - grid_width(widths, gap) - gap)
    lines: list[Block] = [[]]
    if placement.title:
        lines.append([("strong", cut("  " + placement.title, width))])
    if room < _NARROWEST_BAR:
        return lines + _narrow_placement(placement, words, width)
    drawn = [[*cells("faint", header, widths), []]]
    for row, device in zip(rows, placement.rows, strict=True):
        drawn.append([*cells("", row, widths), _bar(device, placement, room)])
    return [*lines, Grid(drawn, [*widths, room], frozenset(range(2, len(header))), gap)]


def _bar(device: DeviceRow, placement: Placement, room: int) -> Line:
    """A device's bar; the largest device of the table fills the room."""
    whole = max(row.weights + row.kv + row.compute for row in placement.rows)
    return bar((device.weights, device.kv, device.compute), whole, room)


def _narrow_placement(placement: Placement, words: Words, width: int) -> list[Block]:
    """For each device a line with its name, layers and total, and a bar under it."""
    lines: list[Block] = [[("", "  "), *_legend(words)]] if width > NARROWEST else []
    rows = [[row.name, row.layers, f"{row.total} MiB" if row.total else ""] for row in placement.rows]
    widths = fitted(column_widths(rows), 2, width - 2, (0,))
    for row, device in zip(rows, placement.rows, strict=True):
        lines.append(Grid([cells("", row, widths)], widths, frozenset((2,))))
        lines.append([("", "    "), *_bar(device, placement, min(_WIDEST_BAR, width - 4))])
    return lines


def _column_title(name: str, words: Words) -> str:
    place = _BAR_COLUMNS.get(name)
    title = words(f"table.{name}")
    return title if place is None else f"{BLOCKS[place][1]} {title}"


def _legend(words: Words) -> Line:
    spans: Line = []
    for name, place in _BAR_COLUMNS.items():
        style, block = BLOCKS[place]
        spans += [(style, block), ("faint", f" {words(f'table.{name}')}  ")]
    return spans


def finding_lines(finding: FindingPart, width: int) -> list[Block]:
    """A finding: mark, title and where it stands; its arithmetic; the lines; what to do."""
    mark: Line = [("", "  "), (finding.severity, f"{_MARKS[finding.severity]} {finding.label}")]
    lines = paragraph("strong", finding.title, width, "    ", mark)
    lines += paragraph("", finding.detail, width, "    ")
    lines += paragraph("faint", " · ".join(filter(None, (finding.where, finding.also, finding.id))), width, "    ")
    for number, text in finding.evidence:
        lines.append([("faint", cut(f"    │ {number}: {text}", width))])
    for advice in finding.advice:
        lines += _advice_lines(advice, width, "    → ")
    return lines


def _advice_lines(advice: AdvicePart, width: int, mark: str) -> list[Block]:
    """What to do. A command stays one line, however long: it is there to be copied."""
    indent = " " * columns(mark)
    lines = paragraph("strong", advice.action, width, indent, [("good", mark)])
    lines += paragraph("", advice.effect, width, indent)
    for command in advice.commands:
        lines.append([("", indent), ("code", command)])
    for label, step in advice.steps:
        lines += paragraph("faint", label + step, width, indent + "  ", [("", indent)])
    return lines


def _note_lines(notes: list[str], width: int) -> list[Block]:
    lines: list[Block] = [[]] if notes else []
    for note in notes:
        lines += paragraph("faint", note, width, "")
    return lines
