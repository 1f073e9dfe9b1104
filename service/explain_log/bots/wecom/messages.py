"""WeCom's messages, the same on the long connection and in callbacks, and the stream message that answers them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any
from urllib.parse import urlsplit

from explain_log.bots.card import Card
from explain_log.bots.http import Calls
from explain_log.bots.layout import MARKDOWN, text_of, utf8_bytes
from explain_log.bots.signing import Refused
from explain_log.bots.surface import CannotSay, ChatFile, ChatSurface, Incoming
from explain_log.bots.wecom.crypt import opened_file

MOST_TEXT_BYTES = 20_480
MOST_PICTURE_BYTES = 10 << 20
_FILES = ("file", "image")


def content_of(card: Card) -> str:
    """The card as a stream message's content."""
    return text_of(card, MARKDOWN, MOST_TEXT_BYTES, utf8_bytes) or "…"


def picture_items(picture: bytes | None) -> list[dict[str, Any]]:
    """The picture as it stands in the last piece of a stream message; none where it is too large."""
    if picture is None or len(picture) > MOST_PICTURE_BYTES:
        return []
    digest = hashlib.md5(picture, usedforsecurity=False).hexdigest()
    return [{"msgtype": "image", "image": {"base64": base64.b64encode(picture).decode(), "md5": digest}}]


def incoming_of(body: dict[str, Any], surface: ChatSurface, calls: Calls, own_key: bytes = b"") -> Incoming:
    """The message. own_key: opens attachments that bring no key of their own. Raises KeyError, TypeError."""
    person = str(body["from"]["userid"])
    chat = str(body.get("chatid") or person)
    key = f"wecom:{chat}" + (f":from:{person}" if body.get("chattype") == "group" else "")
    parts = body["mixed"]["msg_item"] if body["msgtype"] == "mixed" else [body]
    text = "\n".join(str(part["text"]["content"]) for part in parts if part["msgtype"] == "text")
    files = [_file(part, calls, own_key) for part in parts if part["msgtype"] in _FILES]
    return Incoming(
        event_id=f"wecom:{body['msgid']}", chat=chat, sender=person, threads=(key,), text=_without_mention(text),
        surface=surface, files=files,
    )  # fmt: skip


def _without_mention(text: str) -> str:
    """In a group a message begins with @ and the bot's name."""
    stripped = text.strip()
    return stripped.partition(" ")[2].strip() if stripped.startswith("@") else stripped


def _file(part: dict[str, Any], calls: Calls, own_key: bytes) -> ChatFile:
    told = part[part["msgtype"]]
    key = _key(str(told.get("aeskey", ""))) or own_key

    async def fetch(most_bytes: int) -> bytes:
        if urlsplit(str(told["url"])).scheme not in ("https", "http"):
            raise CannotSay("file: no address")
        data = await calls.fetch(str(told["url"]), most_bytes + 64)
        try:
            return opened_file(data, key) if key else data
        except Refused:
            raise CannotSay("file: encrypted with another key") from None

    return ChatFile(str(told.get("filename") or told.get("name") or "log"), None, fetch)


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""
