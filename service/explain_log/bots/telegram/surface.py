"""A card in a Telegram chat: a message that is edited, and a photo in reply to it."""

from __future__ import annotations

from html import escape
from typing import Any

from explain_log.bots.card import Card
from explain_log.bots.layout import Style, text_of, utf16_units
from explain_log.bots.telegram.api import TelegramApi
from explain_log.render.words import Words

MOST_TEXT_UNITS = 4096
_PRIVATE_SECONDS, _GROUP_SECONDS = 1.2, 3.5
"""One message a second in a chat, twenty a minute in a group."""

HTML = Style(
    escape=lambda text: escape(text, quote=False),
    bold=lambda text: f"<b>{text}</b>",
    faint=lambda text: f"<i>{text}</i>",
    block=lambda text: f"<pre>{escape(text, quote=False)}</pre>",
    link=lambda text, address: f'<a href="{escape(address)}">{text}</a>',
)


class TelegramSurface:
    """Answers one message."""

    def __init__(self, api: TelegramApi, chat: int, message: int, *, private: bool) -> None:
        self._api = api
        self._chat = chat
        self._message = message
        self._card_id: int | None = None
        self._has_picture = False
        self.pace_seconds = _PRIVATE_SECONDS if private else _GROUP_SECONDS

    async def acknowledge(self) -> None:
        """Shows "is typing"."""
        await self._api.call("sendChatAction", chat_id=self._chat, action="typing")

    async def open(self, card: Card) -> None:
        """Sends the message, in reply to the asker's."""
        reply = {"message_id": self._message, "allow_sending_without_reply": True}
        sent = await self._api.call("sendMessage", reply_parameters=reply, **self._content(card))
        self._card_id = int(sent["message_id"])

    async def update(self, card: Card) -> None:
        """Edits it."""
        if self._card_id is not None:
            await self._api.call("editMessageText", message_id=self._card_id, **self._content(card))

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Edits it, or sends it where that did not succeed before; then the photo."""
        if self._card_id is None:
            await self.open(card)
        else:
            await self.update(card)
        if picture is not None and not self._has_picture:
            caption = Words(card.language)("bot.picture")
            await self._api.photo(self._chat, self._card_id or self._message, picture, caption)
            self._has_picture = True

    def reply_keys(self) -> tuple[str, ...]:
        """Replies name the message that they reply to."""
        return () if self._card_id is None else (f"telegram:{self._chat}:{self._card_id}",)

    def _content(self, card: Card) -> dict[str, Any]:
        text = text_of(card, HTML, MOST_TEXT_UNITS, utf16_units) or "…"
        return {
            "chat_id": self._chat, "text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True},
        }  # fmt: skip
