"""Cards as text: harmless, readable, and cut to whole paragraphs."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from chats import LOG

from explain_log.bots.card import Card, CardFinding, Step, report_card, shortened
from explain_log.bots.dingtalk.surface import MOST_TEXT_BYTES as DINGTALK_BYTES
from explain_log.bots.feishu.surface import card_json
from explain_log.bots.layout import MARKDOWN, PLAIN, characters, text_of, utf8_bytes, utf16_units
from explain_log.bots.slack.surface import MOST_CARD, blocks_of
from explain_log.bots.telegram.surface import HTML, MOST_TEXT_UNITS
from explain_log.bots.wecom.messages import MOST_TEXT_BYTES as WECOM_BYTES
from explain_log.pipeline import report_of_text

ATTACK = "<at id=all></at><!channel> [go](http://evil.example) *b* `c` ```x``` <script>alert(1)</script> @all &amp; #h"
STYLES = {
    "telegram": (HTML, MOST_TEXT_UNITS, utf16_units), "dingtalk": (MARKDOWN, DINGTALK_BYTES, utf8_bytes),
    "wecom": (MARKDOWN, WECOM_BYTES, utf8_bytes), "plain": (PLAIN, 4000, characters),
}  # fmt: skip


def attacked() -> Card:
    """A card whose every text came out of a hostile log."""
    finding = CardFinding("error", ATTACK, ATTACK, ATTACK)
    return Card(
        "zh", ATTACK, "error", (ATTACK,), ATTACK, (ATTACK,), ((ATTACK, ATTACK),), (ATTACK,), (finding,),
        (Step(ATTACK, ATTACK, ATTACK),), (ATTACK,),
    )  # fmt: skip


def huge() -> Card:
    """A card with more text than any platform takes."""
    finding = CardFinding("warning", "显存" * 80, "🟠" * 400, "第 1 行")
    return replace(
        attacked(), findings=(finding,) * 20, summary=("很长的一句话。" * 60,) * 40, steps=(Step("做", "好", "x" * 600),) * 20
    )


@pytest.mark.parametrize("platform", STYLES)
def test_a_long_card_fits(platform):
    """Whole paragraphs go; the title stays, and a line says that something is missing."""
    style, most, measure = STYLES[platform]
    text = text_of(huge(), style, most, measure)
    assert measure(text) <= most
    assert "太长" in text
    assert "🔴" in text.splitlines()[0]


def test_a_long_card_fits_slack():
    """Sections, blocks and the whole are within Slack's limits."""
    blocks = blocks_of(huge())
    texts = [block["text"]["text"] if "text" in block else block["elements"][0]["text"] for block in blocks]
    assert len(blocks) <= 50
    assert max(map(len, texts)) <= 3000
    assert len(texts[0]) <= 150
    assert sum(map(len, texts)) <= MOST_CARD + 200


def test_a_long_card_fits_feishu():
    """30 KB, the quoting of JSON in JSON counted."""
    import json

    content = json.dumps(card_json(huge(), "img_1"), ensure_ascii=False)
    assert len(json.dumps({"content": content}, ensure_ascii=False).encode()) <= 30 * 1024


class Tags(HTMLParser):
    """The tags of a text, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_telegram_s_html_is_well_formed_and_only_ours():
    """What a log holds opens no tag."""
    for card in (attacked(), huge()):
        tags = Tags()
        tags.feed(text_of(card, HTML, MOST_TEXT_UNITS, utf16_units))
        tags.close()
        assert not tags.open
        assert tags.seen <= {"b", "i", "pre", "a"}


def test_feishu_mentions_nobody():
    """Every sign of markup from a log is a character reference, but in a block of code."""
    elements = card_json(attacked())["body"]["elements"]
    shown = "\n".join(one["content"] for one in elements)
    outside = "".join(part for place, part in enumerate(shown.split("```")) if place % 2 == 0)
    assert "<at" not in outside
    assert "](http" not in outside


def test_slack_mentions_nobody():
    """`<!channel>` is text; a header is never markup."""
    sections = [block for block in blocks_of(attacked()) if block["type"] != "header"]
    assert len(sections) > 5
    assert "<!" not in str(sections)
    assert "<http" not in str(sections)


@pytest.mark.parametrize("platform", ["dingtalk", "wecom"])
def test_markdown_from_a_log_is_text(platform):
    """No link, no mention, no fence that ends early."""
    style, most, measure = STYLES[platform]
    text = text_of(attacked(), style, most, measure)
    outside = "".join(part for place, part in enumerate(text.split("```")) if place % 2 == 0)
    assert text.count("```") == 2
    for sign in ("](http", "<at", "@all", "`"):
        assert sign not in outside


def test_a_text_is_cut_at_a_word():
    """And says so."""
    assert shortened("one two three four", 15) == "one two three…"
    assert shortened("一二三四五六", 4) == "一二三…"
    assert shortened("short", 5) == "short"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_card_of_a_real_report(language):
    """Numbers with their units, findings without mere information, advice with commands, and what was left out."""
    card = report_card(report_of_text(LOG, language))
    assert ("显存", "51.04 GiB（8 块 GPU）") in card.numbers or ("VRAM", "51.04 GiB (GPUs: 8)") in card.numbers
    assert {finding.severity for finding in card.findings} <= {"error", "warning", "notice", "benign"}
    assert any("OLLAMA_" in step.command for step in card.steps)
    assert len(card.steps) <= 3
    assert len(set(card.steps)) == len(card.steps)
    assert card.notes
