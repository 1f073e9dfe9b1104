"""A card in DingTalk: an AI card that is written as it comes, else Markdown messages, which cannot be edited."""

from __future__ import annotations

import logging
from typing import Any

from explain_log.bots.card import Card
from explain_log.bots.dingtalk.api import DingTalkApi
from explain_log.bots.layout import MARKDOWN, text_of, utf8_bytes
from explain_log.bots.surface import CannotSay
from explain_log.render.words import Words

_LOG = logging.getLogger(__name__)
MOST_TEXT_BYTES = 15_000
_CARD_SECONDS, _MESSAGE_SECONDS = 0.8, 3.5
"""A robot may send 20 messages a minute into a group."""


class DingTalkSurface:
    """Answers one message. space: where a card goes; None: Markdown only."""

    def __init__(self, api: DingTalkApi, session_webhook: str, template: str, space: dict[str, Any] | None) -> None:
        self._api = api
        self._session_webhook = session_webhook
        self._template = template
        self._space = space if template and api.is_app else None
        self._card_id = ""
        self._said = False
        self._picture = ""
        self.pace_seconds = _CARD_SECONDS if self._space else _MESSAGE_SECONDS

    async def acknowledge(self) -> None:
        """The card that is opened at once, or the short message in its place, does."""

    async def open(self, card: Card) -> None:
        """Begins the card, or says in a message what is being done."""
        text = _text(card)
        if self._space is not None:
            try:
                self._card_id = await self._api.begin_card(self._template, self._space, text)
            except CannotSay as error:
                _LOG.warning("no AI card, Markdown is sent instead: %s", error)
                self._space = None
        if not self._card_id:
            await self._api.say(self._session_webhook, card.status or card.title, text)

    async def update(self, card: Card) -> None:
        """Writes on in the card."""
        if self._card_id:
            await self._api.stream_card(self._card_id, _text(card))

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Ends the card, or sends the message; the picture stands in it."""
        if picture is not None and self._api.is_app and not self._picture:
            self._picture = await self._api.upload(picture)
        text = _text(card)
        if self._picture:
            text += f"\n\n![{Words(card.language)('bot.picture')}]({self._picture})"
        if self._card_id:
            await self._api.finish_card(self._card_id, text)
        elif not self._said:
            await self._api.say(self._session_webhook, card.title or Words(card.language)("bot.answer"), text)
            self._said = True

    def reply_keys(self) -> tuple[str, ...]:
        """DingTalk has no threads: who asks and where is all that there is."""
        return ()


def _text(card: Card) -> str:
    return text_of(card, MARKDOWN, MOST_TEXT_BYTES, utf8_bytes) or "…"
