"""A card as paragraphs of marked-up text, and the most important of them where not all fit.

A paragraph is written whole or left out: a text that is cut in the middle of its markup is not text any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from explain_log.bots.card import Card, CardFinding, Step
from explain_log.render.words import Words

MARKS = {"error": "🔴", "warning": "🟠", "notice": "🔵", "benign": "🟢", "good": "✅", "plain": "📄"}
Measure = Callable[[str], int]


@dataclass(frozen=True)
class Style:
    """How a platform marks text up. escape: makes plain text harmless; the others take escaped text,
    but block, which takes plain text, and link, whose address is plain."""

    escape: Callable[[str], str]
    bold: Callable[[str], str]
    faint: Callable[[str], str]
    block: Callable[[str], str]
    link: Callable[[str, str], str]
    line_break: str = "\n"


@dataclass(frozen=True)
class Paragraph:
    """kind: the part of the card.  rank: the higher, the sooner it is left out."""

    kind: str
    text: str
    rank: int


def characters(text: str) -> int:
    """Characters as Slack counts them."""
    return len(text)


def utf16_units(text: str) -> int:
    """UTF-16 code units, as Telegram counts them."""
    return len(text.encode("utf-16-le", "replace")) // 2


def utf8_bytes(text: str) -> int:
    """Bytes in UTF-8, as WeCom, DingTalk and Feishu count them."""
    return len(text.encode("utf-8", "replace"))


def paragraphs(card: Card, style: Style, *, title: bool = True) -> list[Paragraph]:
    """The card's paragraphs in reading order. title: whether the title is one, or stands elsewhere."""
    words, found = Words(card.language), list[Paragraph]()

    def add(kind: str, text: str, rank: int) -> None:
        if text:
            found.append(Paragraph(kind, text, rank))

    if title and card.title:
        add("title", style.bold(f"{MARKS[card.mood]} {style.escape(card.title)}"), 0)
    add("about", _lines(style, [style.faint(style.escape(line)) for line in card.about]), 6)
    add("status", style.escape(f"⏳ {card.status}") if card.status else "", 0)
    for place, sentence in enumerate(card.answer):
        add("answer", style.escape(sentence), 1 + (place > 2))
    numbers = [f"{style.escape(name)} {style.bold(style.escape(value))}" for name, value in card.numbers]
    add("numbers", _lines(style, numbers), 2)
    for place, sentence in enumerate(card.summary):
        add("summary", style.escape(sentence), 3 + place)
    for place, finding in enumerate(card.findings):
        add("finding", _finding(finding, style, words), 2 + place + (finding.severity in ("notice", "benign")))
    if card.steps:
        add("heading", style.bold(style.escape(words("bot.steps"))), 5)
    for place, step in enumerate(card.steps):
        add("step", _step(step, style), 5 + place)
    notes = [style.faint(style.escape(note)) for note in card.notes]
    add("notes", _lines(style, notes), 1)
    if card.link:
        add("link", style.link(style.escape(words("bot.whole_report")), card.link), 1)
    return found


def _lines(style: Style, lines: list[str]) -> str:
    return style.line_break.join(lines)


def _finding(finding: CardFinding, style: Style, words: Words) -> str:
    label = words(f"severity.{finding.severity}")
    lines = [style.bold(f"{MARKS[finding.severity]} {style.escape(label + finding.title)}")]
    lines.append(style.escape(finding.detail))
    if finding.where:
        lines.append(style.faint(style.escape(finding.where)))
    return _lines(style, lines)


def _step(step: Step, style: Style) -> str:
    head = f"▸ {style.bold(style.escape(step.action))}"
    text = _lines(style, [head, style.escape(step.effect)] if step.effect else [head])
    return text + style.line_break + style.block(step.command) if step.command else text


def fitted(
    found: list[Paragraph], language: str, style: Style, most: int, measure: Measure, between: str = "\n\n"
) -> list[Paragraph]:
    """As many of the paragraphs as fit into `most`, in their order; a last line says that some are left out."""
    if measure(between.join(one.text for one in found)) <= most:
        return found
    left_out = Paragraph("left_out", style.faint(style.escape(Words(language)("bot.left_out"))), 0)
    step = measure(between)
    room = most - measure(left_out.text)
    chosen: set[int] = set()
    for place in sorted(range(len(found)), key=lambda place: (found[place].rank, place)):
        size = measure(found[place].text) + step
        if size <= room:
            chosen.add(place)
            room -= size
    if any(found[place].kind == "step" for place in chosen):
        kept = [one for place, one in enumerate(found) if place in chosen]
    else:
        kept = [one for place, one in enumerate(found) if place in chosen and one.kind != "heading"]
    return [*kept, left_out]


def text_of(card: Card, style: Style, most: int, measure: Measure) -> str:
    """The card as one text of at most so much."""
    return "\n\n".join(one.text for one in fitted(paragraphs(card, style), card.language, style, most, measure))


def _same(text: str) -> str:
    return text


_HARMLESS = str.maketrans("[]<>`*~#|@", "［］＜＞ˋ∗～＃¦＠")


def harmless(text: str) -> str:
    """Text from which no markdown dialect makes anything: what would be markup becomes a sign that looks like it."""
    return text.translate(_HARMLESS)


def code_block(text: str) -> str:
    """A fenced block that its lines cannot end."""
    return f"```\n{text.replace('```', 'ˋˋˋ')}\n```"


PLAIN = Style(escape=_same, bold=_same, faint=_same, block=_same, link=lambda text, address: f"{text}: {address}")
MARKDOWN = Style(
    escape=harmless,
    bold=lambda text: f"**{text}**",
    faint=_same,
    block=code_block,
    link=lambda text, address: f"[{text}]({address})",
    line_break="  \n",
)
