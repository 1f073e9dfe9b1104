"""The Feishu bot against a server that behaves as the open platform is documented."""

import base64
import hashlib
import json
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from chats import LOG, PNG, REPORT_ID, bot_over, run, serving
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from explain_log.bots.feishu.events import text_of_content

KEY, TOKEN = "encrypt-key", "verification-token"


class Feishu:
    """The open platform: tokens that end, a limit that is met, cards that are replied and patched."""

    def __init__(self):
        self.calls, self.cards, self.images, self.tokens = [], {}, [], 0
        self.limit_patches = 0
        self.uuids = {}

    def app(self):
        base = "/open-apis/im/v1"
        return Starlette(
            routes=[
                Route("/open-apis/auth/v3/tenant_access_token/internal", self.token, methods=["POST"]),
                Route(base + "/messages/{id}/reply", self.reply, methods=["POST"]),
                Route(base + "/messages/{id}/reactions", self.react, methods=["POST"]),
                Route(base + "/messages/{id}/resources/{key}", self.file),
                Route(base + "/messages/{id}", self.patch, methods=["PATCH"]),
                Route(base + "/images", self.image, methods=["POST"]),
            ]
        )

    def refused(self, request):
        """The first token ends at once."""
        if request.headers.get("authorization") != "Bearer t-2":
            return JSONResponse({"code": 99991663, "msg": "token invalid"}, 400)
        return None

    async def token(self, request: Request) -> Response:
        assert await request.json() == {"app_id": "cli_1", "app_secret": "app-secret"}
        self.tokens += 1
        return JSONResponse({"code": 0, "tenant_access_token": f"t-{self.tokens}", "expire": 7200})

    async def react(self, request: Request) -> Response:
        self.calls.append("react")
        return self.refused(request) or JSONResponse({"code": 0, "data": {}})

    async def reply(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        told = await request.json()
        number = self.uuids.setdefault(told["uuid"], f"om_card{len(self.uuids)}")
        self.keep(number, told)
        return JSONResponse({"code": 0, "data": {"message_id": number}})

    async def patch(self, request: Request) -> Response:
        if self.limit_patches:
            self.limit_patches -= 1
            return JSONResponse({"code": 230020, "msg": "frequency limit"}, 400)
        self.keep(request.path_params["id"], await request.json())
        return JSONResponse({"code": 0, "data": {}})

    def keep(self, number, told):
        assert len(told["content"].encode()) <= 30 * 1024
        card = json.loads(told["content"])
        assert card["schema"] == "2.0"
        assert card["config"]["update_multi"] is True
        self.calls.append("card")
        self.cards.setdefault(number, []).append(card)

    async def image(self, request: Request) -> Response:
        async with request.form() as form:
            assert form["image_type"] == "message"
            self.images.append(await form["image"].read())
        return JSONResponse({"code": 0, "data": {"image_key": "img_1"}})

    async def file(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        return Response(LOG.encode() if request.query_params["type"] == "file" else PNG)


def encrypted(told, key=KEY):
    """Sealed as the platform does: AES-256-CBC under SHA-256 of the key, the vector first."""
    plain = json.dumps(told).encode()
    count = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(b"v" * 16)).encryptor()
    data = b"v" * 16 + encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()
    return json.dumps({"encrypt": base64.b64encode(data).decode()}).encode()


def signed(told, *, key=KEY, at=None, body=None):
    """A request as the platform sends it."""
    body = body or encrypted(told, key)
    now = str(int(at or time.time()))
    signature = hashlib.sha256((now + "nonce" + key).encode() + body).hexdigest()
    return {"content": body, "headers": {"x-lark-request-timestamp": now, "x-lark-request-nonce": "nonce", "x-lark-signature": signature}}


def event(content, number="om_1", kind="text", token=TOKEN, **values):
    message = {"message_id": number, "chat_id": "oc_1", "chat_type": "p2p", "message_type": kind, "content": json.dumps(content)}
    told = {"sender": {"sender_id": {"open_id": "ou_1"}, "sender_type": "user"}, "message": message | values}
    header = {"event_id": "e" + number, "event_type": "im.message.receive_v1", "token": token}
    return {"schema": "2.0", "header": header, "event": told}


@asynccontextmanager
async def feishu_bot(stub, feishu):
    async with serving(feishu.app()) as url:
        values = {
            "EXPLAIN_LOG_FEISHU_APP_ID": "cli_1", "EXPLAIN_LOG_FEISHU_APP_SECRET": "app-secret",
            "EXPLAIN_LOG_FEISHU_VERIFICATION_TOKEN": TOKEN, "EXPLAIN_LOG_FEISHU_ENCRYPT_KEY": KEY, "EXPLAIN_LOG_FEISHU_URL": url,
        }  # fmt: skip
        async with (
            bot_over(stub, "feishu", values, language="zh") as (bot, desk),
            serving(bot.app()) as bot_url,
            httpx.AsyncClient(base_url=bot_url) as client,
        ):
            yield desk, client


def asked(stub, *requests, feishu=None):
    """What Feishu saw after these requests, one after the other."""

    async def main():
        platform, statuses = feishu or Feishu(), []
        async with feishu_bot(stub, platform) as (desk, client):
            for request in requests:
                statuses.append((await client.post("/feishu", timeout=3.0, **request)).status_code)
                await desk.idle()
        return platform, statuses

    return run(main())


def shown(card):
    return "\n".join(one.get("content", "") for one in card["body"]["elements"])


def test_a_pasted_log_becomes_a_card_with_the_picture_in_it(stub):
    """One card that is updated; the header has the headline; a token that ended is had anew."""
    feishu, statuses = asked(stub, signed(event({"text": "为什么慢？\n" + LOG})))
    assert statuses == [200]
    (cards,) = feishu.cards.values()
    last = cards[-1]
    assert last["header"]["title"]["content"] == "✅ 模型已加载好：DeepSeek R1 Distill Llama 70B"
    assert "51.04 GiB" in shown(last)
    assert [one["img_key"] for one in last["body"]["elements"] if one["tag"] == "img"] == ["img_1"]
    assert feishu.images == [PNG]
    assert feishu.tokens == 2
    assert feishu.calls[0] == "react"


def test_the_address_is_verified(stub):
    """The challenge comes back, encrypted as it was asked; not without the token."""

    async def main():
        async with feishu_bot(stub, Feishu()) as (_, client):
            good = await client.post("/feishu", content=encrypted({"type": "url_verification", "challenge": "c", "token": TOKEN}))
            bad = await client.post("/feishu", content=encrypted({"type": "url_verification", "challenge": "c", "token": "x"}))
            return good.json(), bad.status_code

    assert run(main()) == ({"challenge": "c"}, 401)


def test_forged_and_old_requests_are_refused(stub):
    """In the clear, with another key, another body, another token, without a signature, or from yesterday."""
    told = event({"text": LOG})
    plain = signed(told, body=json.dumps(told).encode())
    swapped = signed(told) | {"content": encrypted(event({"text": LOG}, "om_2"))}
    unsigned = {"content": encrypted(told)}
    old = signed(told, at=time.time() - 9 * 3600)
    requests = [plain, signed(told, key="other"), swapped, signed(event({"text": LOG}, token="x")), unsigned, old]
    _, statuses = asked(stub, *requests, {"content": b"[]"}, {"content": b'{"encrypt": "AAAA"}'})
    assert statuses == [401] * 6 + [400, 401]
    assert stub.asked == []


def test_what_comes_again_is_answered_once(stub):
    """Feishu repeats what was not answered within three seconds; a captured request is known by its message."""
    again = event({"text": LOG})
    again["header"]["event_id"] = "another"
    feishu, statuses = asked(stub, signed(event({"text": LOG})), signed(event({"text": LOG})), signed(again))
    assert statuses == [200] * 3
    assert len(stub.asked) == 1
    assert len(feishu.cards) == 1


def test_it_answers_before_the_work_is_done(stub):
    """Within three seconds, however long the log takes."""
    stub.pause_seconds = 1.2

    async def main():
        async with feishu_bot(stub, Feishu()) as (desk, client):
            began = time.monotonic()
            await client.post("/feishu", **signed(event({"text": LOG})))
            took = time.monotonic() - began
            await desk.idle()
            return took

    assert run(main()) < 3.0


def test_the_limit_is_waited_out(stub):
    """230020: the last state is shown all the same."""
    feishu = Feishu()
    feishu.limit_patches = 2
    asked(stub, signed(event({"text": LOG})), feishu=feishu)
    assert feishu.limit_patches == 0
    (cards,) = feishu.cards.values()
    assert "header" in cards[-1]


def test_a_file_and_a_picture(stub):
    """A file is fetched from its message; a screenshot goes the same way and is refused by the service."""
    asked(
        stub,
        signed(event({"file_key": "f", "file_name": "server.log"}, kind="file")),
        signed(event({"image_key": "i"}, "om_2", kind="image")),
    )
    assert [one["log"] for one in stub.asked] == [LOG.encode(), PNG]


def test_a_reply_to_the_card_is_a_question(stub):
    """In a group too, where the asker mentions the bot."""
    reply = event({"text": "@_user_1 怎么改？"}, "om_2", parent_id="om_card0", root_id="om_1", chat_type="group", chat_id="oc_9")
    asked(stub, signed(event({"text": LOG})), signed(reply))
    assert stub.asked[1] == {"report": REPORT_ID, "question": "怎么改？"}


def test_a_post_is_read_with_its_code():
    """A log in a block of code comes as a fence."""
    content = {"title": "标题", "content": [[{"tag": "text", "text": "看看"}], [{"tag": "code_block", "text": "a\nb"}]]}
    assert text_of_content("post", content) == "标题\n看看\n\n```\na\nb\n```\n"
    assert text_of_content("post", {"zh_cn": content}) == text_of_content("post", content)


@pytest.mark.parametrize("told", [{"schema": "2.0", "header": {"token": TOKEN, "event_type": "im.message.receive_v1"}, "event": {}}])
def test_an_event_that_is_none_is_an_error_of_theirs(stub, told):
    """400, and no trace."""
    assert asked(stub, signed(told))[1] == [400]
