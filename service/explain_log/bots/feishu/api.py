"""The calls of Feishu's open platform that the bot uses."""

from __future__ import annotations

import json
import time
from typing import Any

from explain_log.bots.http import Calls
from explain_log.bots.surface import CannotSay, TooFast

BASE_URL = "https://open.feishu.cn"
_OK = 0
_TOKEN_CODES = frozenset((99991661, 99991663, 99991664, 99991668))
_LIMIT_CODES = frozenset((230020, 99991400, 11232, 11233))
_LIMIT_PAUSE_SECONDS = 1.0
_TOKEN_RESERVE_SECONDS = 300.0


class FeishuApi:
    """Calls of one app. Its tenant access token is had when it is needed, and again when it is refused."""

    def __init__(self, app_id: str, app_secret: str, base_url: str = BASE_URL) -> None:
        self._calls = Calls(base_url)
        self._login = {"app_id": app_id, "app_secret": app_secret}
        self._token = ""
        self._until = 0.0

    async def close(self) -> None:
        """Closes the connections."""
        await self._calls.close()

    async def reply(self, message_id: str, card: dict[str, Any], uuid: str) -> str:
        """Replies with a card; gives its message id. uuid: the same call again within an hour sends nothing new."""
        body = {"msg_type": "interactive", "content": _text(card), "uuid": uuid}
        answer = await self._call("POST", f"/open-apis/im/v1/messages/{message_id}/reply", what="reply", json=body)
        return str(answer["data"]["message_id"])

    async def patch(self, message_id: str, card: dict[str, Any]) -> None:
        """Puts another card in a message."""
        body = {"content": _text(card)}
        await self._call("PATCH", f"/open-apis/im/v1/messages/{message_id}", what="update", json=body)

    async def react(self, message_id: str, emoji: str) -> None:
        """Adds a reaction to a message."""
        body = {"reaction_type": {"emoji_type": emoji}}
        await self._call("POST", f"/open-apis/im/v1/messages/{message_id}/reactions", what="reaction", json=body)

    async def upload(self, png: bytes) -> str:
        """Uploads a picture; gives its key."""
        files = {"image": ("memory.png", png, "image/png")}
        path = "/open-apis/im/v1/images"
        answer = await self._call("POST", path, what="image", data={"image_type": "message"}, files=files)
        return str(answer["data"]["image_key"])

    async def file(self, message_id: str, key: str, kind: str, most_bytes: int) -> bytes:
        """A message's attachment. kind: file or image."""
        path = f"/open-apis/im/v1/messages/{message_id}/resources/{key}"
        return await self._calls.fetch(path, most_bytes, params={"type": kind}, headers=await self._authorization())

    async def _call(self, method: str, path: str, *, what: str, **body: Any) -> dict[str, Any]:
        for fresh in (False, True):
            headers = await self._authorization(fresh=fresh)
            answer = await self._calls.call(method, path, what=what, headers=headers, **body)
            code = answer.get("code") if isinstance(answer, dict) else None
            if code == _OK:
                return dict(answer)
            if code in _LIMIT_CODES:
                raise TooFast(_LIMIT_PAUSE_SECONDS)
            if code not in _TOKEN_CODES:
                break
        raise CannotSay(f"{what}: code {code}")

    async def _authorization(self, *, fresh: bool = False) -> dict[str, str]:
        if fresh or time.monotonic() >= self._until:
            path = "/open-apis/auth/v3/tenant_access_token/internal"
            answer = await self._calls.call("POST", path, what="token", json=self._login)
            if not isinstance(answer, dict) or answer.get("code") != _OK:
                raise CannotSay("token: the app's id or secret is refused")
            self._token = str(answer["tenant_access_token"])
            self._until = time.monotonic() + max(0.0, float(answer.get("expire", 0)) - _TOKEN_RESERVE_SECONDS)
        return {"Authorization": f"Bearer {self._token}"}


def _text(card: dict[str, Any]) -> str:
    return json.dumps(card, ensure_ascii=False)
