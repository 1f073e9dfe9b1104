"""The WeCom bots: callbacks as documented, and the long connection through the official SDK over a real socket."""

import asyncio
import base64
import hashlib
import json
import struct
import time
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets
from chats import LOG, PNG, REPORT_ID, bot_over, run, serving
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from explain_log.bots.wecom.long import library

TOKEN = "callback-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
KEY = base64.b64decode(AES_KEY + "=")


def sealed(plain: bytes, key=KEY) -> bytes:
    """AES-256-CBC with padding to 32 bytes; the vector is the key's first half."""
    count = 32 - len(plain) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()


def opened(data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    (size,) = struct.unpack(">I", plain[16:20])
    return plain[20 : 20 + size]


def signature(now, nonce, text, token=TOKEN):
    return hashlib.sha1("".join(sorted((token, now, nonce, text))).encode()).hexdigest()


def framed(told) -> str:
    message = told if isinstance(told, bytes) else json.dumps(told).encode()
    return base64.b64encode(sealed(b"r" * 16 + struct.pack(">I", len(message)) + message)).decode()


def request(told, *, token=TOKEN, at=None, nonce="n1"):
    """A callback as WeCom sends it."""
    text, now = framed(told), str(int(at or time.time()))
    query = {"msg_signature": signature(now, nonce, text, token), "timestamp": now, "nonce": nonce}
    return {"params": query, "content": json.dumps({"encrypt": text})}


def message(text="", number="m1", kind="text", **values):
    body = {"text": {"content": text}} if kind == "text" else {}
    return {"msgid": number, "aibotid": "b", "chattype": "single", "from": {"userid": "u1"}, "msgtype": kind} | body | values


@asynccontextmanager
async def callback_bot(stub):
    values = {"EXPLAIN_LOG_WECOM_MODE": "callback", "EXPLAIN_LOG_WECOM_TOKEN": TOKEN, "EXPLAIN_LOG_WECOM_ENCODING_AES_KEY": AES_KEY}
    async with (
        bot_over(stub, "wecom", values, language="zh") as (bot, desk),
        serving(bot.app()) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        yield desk, client


def answer_of(response):
    """An answer, after its signature was checked as WeCom checks it."""
    told = response.json()
    assert told["msgsignature"] == signature(str(told["timestamp"]), told["nonce"], told["encrypt"])
    return json.loads(opened(base64.b64decode(told["encrypt"])))


def test_the_address_is_verified(stub):
    """The plain text comes back without quotes; not for a wrong signature."""

    async def main():
        async with callback_bot(stub) as (_, client):
            text, now = framed(b"echo me"), str(int(time.time()))
            query = {"timestamp": now, "nonce": "n", "echostr": text}
            good = await client.get("/wecom", params=query | {"msg_signature": signature(now, "n", text)})
            bad = await client.get("/wecom", params=query | {"msg_signature": "0" * 40})
            return good.text, bad.status_code

    assert run(main()) == ("echo me", 401)


def test_a_log_is_answered_by_a_stream_that_wecom_asks_on_for(stub):
    """The first answer comes at once; the last one has the picture, with its digest."""
    stub.pause_seconds = 1.2

    async def main():
        async with callback_bot(stub) as (desk, client):
            began = time.monotonic()
            first = answer_of(await client.post("/wecom", **request(message(LOG))))
            took = time.monotonic() - began
            number = first["stream"]["id"]
            middle = []
            for _ in range(3):
                await asyncio.sleep(0.1)
                middle.append(answer_of(await client.post("/wecom", **request({"msgtype": "stream", "stream": {"id": number}}))))
            await desk.idle()
            last = answer_of(await client.post("/wecom", **request({"msgtype": "stream", "stream": {"id": number}})))
            return took, first["stream"], middle, last["stream"]

    took, first, middle, last = run(main())
    assert took < 3.0
    assert first["finish"] is False
    assert all("msg_item" not in one["stream"] for one in middle)
    assert last["finish"] is True
    assert "DeepSeek R1 Distill Llama 70B" in last["content"]
    assert len(last["content"].encode()) <= 20480
    assert base64.b64decode(last["msg_item"][0]["image"]["base64"]) == PNG
    assert last["msg_item"][0]["image"]["md5"] == hashlib.md5(PNG).hexdigest()


def test_forged_old_and_repeated_callbacks(stub):
    """Refused, refused, and answered with the same stream without asking the service again."""

    async def main():
        async with callback_bot(stub) as (desk, client):
            forged = await client.post("/wecom", **request(message(LOG), token="x"))
            old = await client.post("/wecom", **request(message(LOG), at=time.time() - 400))
            swapped = request(message(LOG)) | {"content": json.dumps({"encrypt": framed(message(LOG, "m9"))})}
            other = await client.post("/wecom", **swapped)
            clear = await client.post("/wecom", params=request(message(LOG))["params"], content=b"{}")
            first = answer_of(await client.post("/wecom", **request(message(LOG))))
            again = answer_of(await client.post("/wecom", **request(message(LOG), nonce="n2")))
            await desk.idle()
            return [one.status_code for one in (forged, old, other, clear)], first["stream"]["id"], again["stream"]["id"]

    statuses, first, again = run(main())
    assert statuses == [401, 401, 401, 400]
    assert first == again
    assert len(stub.asked) == 1


def test_a_file_is_fetched_and_opened(stub):
    """Attachments are encrypted with the bot's key; a text beside them asks something."""

    async def main():
        files = Starlette(routes=[Route("/f", lambda request: Response(sealed(LOG.encode())))])
        async with serving(files) as url, callback_bot(stub) as (desk, client):
            items = [{"msgtype": "text", "text": {"content": "@bot 为什么慢？"}}, {"msgtype": "file", "file": {"url": f"{url}/f"}}]
            await client.post("/wecom", **request(message(kind="mixed", mixed={"msg_item": items}, chattype="group", chatid="g")))
            await desk.idle()

    run(main())
    assert stub.asked[0]["log"] == LOG.encode()
    assert stub.asked[0]["question"] == "为什么慢？"


class WeCom:
    """The other end of the long connection."""

    def __init__(self):
        self.auth, self.streams, self.socket = {}, [], None
        self.ready = asyncio.Event()

    async def serve(self, socket):
        self.socket = socket
        async for text in socket:
            frame = json.loads(text)
            answer = {"headers": frame["headers"], "errcode": 0, "errmsg": "ok"}
            if frame["cmd"] == "aibot_subscribe":
                self.auth = frame["body"]
                self.ready.set()
            elif frame["cmd"] == "aibot_respond_msg":
                self.streams.append((frame["headers"]["req_id"], frame["body"]["stream"]))
            await socket.send(json.dumps(answer))

    async def push(self, body, number="r1"):
        await self.socket.send(json.dumps({"cmd": "aibot_msg_callback", "headers": {"req_id": number}, "body": body}))


def test_the_long_connection(stub, monkeypatch, capfd):
    """Log, duplicate and question over the SDK; nothing of a message is written to standard error by it."""
    library()
    monkeypatch.setattr("aibot.ws._SSL_CONTEXT", None)  # the SDK takes TLS for granted; this is loopback

    async def main():
        wecom = WeCom()
        async with websockets.serve(wecom.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            values = {
                "EXPLAIN_LOG_WECOM_BOT_ID": "bot-1", "EXPLAIN_LOG_WECOM_SECRET": "long-secret", "EXPLAIN_LOG_WECOM_URL": f"ws://127.0.0.1:{port}",
            }  # fmt: skip
            async with bot_over(stub, "wecom", values, language="zh") as (bot, desk):
                task = asyncio.create_task(bot.run())
                await wecom.ready.wait()
                for number, body in enumerate((message(LOG), message(LOG), message("为什么慢？", "m2"))):
                    await wecom.push(body, f"r{number}")
                    await asyncio.sleep(0.3)
                    await desk.idle()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await bot.close()
                await asyncio.sleep(0.1)
        return wecom

    wecom = run(main())
    assert wecom.auth == {"bot_id": "bot-1", "secret": "long-secret"}
    assert [one.get("report") for one in stub.asked] == [None, REPORT_ID]
    of_log = [stream for number, stream in wecom.streams if number == "r0"]
    assert len({stream["id"] for stream in of_log}) == 1
    assert [stream["finish"] for stream in of_log][-1] is True
    assert "51.04 GiB" in of_log[-1]["content"]
    assert of_log[-1]["msg_item"][0]["msgtype"] == "image"
    assert not [stream for number, stream in wecom.streams if number == "r1"]
    captured = capfd.readouterr()
    assert "llm_load" not in captured.err + captured.out
    assert "long-secret" not in captured.err + captured.out


@pytest.mark.parametrize("key", ["short", "!" * 43])
def test_a_key_that_is_none_is_named(stub, key):
    """Before anything is served."""
    from explain_log.bots.wecom.crypt import WeComCrypt
    from explain_log.errors import InputError

    with pytest.raises(InputError, match="EXPLAIN_LOG_WECOM_ENCODING_AES_KEY"):
        WeComCrypt(TOKEN, key)
