"""The DingTalk bots: the outgoing webhook as documented, and stream mode through the official SDK over real sockets."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets
from chats import LOG, PNG, REPORT_ID, bot_over, run, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from explain_log.bots.dingtalk.stream import library

SECRET = "app-secret"


class DingTalk:
    """The open platform: cards that are streamed, session webhooks, files, a limit that is met."""

    def __init__(self, *, has_cards=True):
        self.said, self.cards, self.media, self.calls = [], {}, [], []
        self.has_cards = has_cards
        self.limit_says = 0
        self.url = self.stream_url = ""

    def app(self):
        return Starlette(
            routes=[
                Route("/v1.0/oauth2/accessToken", self.token, methods=["POST"]),
                Route("/v1.0/gateway/connections/open", self.connection, methods=["POST"]),
                Route("/v1.0/card/instances/createAndDeliver", self.create, methods=["POST"]),
                Route("/v1.0/card/instances", self.put, methods=["PUT"]),
                Route("/v1.0/card/streaming", self.stream, methods=["PUT"]),
                Route("/v1.0/robot/messageFiles/download", self.download, methods=["POST"]),
                Route("/media/upload", self.upload, methods=["POST"]),
                Route("/robot/sendBySession", self.say, methods=["POST"]),
                Route("/oss/log", lambda request: Response(LOG.encode())),
            ]
        )

    async def token(self, request: Request) -> Response:
        assert await request.json() == {"appKey": "key", "appSecret": SECRET}
        return JSONResponse({"accessToken": "at", "expireIn": 7200})

    async def connection(self, request: Request) -> Response:
        told = await request.json()
        assert (told["clientId"], told["clientSecret"]) == ("key", SECRET)
        return JSONResponse({"endpoint": self.stream_url, "ticket": "secret-ticket"})

    async def create(self, request: Request) -> Response:
        assert request.headers["x-acs-dingtalk-access-token"] == "at"
        if not self.has_cards:
            return JSONResponse({"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "no"}, 403)
        told = await request.json()
        self.cards[told["outTrackId"]] = [("create", told["openSpaceId"])]
        return JSONResponse({"success": True, "result": {}})

    async def put(self, request: Request) -> Response:
        told = await request.json()
        data = told["cardData"]["cardParamMap"]
        self.cards[told["outTrackId"]].append((data["flowStatus"], data["msgContent"]))
        return JSONResponse({"success": True})

    async def stream(self, request: Request) -> Response:
        told = await request.json()
        assert told["isFull"] is True
        self.cards[told["outTrackId"]].append(("stream", told["content"]))
        return JSONResponse({"success": True})

    async def download(self, request: Request) -> Response:
        self.calls.append(await request.json())
        return JSONResponse({"downloadUrl": f"{self.url}/oss/log"})

    async def upload(self, request: Request) -> Response:
        assert request.query_params["access_token"] == "at"
        async with request.form() as form:
            self.media.append(await form["media"].read())
        return JSONResponse({"errcode": 0, "media_id": "@media"})

    async def say(self, request: Request) -> Response:
        if self.limit_says:
            self.limit_says -= 1
            return JSONResponse({"errcode": 130101, "errmsg": "send too fast"}, 429, {"Retry-After": "1"})
        told = await request.json()
        assert told["msgtype"] == "markdown"
        assert len(told["markdown"]["text"].encode()) <= 20000
        self.said.append(told["markdown"])
        return JSONResponse({"errcode": 0, "errmsg": "ok"})


@asynccontextmanager
async def dingtalk_bot(stub, platform, **values):
    async with serving(platform.app()) as url:
        platform.url = url
        values = {
            "EXPLAIN_LOG_DINGTALK_APP_KEY": "key", "EXPLAIN_LOG_DINGTALK_APP_SECRET": SECRET,
            "EXPLAIN_LOG_DINGTALK_URL": url, "EXPLAIN_LOG_DINGTALK_OAPI_URL": url,
        } | values  # fmt: skip
        async with bot_over(stub, "dingtalk", values, language="zh") as (bot, desk):
            yield bot, desk


@asynccontextmanager
async def webhook_bot(stub, platform, **values):
    values = {"EXPLAIN_LOG_DINGTALK_MODE": "webhook"} | values
    async with (
        dingtalk_bot(stub, platform, **values) as (bot, desk),
        serving(bot.app()) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        yield desk, client


def message(platform, text="", number="1", **values):
    told = {
        "msgId": f"msg{number}", "conversationId": "cid", "conversationType": "1", "senderStaffId": "u1", "senderId": "$u1",
        "robotCode": "key", "sessionWebhook": f"{platform.url}/robot/sendBySession?session=s", "msgtype": "text",
        "text": {"content": text},
    }  # fmt: skip
    return told | values


def signed(told, *, secret=SECRET, at=None):
    """An outgoing webhook's request: the signature is over the time stamp and the secret."""
    now = str(int((at or time.time()) * 1000))
    time.sleep(0.002)
    digest = hmac.new(secret.encode(), f"{now}\n{secret}".encode(), hashlib.sha256).digest()
    return {"json": told, "headers": {"timestamp": now, "sign": base64.b64encode(digest).decode()}}


