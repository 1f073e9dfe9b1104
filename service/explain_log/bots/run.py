"""`explain-log bot NAME`: one bot, from the environment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from explain_log.bots.conversation import Conversation
from explain_log.bots.desk import Desk
from explain_log.bots.http import hush
from explain_log.bots.memory import Memory, default_path
from explain_log.bots.service import ExplainService
from explain_log.bots.settings import Settings
from explain_log.errors import InputError

_LANGUAGES = {"feishu": "zh", "dingtalk": "zh", "wecom": "zh"}
NAMES = ("slack", "feishu", "dingtalk", "wecom", "telegram", "webhook")


class Bot(Protocol):
    """Something that takes a platform's messages to a desk."""

    async def run(self) -> None:
        """Runs until it is cancelled."""

    async def close(self) -> None:
        """Closes its connections."""


def run_bot(name: str, environment: Mapping[str, str]) -> None:
    """Runs until it is interrupted. Raises InputError for an unknown name, a missing variable or extra."""
    if name not in NAMES:
        raise InputError("bot.unknown_bot", name=name, allowed=", ".join(NAMES))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    hush()
    asyncio.run(_run(Settings(name, environment)))


async def _run(settings: Settings) -> None:
    memory = Memory(default_path(settings.bot))
    service = ExplainService(settings.service_url, settings.service_key, settings.public_url)
    desk = make_desk(settings, service, memory)
    bot: Bot | None = None
    try:
        bot = make_bot(settings, desk, memory)
        logging.getLogger(__name__).info("%s runs, over %s", settings.bot, settings.service_url)
        await bot.run()
    finally:
        await desk.close()
        if bot is not None:
            await bot.close()
        await service.close()
        memory.close()


def make_desk(settings: Settings, service: ExplainService, memory: Memory) -> Desk:
    """The desk of a bot."""
    language = settings.get("EXPLAIN_LOG_BOT_LANG", _LANGUAGES.get(settings.bot, "en"))
    if language not in ("zh", "en"):
        raise InputError("bot.bad_variable", name="EXPLAIN_LOG_BOT_LANG", allowed="zh, en")
    conversation = Conversation(service, memory, language=language, most_bytes=settings.most_bytes)
    return Desk(conversation, memory, settings.allowed)


def make_bot(settings: Settings, desk: Desk, memory: Memory) -> Bot:
    """The bot of that name. Raises InputError where a variable or the extra is missing."""
    if settings.bot == "slack":
        from explain_log.bots.slack.bot import SlackBot

        return SlackBot(settings, desk, memory)
    if settings.bot == "feishu":
        from explain_log.bots.feishu.bot import FeishuBot

        return FeishuBot(settings, desk, memory)
    if settings.bot == "dingtalk":
        from explain_log.bots.dingtalk.bot import DingTalkBot

        return DingTalkBot(settings, desk, memory)
    if settings.bot == "telegram":
        from explain_log.bots.telegram.bot import TelegramBot

        return TelegramBot(settings, desk, memory)
    if settings.bot == "wecom":
        return _wecom(settings, desk, memory)
    from explain_log.bots.webhook import WebhookBot

    return WebhookBot(settings, desk, memory)


def _wecom(settings: Settings, desk: Desk, memory: Memory) -> Bot:
    mode = settings.get("EXPLAIN_LOG_WECOM_MODE", "long")
    if mode == "callback":
        from explain_log.bots.wecom.callback import WeComCallbackBot

        return WeComCallbackBot(settings, desk, memory)
    if mode != "long":
        raise InputError("bot.bad_variable", name="EXPLAIN_LOG_WECOM_MODE", allowed="long, callback")
    from explain_log.bots.wecom.long import WeComLongBot

    return WeComLongBot(settings, desk)
