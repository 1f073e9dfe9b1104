"""The calls of DingTalk's open platform that the bot uses."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from explain_log.bots.http import Calls
from explain_log.bots.surface import CannotSay, TooFast

BASE_URL = "https://api.dingtalk.com"
OLD_BASE_URL = "https://oapi.dingtalk.com"
CARD_TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
"""The general AI card with Markdown, which dingtalk-stream names as well."""

_HOST = ".dingtalk.com"
_LIMIT_CODES = frozenset((130101, 90018, 660026))
_LIMIT_PAUSE_SECONDS = 10.0
_TOKEN_RESERVE_SECONDS = 300.0
_INPUTING, _FINISHED = "2", "3"
_ORDER = '{"order": ["msgContent"]}'


class DingTalkApi:
    """Calls of one app. app_key may be "" for a robot that has only an outgoing webhook: then only `say` is there."""

    def __init__(
        self, app_key: str, app_secret: str, base_url: str = BASE_URL, old_base_url: str = OLD_BASE_URL
    ) -> None:
        self._calls = Calls(base_url)
        self._old_base_url = old_base_url.rstrip("/")
        self._app_key = app_key
        self._login = {"appKey": app_key, "appSecret": app_secret}
        self._token = ""
        self._until = 0.0

    @property
    def is_app(self) -> bool:
        """Whether cards, files and pictures can be had."""
        return bool(self._app_key)

    async def close(self) -> None:
        """Closes the connections."""
        await self._calls.close()

    async def say(self, session_webhook: str, title: str, text: str) -> None:
        """Sends Markdown by a message's session webhook, whose address came with the message."""
        if not self._is_ours(session_webhook):
            raise CannotSay("session webhook: not DingTalk's")
        body = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        answer = await self._calls.call("POST", session_webhook, what="say", json=body)
        _check("say", answer)

    def _is_ours(self, address: str) -> bool:
        """The outgoing webhook's signature does not cover its body: without this the body would say where we post."""
        if address.startswith(self._old_base_url + "/"):
            return True
        parts = urlsplit(address)
        return parts.scheme == "https" and (parts.hostname or "").endswith(_HOST)

    async def begin_card(self, template: str, space: dict[str, Any], text: str) -> str:
        """Puts an AI card into a chat; gives its id."""
        card_id = str(uuid.uuid4())
        body = {
            "cardTemplateId": template, "outTrackId": card_id, "callbackType": "STREAM",
            "cardData": {"cardParamMap": {}}, "imGroupOpenSpaceModel": {"supportForward": True},
            "imRobotOpenSpaceModel": {"supportForward": True}, **space,
        }  # fmt: skip
        await self._call("POST", "/v1.0/card/instances/createAndDeliver", what="card", json=body)
        await self._put_card(card_id, text, _INPUTING)
        return card_id

    async def stream_card(self, card_id: str, text: str) -> None:
        """Shows another text in a card that is being written."""
        body = {
            "outTrackId": card_id, "guid": str(uuid.uuid4()), "key": "msgContent", "content": text, "isFull": True,
            "isFinalize": False, "isError": False,
        }  # fmt: skip
        await self._call("PUT", "/v1.0/card/streaming", what="card", json=body)

    async def finish_card(self, card_id: str, text: str) -> None:
        """Shows the last text in a card."""
        await self._put_card(card_id, text, _FINISHED)

    async def _put_card(self, card_id: str, text: str, status: str) -> None:
        data = {"msgContent": text, "staticMsgContent": "", "flowStatus": status, "sys_full_json_obj": _ORDER}
        body = {"outTrackId": card_id, "cardData": {"cardParamMap": data}}
        await self._call("PUT", "/v1.0/card/instances", what="card", json=body)

    async def upload(self, png: bytes) -> str:
        """Uploads a picture; gives the media id, which Markdown takes in place of an address."""
        address = f"{self._old_base_url}/media/upload"
        query = {"access_token": (await self._authorization())["x-acs-dingtalk-access-token"]}
        files = {"media": ("memory.png", png, "image/png")}
        answer = await self._calls.call(
            "POST", address, what="media", params=query, data={"type": "image"}, files=files
        )
        _check("media", answer)
        return str(answer["media_id"])

    async def file(self, download_code: str, most_bytes: int) -> bytes:
        """A message's attachment."""
        body = {"downloadCode": download_code, "robotCode": self._app_key}
        answer = await self._call("POST", "/v1.0/robot/messageFiles/download", what="file", json=body)
        return await self._calls.fetch(str(answer["downloadUrl"]), most_bytes)

    async def _call(self, method: str, path: str, *, what: str, **body: Any) -> dict[str, Any]:
        answer = await self._calls.call(method, path, what=what, headers=await self._authorization(), **body)
        if not isinstance(answer, dict):
            raise CannotSay(f"{what}: no object")
        code = str(answer.get("code", ""))
        if "Throttling" in code or "QpsLimit" in code:
            raise TooFast(_LIMIT_PAUSE_SECONDS)
        if "AccessToken" in code or "access.token" in code.lower():
            self._until = 0.0
        if code:
            raise CannotSay(f"{what}: {code[:60]}")
        return answer

    async def _authorization(self) -> dict[str, str]:
        if time.monotonic() >= self._until:
            answer = await self._calls.call("POST", "/v1.0/oauth2/accessToken", what="token", json=self._login)
            if not isinstance(answer, dict) or "accessToken" not in answer:
                raise CannotSay("token: the app's key or secret is refused")
            self._token = str(answer["accessToken"])
            self._until = time.monotonic() + max(0.0, float(answer.get("expireIn", 0)) - _TOKEN_RESERVE_SECONDS)
        return {"x-acs-dingtalk-access-token": self._token}


def _check(what: str, answer: Any) -> None:
    code = answer.get("errcode") if isinstance(answer, dict) else None
    if code in _LIMIT_CODES:
        raise TooFast(_LIMIT_PAUSE_SECONDS)
    if code != 0:
        raise CannotSay(f"{what}: errcode {code}")
