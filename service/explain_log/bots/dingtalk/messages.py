"""DingTalk's messages, the same in stream mode and by the outgoing webhook."""

from __future__ import annotations

from functools import partial
from typing import Any

from explain_log.bots.dingtalk.api import DingTalkApi
from explain_log.bots.dingtalk.surface import DingTalkSurface
from explain_log.bots.surface import ChatFile, Incoming

_GROUP = "2"


def incoming_of(told: dict[str, Any], api: DingTalkApi, template: str) -> Incoming:
    """The message. Raises KeyError, TypeError or AttributeError for what is none."""
    chat, person = str(told["conversationId"]), str(told.get("senderStaffId") or told["senderId"])
    key = f"dingtalk:{chat}" + (f":from:{person}" if str(told.get("conversationType")) == _GROUP else "")
    text, codes = _content(told)
    surface = DingTalkSurface(api, str(told["sessionWebhook"]), template, _space(told, chat, person))
    files = [ChatFile(name, None, partial(api.file, code)) for name, code in codes] if api.is_app else []
    return Incoming(
        event_id=f"dingtalk:{told['msgId']}", chat=chat, sender=person, threads=(key,), text=text.strip(),
        surface=surface, files=files,
    )  # fmt: skip


def _content(told: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """The text, and name and download code of each attachment."""
    kind, content = told.get("msgtype"), told.get("content") or {}
    if kind == "text":
        return str(told["text"]["content"]), []
    if kind in ("file", "picture"):
        return "", [(str(content.get("fileName", "log")), str(content["downloadCode"]))]
    if kind == "richText":
        parts = content.get("richText", [])
        text = "".join(str(part.get("text", "")) for part in parts)
        return text, [("picture", str(part["downloadCode"])) for part in parts if part.get("downloadCode")]
    return "", []


def _space(told: dict[str, Any], chat: str, person: str) -> dict[str, Any]:
    """Where a card is delivered: into the group, or to the person."""
    if str(told.get("conversationType")) == _GROUP:
        deliver = {"robotCode": str(told.get("robotCode", ""))}
        return {"openSpaceId": f"dtv1.card//IM_GROUP.{chat}", "imGroupOpenDeliverModel": deliver}
    return {"openSpaceId": f"dtv1.card//IM_ROBOT.{person}", "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"}}
