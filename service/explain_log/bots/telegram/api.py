"""The methods of Telegram's Bot API that the bot uses. The token is part of every address: none is ever shown."""

from __future__ import annotations

from typing import Any

from explain_log.bots.http import Calls
from explain_log.bots.surface import CannotSay, FileTooLarge, TooFast

BASE_URL = "https://api.telegram.org"
MOST_FILE_BYTES = 20 << 20
"""What getFile gives at most."""

POLL_SECONDS = 50
_NOT_MODIFIED = "message is not modified"


class TelegramApi:
    """Calls of one bot."""

    def __init__(self, token: str, base_url: str = BASE_URL) -> None:
        self._calls = Calls(base_url)
        self._token = token

    async def close(self) -> None:
        """Closes the connections."""
        await self._calls.close()

    async def call(self, name: str, read_seconds: float = 30.0, **values: Any) -> Any:
        """A method's result. Raises TooFast, CannotSay."""
        answer = await self._calls.call(
            "POST", f"/bot{self._token}/{name}", what=name, read_seconds=read_seconds, json=values
        )
        return _result(name, answer)

    async def updates(self, offset: int) -> list[dict[str, Any]]:
        """New messages, as soon as there are some."""
        found: list[dict[str, Any]] = await self.call(
            "getUpdates", POLL_SECONDS + 10.0, offset=offset, timeout=POLL_SECONDS, allowed_updates=["message"]
        )
        return found

    async def photo(self, chat: int, reply_to: int, png: bytes, caption: str) -> None:
        """Sends a picture."""
        fields = {"chat_id": str(chat), "caption": caption, "reply_parameters": f'{{"message_id": {reply_to}}}'}
        files = {"photo": ("memory.png", png, "image/png")}
        path = f"/bot{self._token}/sendPhoto"
        _result("sendPhoto", await self._calls.call("POST", path, what="sendPhoto", data=fields, files=files))

    async def file(self, file_id: str, most_bytes: int) -> bytes:
        """A file's bytes. Raises FileTooLarge."""
        try:
            found = await self.call("getFile", file_id=file_id)
        except CannotSay as error:
            if "too big" in str(error):
                raise FileTooLarge(MOST_FILE_BYTES) from None
            raise
        path = str(found["file_path"])
        if path.startswith("/") or ".." in path:
            raise CannotSay("getFile: a path outside")
        return await self._calls.fetch(f"/file/bot{self._token}/{path}", min(most_bytes, MOST_FILE_BYTES))


def _result(name: str, answer: Any) -> Any:
    if not isinstance(answer, dict) or not answer.get("ok"):
        told = str(answer.get("description", "")) if isinstance(answer, dict) else ""
        if _NOT_MODIFIED in told:
            return None
        pause = answer.get("parameters", {}).get("retry_after") if isinstance(answer, dict) else None
        if pause:
            raise TooFast(float(pause))
        raise CannotSay(f"{name}: {told[:100]}")
    return answer["result"]
