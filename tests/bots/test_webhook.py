"""The plain signed webhook: one answer, or states posted back; forged, old and repeated requests are refused."""

import base64
import json
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from chats import LOG, PNG, REPORT_ID, bot_over, run, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from explain_log.bots.signing import hmac_sha256
from explain_log.bots.webhook import NONCE, SIGNATURE, TIME

SECRET = "shared-secret"


def signed(told, *, secret=SECRET, at=None, nonce="n1"):
    """As docs/bots.md has it."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    now = str(int(at or time.time()))
    digest = hmac_sha256(secret, f"{now}.{nonce}.".encode(), body).hex()
    return {"content": body, "headers": {TIME: now, NONCE: nonce, SIGNATURE: f"v1={digest}"}}


@asynccontextmanager
async def webhook_bot(stub, **values):
    values = {"EXPLAIN_LOG_WEBHOOK_SECRET": SECRET} | values
    async with (
        bot_over(stub, "webhook", values) as (bot, desk),
        serving(bot.app()) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as client,
    ):
        yield desk, client


def answers(stub, *requests, **values):
    async def main():
        async with webhook_bot(stub, **values) as (desk, client):
            found = []
            for request in requests:
                found.append(await client.post("/webhook", **request))
                await desk.idle()
            return found

    return run(main())


def test_one_answer(stub):
    """Without an address to post to the answer has the card, its text and the picture."""
    log, question = answers(
        stub,
        signed({"id": "1", "thread": "t", "text": LOG, "language": "en"}),
        signed({"id": "2", "thread": "t", "text": "why is it slow?"}, nonce="n2"),
    )
    told = log.json()
    assert told["state"] == "done"
    assert told["text"].startswith("**✅ The model is loaded: DeepSeek R1 Distill Llama 70B**")
    assert base64.b64decode(told["picture_png"]) == PNG
    assert told["card"]["findings"][0]["severity"] == "notice"
    assert question.json()["card"]["answer"] == ["An answer to: why is it slow?"]
    assert stub.asked[1]["report"] == REPORT_ID


def test_states_are_posted_back_and_signed(stub):
    """At once 202, then each state to the address of the environment, with the same signature."""
    stub.statements, stub.pause_seconds = ["One."], 1.0
    posted = []

    async def take(request: Request) -> Response:
        body = await request.body()
        ours = hmac_sha256(SECRET, f"{request.headers[TIME]}.{request.headers[NONCE]}.".encode(), body).hex()
        assert request.headers[SIGNATURE] == f"v1={ours}"
        posted.append(json.loads(body))
        return Response()

    async def main():
        app = Starlette(routes=[Route("/", take, methods=["POST"])])
        async with serving(app) as url, webhook_bot(stub, EXPLAIN_LOG_WEBHOOK_REPLY_URL=url) as (desk, client):
            began = time.monotonic()
            answer = await client.post("/webhook", **signed({"id": "1", "text": LOG}))
            took = time.monotonic() - began
            await desk.idle()
            return answer.status_code, took

    status, took = run(main())
    assert status == 202
    assert took < 3.0
    assert [one["state"] for one in posted][-1] == "done"
    assert "working" in [one["state"] for one in posted]
    assert posted[-1]["card"]["summary"] == ["One."]


def test_forged_old_and_repeated_requests(stub):
    """Another secret, another body, another nonce, too old, from the future, no time, and once more."""
    told = {"id": "1", "text": LOG}
    good = signed(told)
    swapped = good | {"content": json.dumps({"id": "2", "text": LOG}).encode()}
    moved = good | {"headers": good["headers"] | {NONCE: "n9"}}
    requests = [
        signed(told, secret="x"), swapped, moved, signed(told, at=time.time() - 301), signed(told, at=time.time() + 400),
        good | {"headers": good["headers"] | {TIME: "nan"}}, {"content": good["content"]}, good, good,
    ]  # fmt: skip
    assert [one.status_code for one in answers(stub, *requests)] == [401] * 7 + [200, 409]
    assert len(stub.asked) == 1


def test_a_second_delivery_under_a_new_nonce_is_not_answered_again(stub):
    """The caller may repeat; the message's id tells."""
    first, again = answers(stub, signed({"id": "1", "text": LOG}), signed({"id": "1", "text": LOG}, nonce="n2"))
    assert first.status_code == 200
    assert again.status_code == 202
    assert again.json()["taken"] is False


@pytest.mark.parametrize("told", [b"{", b"[]", b"{}", b'{"id": 1, "file": 3}', b'{"id": 1, "file": {"base64": "!"}}'])
def test_a_body_that_is_none_is_refused(stub, told):
    """422, and no trace."""
    (answer,) = answers(stub, signed(told))
    assert answer.status_code == 422
    assert answer.text == ""


def test_a_file(stub):
    """Base64; more than is taken is refused before it is read to its end."""
    file = {"name": "server.log", "base64": base64.b64encode(LOG.encode()).decode()}
    answers(stub, signed({"id": "1", "file": file}))
    assert (stub.asked[0]["name"], stub.asked[0]["log"]) == ("server.log", LOG.encode())
    (answer,) = answers(stub, signed(b"x" * (4 << 20)), EXPLAIN_LOG_BOT_FILE_MIB="1")
    assert answer.status_code == 413
