"""The Telegram bot against a server that behaves as the Bot API is documented."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from chats import LOG, PNG, REPORT_ID, bot_over, run, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from explain_log.bots.settings import Settings
from explain_log.bots.telegram.bot import TelegramBot
from explain_log.errors import InputError

TOKEN = "123456:secret-token"
SECRET = "webhook-secret"


class Telegram:
    """The Bot API: messages that wait, messages that were sent, and a limit that is met now and then."""

    def __init__(self):
        self.updates, self.calls, self.texts, self.photos = [], [], {}, []
        self.limit_edits = 0
        self.news = asyncio.Event()

    def app(self):
        return Starlette(
            routes=[
                Route(f"/bot{TOKEN}/{{method}}", self.call, methods=["POST"]),
                Route(f"/file/bot{TOKEN}/documents/log.gz", lambda request: Response(LOG.encode())),
            ]
        )

    def send(self, text="", number=None, **values):
        """A person writes."""
        number = number or len(self.updates) + 1
        message = {"message_id": number, "chat": {"id": 5, "type": "private"}, "from": {"id": 9, "language_code": "zh-hans"}}
        message |= ({"text": text} if text else {}) | values
        self.updates.append({"update_id": 1000 + len(self.updates), "message": message})
        self.news.set()
        return self.updates[-1]

    async def call(self, request: Request) -> Response:
        method = request.path_params["method"]
        self.calls.append(method)
        if method == "sendPhoto":
            async with request.form() as form:
                self.photos.append((form["chat_id"], await form["photo"].read(), form["caption"]))
            return self.ok({"message_id": 900})
        return await getattr(self, method, self.anything)(await request.json())

    def ok(self, result=True):
        return JSONResponse({"ok": True, "result": result})

    async def anything(self, told):
        return self.ok()

    async def getMe(self, told):  # noqa: N802 - the method's name at Telegram
        return self.ok({"id": 1, "is_bot": True, "username": "ExplainBot"})

    async def getUpdates(self, told):  # noqa: N802 - the method's name at Telegram
        for _ in range(10):
            found = [one for one in self.updates if one["update_id"] >= told["offset"]]
            if found:
                return self.ok(found)
            await asyncio.sleep(0.02)
        return self.ok([])

    def check(self, told):
        assert len(told["text"].encode("utf-16-le")) // 2 <= 4096
        assert told["parse_mode"] == "HTML"

    async def sendMessage(self, told):  # noqa: N802 - the method's name at Telegram
        self.check(told)
        number = 800 + len(self.texts)
        self.texts[number] = [told["text"]]
        self.reply = told.get("reply_parameters")
        return self.ok({"message_id": number})

    async def editMessageText(self, told):  # noqa: N802 - the method's name at Telegram
        if self.limit_edits:
            self.limit_edits -= 1
            return JSONResponse({"ok": False, "error_code": 429, "parameters": {"retry_after": 1}}, 429)
        self.check(told)
        texts = self.texts[told["message_id"]]
        if texts[-1] == told["text"]:
            return JSONResponse({"ok": False, "error_code": 400, "description": "Bad Request: message is not modified"}, 400)
        texts.append(told["text"])
        return self.ok({})

    async def getFile(self, told):  # noqa: N802 - the method's name at Telegram
        if told["file_id"] == "huge":
            return JSONResponse({"ok": False, "error_code": 400, "description": "Bad Request: file is too big"}, 400)
        return self.ok({"file_path": "../../etc/passwd" if told["file_id"] == "odd" else "documents/log.gz"})


@asynccontextmanager
async def telegram_bot(stub, telegram, **values):
    async with serving(telegram.app()) as url:
        values = {"EXPLAIN_LOG_TELEGRAM_TOKEN": TOKEN, "EXPLAIN_LOG_TELEGRAM_URL": url} | values
        async with bot_over(stub, "telegram", values) as (bot, desk):
            await bot.start()
            yield bot, desk


def polled(stub, *sends, seconds=0.0):
    """What Telegram was told after a person wrote, by long polling."""

    async def main():
        telegram = Telegram()
        async with telegram_bot(stub, telegram) as (bot, desk):
            task = asyncio.create_task(bot.run())
            for values in sends:
                telegram.send(**values)
                await asyncio.sleep(seconds)
            await wait_for(lambda: telegram.photos or len(stub.asked) >= 1 or seconds, telegram)
            await desk.idle()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return telegram

    return run(main())


async def wait_for(happened, telegram):
    for _ in range(400):
        if happened() or telegram.texts:
            return
        await asyncio.sleep(0.02)


def test_a_pasted_log_is_answered_by_one_message_and_a_photo(stub):
    """It says "typing", replies, edits, and sends the picture; in the language of the sender's app."""
    telegram = polled(stub, {"text": LOG[:3000].rsplit("\n", 1)[0]})
    assert telegram.calls.index("sendChatAction") < telegram.calls.index("sendMessage")
    assert telegram.reply["message_id"] == 1
    (texts,) = telegram.texts.values()
    assert texts[-1].startswith("<b>")
    assert "显存" in texts[-1] or "GPU 上的层" in texts[-1]
    assert telegram.photos == [("5", PNG, "显存与内存")]


