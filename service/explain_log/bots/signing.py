"""Who a request comes from: signatures compared in constant time, old and repeated requests refused."""

from __future__ import annotations

import hashlib
import hmac
import time

from explain_log.bots.memory import Memory


class Refused(Exception):
    """A request that is not to be trusted. The answer tells only the status. status: of HTTP."""

    def __init__(self, reason: str, status: int = 401) -> None:
        super().__init__(reason)
        self.status = status


def same(ours: str, theirs: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))


def hmac_sha256(key: str, *parts: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) over the parts one after the other."""
    return hmac.new(key.encode(), b"".join(parts), hashlib.sha256).digest()


class ReplayWindow:
    """Requests are taken for so many seconds after their time stamp, and each once.

    name: of the bot, so that bots that share a memory do not get in each other's way.
    """

    def __init__(self, name: str, memory: Memory, seconds: float = 300.0) -> None:
        self._name = name
        self._memory = memory
        self._seconds = seconds

    def check_time(self, timestamp_seconds: str) -> None:
        """Raises Refused for a time stamp that is none, or too far from now."""
        try:
            age = abs(time.time() - float(timestamp_seconds))
        except ValueError:
            raise Refused("no time stamp") from None
        if not age <= self._seconds:
            raise Refused("too old")

    def check_once(self, nonce: str) -> None:
        """Raises Refused for what came before. Called after the signature was found right: what is forged must
        not use up a nonce."""
        if not nonce or not self._memory.first_time(f"{self._name} nonce {nonce}"):
            raise Refused("came before", 409)
