"""Feishu's events on their way in: signature, encryption, verification token (open.feishu.cn, event subscription)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from starlette.requests import Request

from explain_log.bots.aes import AES_BLOCK_BYTES, decrypt
from explain_log.bots.signing import Refused, ReplayWindow, same


class FeishuEvents:
    """What is needed to trust an event. encrypt_key: "" where events come in the clear, then only the token tells."""

    def __init__(self, verification_token: str, encrypt_key: str, window: ReplayWindow) -> None:
        self._token = verification_token
        self._encrypt_key = encrypt_key
        self._window = window

    def opened(self, request: Request, body: bytes) -> dict[str, Any]:
        """The event. Raises Refused for what is not signed, encrypted and marked as ours are."""
        event = self._decrypted(_json(body))
        # The question whether this address is ours comes before the platform signs: the token alone stands for it.
        if event.get("type") != "url_verification" and self._encrypt_key:
            self._check_signature(request, body)
        token = event.get("token") or event.get("header", {}).get("token", "")
        if not same(self._token, str(token)):
            raise Refused("wrong verification token")
        return event

    def _check_signature(self, request: Request, body: bytes) -> None:
        now, nonce = (request.headers.get(f"x-lark-request-{name}", "") for name in ("timestamp", "nonce"))
        ours = hashlib.sha256((now + nonce + self._encrypt_key).encode() + body).hexdigest()
        if not same(ours, request.headers.get("x-lark-signature", "")):
            raise Refused("wrong signature")
        self._window.check_time(now)

    def _decrypted(self, told: dict[str, Any]) -> dict[str, Any]:
        if not self._encrypt_key:
            return told
        try:
            sealed = base64.b64decode(str(told["encrypt"]), validate=True)
        except (KeyError, binascii.Error):
            raise Refused("not encrypted") from None
        key = hashlib.sha256(self._encrypt_key.encode()).digest()
        vector, data = sealed[:AES_BLOCK_BYTES], sealed[AES_BLOCK_BYTES:]
        if len(vector) < AES_BLOCK_BYTES:
            raise Refused("not encrypted")
        return _json(decrypt(key, vector, data, padding_bytes=AES_BLOCK_BYTES))


def _json(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        raise Refused("not JSON", 400) from None
    if not isinstance(told, dict):
        raise Refused("not an object", 400)
    return told


def text_of_content(kind: str, content: dict[str, Any]) -> str:
    """What is written in a message: plain text, or the texts and code blocks of a post."""
    if kind == "text":
        return str(content.get("text", ""))
    if kind != "post":
        return ""
    body = content if "content" in content else next((one for one in content.values() if isinstance(one, dict)), {})
    rows = [_row(row) for row in body.get("content", []) if isinstance(row, list)]
    return "\n".join(filter(None, [str(body.get("title", "")), *rows]))


def _row(row: list[Any]) -> str:
    texts = []
    for part in row:
        if part.get("tag") == "code_block":
            texts.append(f"\n```\n{part.get('text', '').strip()}\n```\n")
        elif part.get("tag") in ("text", "a", "md"):
            texts.append(str(part.get("text", "")))
    return "".join(texts)
