"""What a bot is told by the environment. Secrets come from nowhere else and are shown nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from explain_log.errors import InputError

_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Settings:
    """The environment as one bot reads it."""

    bot: str
    values: Mapping[str, str]

    def need(self, name: str) -> str:
        """A variable without which the bot cannot run. Raises InputError that names it."""
        value = self.get(name)
        if not value:
            raise InputError("bot.missing_variable", bot=self.bot, name=name)
        return value

    def get(self, name: str, default: str = "") -> str:
        """A variable, or the default where it is not set or empty."""
        return self.values.get(name, "").strip() or default

    def number(self, name: str, default: int, most: int) -> int:
        """A variable that is a whole number from 0 to most. Raises InputError."""
        text = self.get(name, str(default))
        if not text.isdecimal() or int(text) > most:
            raise InputError("bot.bad_variable", name=name, allowed=f"0–{most}")
        return int(text)

    @property
    def service_url(self) -> str:
        """Where the REST service is."""
        return self.get("EXPLAIN_LOG_URL", "http://127.0.0.1:8377")

    @property
    def service_key(self) -> str:
        """The key for the REST service."""
        return self.get("EXPLAIN_LOG_API_KEY")

    @property
    def public_url(self) -> str:
        """Where people reach the service's pages; no links where it is not set."""
        return self.get("EXPLAIN_LOG_PUBLIC_URL")

    @property
    def listen(self) -> tuple[str, int]:
        """Where callbacks are taken."""
        return self.get("EXPLAIN_LOG_BOT_HOST", "127.0.0.1"), self.number("EXPLAIN_LOG_BOT_PORT", 8378, 65535)

    @property
    def allowed(self) -> frozenset[str]:
        """Ids of chats or people that are answered; empty: everybody."""
        return frozenset(self.get("EXPLAIN_LOG_BOT_ALLOW").replace(",", " ").split())

    @property
    def most_bytes(self) -> int:
        """The largest attachment."""
        return self.number("EXPLAIN_LOG_BOT_FILE_MIB", 64, 4096) * _MEBIBYTE


def of_process(bot: str) -> Settings:
    """The settings of this process."""
    return Settings(bot, os.environ)
