"""A card in Slack: a message of blocks in the thread that is edited, and the picture as a file after it."""

from __future__ import annotations

from typing import Any

from explain_log.bots.card import Card
from explain_log.bots.layout import MARKS, Style, characters, fitted, paragraphs
from explain_log.bots.surface import CannotSay, TooFast
from explain_log.render.words import Words

MOST_HEADER = 150
MOST_SECTION = 3000
MOST_BLOCKS = 50
MOST_CARD = 9000
"""All blocks together: Slack refuses from about 13,000 characters (slackapi/bolt-js, issue 2509)."""

_LOOKALIKES = str.maketrans({"*": "∗", "`": "ˋ", "~": "～"})
_TOO_MANY = 429
_SEEN = "eyes"
_QUIET = frozenset(("already_reacted", "missing_scope", "no_reaction"))


def escaped(text: str) -> str:
    """Slack has three escapes; signs of markup have none and are replaced. `<!channel>` comes to nothing."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").translate(_LOOKALIKES)


def _block(text: str) -> str:
    return f"```\n{escaped(text)}\n```"


MRKDWN = Style(
    escape=escaped,
    bold=lambda text: f"*{text}*",
    faint=lambda text: text,
    block=_block,
    link=lambda text, address: f"<{address}|{text}>",
)


def blocks_of(card: Card) -> list[dict[str, Any]]:
    """The card as blocks."""
    found = fitted(paragraphs(card, MRKDWN, title=False), card.language, MRKDWN, MOST_CARD, characters)
    blocks: list[dict[str, Any]] = []
    if card.title:
        title = f"{MARKS[card.mood]} {card.title}"[:MOST_HEADER]
        blocks.append({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": True}})
    for one in found[: MOST_BLOCKS - 1]:
        text = {"type": "mrkdwn", "text": one.text[:MOST_SECTION]}
        if one.kind in ("about", "notes", "left_out", "status"):
            blocks.append({"type": "context", "elements": [text]})
        else:
            blocks.append({"type": "section", "text": text})
    return blocks or [{"type": "section", "text": {"type": "mrkdwn", "text": "…"}}]


class SlackSurface:
    """Answers one message. client: slack_sdk's AsyncWebClient."""

    pace_seconds = 1.5

    def __init__(self, client: Any, channel: str, message: str, thread: str) -> None:
        self._client = client
        self._channel = channel
        self._message = message
        self._thread = thread
        self._card = ""
        self._has_picture = False

    async def acknowledge(self) -> None:
        """A pair of eyes."""
        await self._call("reactions_add", channel=self._channel, timestamp=self._message, name=_SEEN)

    async def open(self, card: Card) -> None:
        """Posts in the thread."""
        sent = await self._call("chat_postMessage", thread_ts=self._thread, **self._content(card))
        self._card = str(sent["ts"])

    async def update(self, card: Card) -> None:
        """Edits it."""
        if self._card:
            await self._call("chat_update", ts=self._card, **self._content(card))

    async def close(self, card: Card, picture: bytes | None) -> None:
        """Edits it, or posts it where that did not succeed before; then the picture."""
        if self._card:
            await self.update(card)
        else:
            await self.open(card)
        if picture is not None and not self._has_picture:
            await self._upload(picture, Words(card.language)("bot.picture"))
            self._has_picture = True

    def reply_keys(self) -> tuple[str, ...]:
        """The thread is known by its first message."""
        return (f"slack:{self._channel}:{self._thread}",)

    async def _upload(self, picture: bytes, title: str) -> None:
        await self._call(
            "files_upload_v2", channel=self._channel, thread_ts=self._thread, content=picture, filename="memory.png",
            title=title, alt_txt=title,
        )  # fmt: skip

    async def _call(self, method: str, **values: Any) -> Any:
        from slack_sdk.errors import SlackApiError

        try:
            return await getattr(self._client, method)(**values)
        except SlackApiError as error:
            headers = getattr(error.response, "headers", {})
            if getattr(error.response, "status_code", 0) == _TOO_MANY:
                raise TooFast(float(headers.get("Retry-After", 1))) from None
            code = str(error.response.get("error", ""))
            if code in _QUIET:
                return {}
            raise CannotSay(f"{method}: {code}") from None
        except Exception as error:  # noqa: BLE001 - aiohttp's and the upload's own; their texts hold addresses
            raise CannotSay(f"{method}: {type(error).__name__}") from None

    def _content(self, card: Card) -> dict[str, Any]:
        return {
            "channel": self._channel, "text": escaped(card.title or card.status or "explain-log"),
            "blocks": blocks_of(card), "unfurl_links": False, "unfurl_media": False,
        }  # fmt: skip