def asked(stub, *make_told, platform=None, **values):
    """What DingTalk saw after these messages by the webhook, one after the other."""

    async def main():
        dingtalk, statuses = platform or DingTalk(), []
        async with webhook_bot(stub, dingtalk, **values) as (desk, client):
            for make in make_told:
                statuses.append((await client.post("/dingtalk", timeout=3.0, **make(dingtalk))).status_code)
                await desk.idle()
        return dingtalk, statuses

    return run(main())


def test_a_log_becomes_a_card_that_is_written_and_finished(stub):
    """Created, streamed, finished, with the picture in its Markdown; nothing else is said."""
    stub.statements, stub.pause_seconds = ["模型说的话。"], 0.5
    dingtalk, statuses = asked(stub, lambda d: signed(message(d, "为什么慢？\n" + LOG)))
    assert statuses == [200]
    (steps,) = dingtalk.cards.values()
    assert steps[0] == ("create", "dtv1.card//IM_ROBOT.u1")
    assert steps[1][0] == "2"
    assert steps[-1][0] == "3"
    assert "stream" in [step[0] for step in steps]
    assert "DeepSeek R1 Distill Llama 70B" in steps[-1][1]
    assert "模型说的话。" in steps[-1][1]
    assert steps[-1][1].endswith("![显存与内存](@media)")
    assert dingtalk.media == [PNG]
    assert dingtalk.said == []


def test_without_cards_markdown_is_said(stub):
    """Where the app may not use cards: a word at once, and the whole at the end."""
    stub.pause_seconds = 0.1
    dingtalk, _ = asked(stub, lambda d: signed(message(d, LOG)), platform=DingTalk(has_cards=False))
    assert [one["title"] for one in dingtalk.said] == ["正在读日志", "模型已加载好：DeepSeek R1 Distill Llama 70B"]
    assert "51.04 GiB" in dingtalk.said[-1]["text"]


def test_a_robot_without_an_app_says_markdown(stub):
    """A group's custom robot has only its secret: no cards, no picture."""
    dingtalk, _ = asked(stub, lambda d: signed(message(d, LOG)), EXPLAIN_LOG_DINGTALK_APP_KEY="")
    assert "51.04 GiB" in dingtalk.said[-1]["text"]
    assert dingtalk.media == []


def test_the_limit_is_waited_out(stub):
    """20 messages a minute: the last one comes all the same."""
    dingtalk = DingTalk(has_cards=False)
    dingtalk.limit_says = 2
    asked(stub, lambda d: signed(message(d, LOG)), platform=dingtalk)
    assert "51.04 GiB" in dingtalk.said[-1]["text"]