def test_a_paste_that_telegram_cut_is_one_log(stub):
    """A client cuts at 4096; the pieces become one again."""
    pieces, rest = [], LOG
    while len(rest) > 4096:
        cut = rest[:4096].rfind("\n")
        pieces.append(rest[:cut])
        rest = rest[cut + 1 :]
    pieces.append(rest)
    polled(stub, *({"text": piece} for piece in pieces))
    assert len(stub.asked) == 1
    assert stub.asked[0]["log"].decode().split() == LOG.split()


def test_a_document_is_fetched(stub):
    """By getFile, from the file address."""
    telegram = polled(stub, {"document": {"file_id": "f", "file_name": "ollama.log.gz", "file_size": 10}})
    assert stub.asked[0]["name"] == "ollama.log.gz"
    assert stub.asked[0]["log"] == LOG.encode()
    assert len(telegram.photos) == 1


@pytest.mark.parametrize(("file_id", "told"), [("huge", "最多 20 MiB"), ("odd", "没拿到文件")])
def test_a_document_that_cannot_be_had_is_told(stub, file_id, told):
    """Beyond what getFile gives, or a path outside."""
    telegram = polled(stub, {"document": {"file_id": file_id, "file_name": "x"}})
    assert told in telegram.texts[800][-1]


def test_the_limit_is_waited_out(stub):
    """429 has the seconds in its body; the last text comes all the same."""
    stub.statements, stub.pause_seconds = ["模型说的话。"], 0.2

    async def main():
        telegram = Telegram()
        async with telegram_bot(stub, telegram) as (bot, desk):
            telegram.limit_edits = 2
            bot.hear(telegram.send(LOG[:2000]))
            await desk.idle()
        return telegram

    telegram = run(main())
    assert telegram.limit_edits == 0
    assert "模型说的话。" in telegram.texts[800][-1]


def test_in_a_group_only_what_is_meant_for_it(stub):
    """A mention or a reply to the bot; a reply to its card is a question about that report."""
    group = {"chat": {"id": -7, "type": "supergroup"}}

    async def main():
        telegram = Telegram()
        async with telegram_bot(stub, telegram) as (bot, desk):
            bot.hear(telegram.send(LOG[:2000], **group))
            await desk.idle()
            unmentioned = len(stub.asked)
            bot.hear(telegram.send("@ExplainBot\n" + LOG[:2000], **group))
            await desk.idle()
            reply = {"reply_to_message": {"message_id": 800, "from": {"username": "ExplainBot"}}}
            bot.hear(telegram.send("为什么慢？", **group, **reply))
            await desk.idle()
        return unmentioned

    assert run(main()) == 0
    assert [one.get("report") for one in stub.asked] == [None, REPORT_ID]


def test_the_webhook_takes_only_what_has_its_secret(stub):
    """Forged requests are refused; a repeated update is answered once; both at once, within the time limit."""

    async def main():
        telegram = Telegram()
        values = {"EXPLAIN_LOG_TELEGRAM_WEBHOOK_URL": "https://bot.example/telegram", "EXPLAIN_LOG_TELEGRAM_SECRET": SECRET}
        stub.pause_seconds = 0.3
        async with telegram_bot(stub, telegram, **values) as (bot, desk), serving(bot.app()) as url:
            update = telegram.send(LOG[:2000])
            async with httpx.AsyncClient() as client:
                statuses = []
                for secret in ("", "wrong", SECRET, SECRET):
                    header = {"X-Telegram-Bot-Api-Secret-Token": secret}
                    answer = await client.post(f"{url}/telegram", json=update, headers=header, timeout=0.5)
                    statuses.append(answer.status_code)
                await desk.idle()
        return statuses, telegram

    statuses, telegram = run(main())
    assert statuses == [401, 401, 200, 200]
    assert "setWebhook" in telegram.calls
    assert len(stub.asked) == 1


def test_the_token_is_in_no_log(stub, caplog):
    """Also where a call fails: every address holds it."""
    caplog.set_level("DEBUG")
    polled(stub, {"document": {"file_id": "odd", "file_name": "x"}})
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("values", [{}, {"EXPLAIN_LOG_TELEGRAM_TOKEN": "t", "EXPLAIN_LOG_TELEGRAM_WEBHOOK_URL": "https://x"}])
def test_a_missing_variable_is_named(stub, values):
    """In one line."""
    with pytest.raises(InputError, match=r"EXPLAIN_LOG_TELEGRAM_(TOKEN|SECRET)"):
        TelegramBot(Settings("telegram", values), None, None)
