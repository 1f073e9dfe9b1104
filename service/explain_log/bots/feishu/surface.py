"""A card in Feishu: card JSON 2.0, one that is updated in place (at most 30 KB, 5 updates a second)."""

from __future__ import annotations

import re
import secrets
from typing import Any

from explain_log.bots.card import Card
from explain_log.bots.feishu.api import FeishuApi
from explain_log.bots.layout import MARKS, Style, code_block, fitted, paragraphs, utf8_bytes
from explain_log.render.words import Words

MOST_TEXT_BYTES = 18_000
"""Of 30 KB a card: quotes and line ends count double in JSON, and headings and frames count as well."""

_COLOURS = {"error": "red", "warning": "orange", "good": "green", "plain": "blue"}
_MARKUP = re.compile(r"[&<>*_~`\[\]()#|\\$]")


def _escaped(text: str) -> str:
    """Feishu's markdown takes HTML's character references; `<at id=all>` must not come out of a log."""
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)


MARKDOWN = Style(
    escape=_escaped,
    bold=lambda text: f"**{text}**",
    faint=lambda text: f"<font color='grey'>{text}</font>",
    block=code_block,
    link=lambda text, address: f"[{text}]({address})",
)


def card_json(card: Card, picture_key: str = "") -> dict[str, Any]:
    """The card as Feishu has it."""
    found = fitted(paragraphs(card, MARKDOWN, title=False), card.language, MARKDOWN, MOST_TEXT_BYTES, utf8_bytes)
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": one.text} for one in found]
    if picture_key:
        alt = {"tag": "plain_text", "content": Words(card.language)("bot.picture")}
        place = next((at for at, one in enumerate(found) if one.kind == "finding"), len(found))
        elements.insert(place, {"tag": "img", "img_key": picture_key, "alt": alt, "scale_type": "fit_horizontal"})
    told: dict[str, Any] = {
        "schema": "2.0",
        "config": {"update_multi": True, "summary": {"content": card.title or card.status or "explain-log"}},
        "body": {"elements": elements},
    }
    if card.title:
        title = {"tag": "plain_text", "content": f"{MARKS[card.mood]} {card.title}"}
        told["header"] = {"title": title, "template": _COLOURS[card.mood]}
    return told


class FeishuSurface:
    """Answers one message."""

    pace_seconds = 0.5

    def __init__(self, api: FeishuApi, message_id: str) -> None:
        self._api = api
        self._message_id = message_id
        self._uuid = secrets.token_hex(16)
        self._card_id = ""
        self._picture_key = ""

    async def acknowledge(self) -> None:
        """A reaction that says that it is being worked on."""
        await self._api.react(self._message_id, "OnIt")

    async def open(self, card: Card) -> None:
        """Replies with the card."""
        self._card_id = await self._api.reply(self._message_id, card_json(card), self._uuid)

    async def update(self, card: Card) -> None:
        """Updates the card."""
        if self._card_id:
            await self._api.patch(self._card_id, card_json(card))

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Updates the card, with the picture in it."""
        if picture is not None and not self._picture_key:
            self._picture_key = await self._api.upload(picture)
        told = card_json(card, self._picture_key)
        if self._card_id:
            await self._api.patch(self._card_id, told)
        else:
            self._card_id = await self._api.reply(self._message_id, told, self._uuid)

    def reply_keys(self) -> tuple[str, ...]:
        """Replies name the message that began the thread, and the one that they reply to."""
        return (f"feishu:{self._card_id}",) if self._card_id else ()