def test_forged_old_and_repeated_requests(stub):
    """Another secret, none, an hour and more ago; a captured signature under another message."""
    captured = {}

    def first(dingtalk):
        captured.update(signed(message(dingtalk, LOG)))
        return captured

    def under_another(dingtalk):
        return {"json": message(dingtalk, LOG, 2), "headers": captured["headers"]}

    _, statuses = asked(
        stub,
        lambda d: signed(message(d, LOG), secret="x"),
        lambda d: {"json": message(d, LOG)},
        lambda d: signed(message(d, LOG), at=time.time() - 3700),
        first,
        lambda d: captured,
        lambda d: signed(message(d, LOG)),
        under_another,
    )
    assert statuses == [401, 401, 401, 200, 200, 200, 409]
    assert len(stub.asked) == 1


def test_nothing_is_posted_to_other_hosts(stub, monkeypatch):
    """The signature does not cover the body: an address in it that is not DingTalk's is left."""
    monkeypatch.setattr("explain_log.bots.telling._CLOSE_PAUSE_SECONDS", 0.01)

    async def main():
        evil, hits = DingTalk(), []
        async with serving(evil.app()) as url:
            dingtalk = DingTalk(has_cards=False)
            async with webhook_bot(stub, dingtalk) as (desk, client):
                told = message(dingtalk, "你好") | {"sessionWebhook": f"{url}/robot/sendBySession"}
                await client.post("/dingtalk", **signed(told))
                await desk.idle()
                hits = list(evil.said)
        return hits

    assert run(main()) == []


def test_a_file_is_fetched(stub):
    """By its download code."""
    content = {"downloadCode": "dc", "fileName": "server.log"}
    dingtalk, _ = asked(stub, lambda d: signed(message(d, msgtype="file", content=content)))
    assert dingtalk.calls == [{"downloadCode": "dc", "robotCode": "key"}]
    assert stub.asked[0]["log"] == LOG.encode()


def test_stream_mode(stub, monkeypatch, caplog, capfd):
    """Connection, message, acknowledgement, duplicate and question; neither ticket nor message in a log."""
    caplog.set_level("DEBUG")
    acknowledged = []

    async def main():
        dingtalk, sockets, ready = DingTalk(), [], asyncio.Event()

        async def serve(socket):
            sockets.append(socket)
            ready.set()
            async for text in socket:
                acknowledged.append(json.loads(text))  # noqa: PERF401 - as they come

        async with websockets.serve(serve, "127.0.0.1", 0) as server, dingtalk_bot(stub, dingtalk) as (bot, desk):
            dingtalk.stream_url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/connect"
            address = f"{dingtalk.url}/v1.0/gateway/connections/open"
            monkeypatch.setattr(library().DingTalkStreamClient, "OPEN_CONNECTION_API", address)
            task = asyncio.create_task(bot.run())
            await ready.wait()
            for number, told in enumerate((message(dingtalk, LOG), message(dingtalk, LOG), message(dingtalk, "为什么慢？", 2))):
                headers = {"topic": "/v1.0/im/bot/messages/get", "messageId": f"frame{number}", "contentType": "application/json"}
                await sockets[0].send(json.dumps({"specVersion": "1.0", "type": "CALLBACK", "headers": headers, "data": json.dumps(told)}))
                await asyncio.sleep(0.3)
                await desk.idle()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await bot.close()
        return dingtalk

    dingtalk = run(main())
    assert [one["headers"]["messageId"] for one in acknowledged] == ["frame0", "frame1", "frame2"]
    assert {one["code"] for one in acknowledged} == {200}
    assert [one.get("report") for one in stub.asked] == [None, REPORT_ID]
    assert len(dingtalk.cards) == 2
    captured = capfd.readouterr()
    logged = caplog.text + captured.err + captured.out
    assert "secret-ticket" not in logged
    assert SECRET not in logged


@pytest.mark.parametrize("values", [{"EXPLAIN_LOG_DINGTALK_MODE": "x"}, {}, {"EXPLAIN_LOG_DINGTALK_APP_SECRET": "x"}])
def test_what_is_missing_is_named(values):
    """In one line."""
    from explain_log.bots.run import make_bot
    from explain_log.bots.settings import Settings
    from explain_log.errors import InputError

    with pytest.raises(InputError, match="EXPLAIN_LOG_DINGTALK_"):
        make_bot(Settings("dingtalk", values), None, None)
