"""The Slack bot, through bolt, against a server that behaves as the Web and Events APIs are documented."""

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from chats import LOG, PNG, REPORT_ID, bot_over, run, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from explain_log.bots.settings import Settings
from explain_log.bots.slack.bot import SlackBot, plain_text
from explain_log.errors import InputError

TOKEN, SECRET = "xoxb-secret-token", "signing-secret"


class Slack:
    """The Web API."""

    def __init__(self):
        self.calls, self.posted, self.uploaded, self.url = [], {}, b"", ""
        self.limit_updates = 0
        self.file_token = self.socket_url = ""

    def app(self):
        routes = [
            Route("/api/{method}", self.call, methods=["POST"]),
            Route("/upload", self.upload, methods=["POST"]),
            Route("/files/log.txt", self.file),
        ]
        return Starlette(routes=routes)

    async def file(self, request: Request) -> Response:
        self.file_token = request.headers["authorization"]
        return Response(LOG.encode())

    async def upload(self, request: Request) -> Response:
        self.uploaded = await request.body()
        return Response("OK")

    async def call(self, request: Request) -> Response:
        method = request.path_params["method"]
        expected = "xapp-1" if method == "apps.connections.open" else TOKEN
        assert request.headers.get("authorization") == f"Bearer {expected}"
        if "json" in request.headers.get("content-type", ""):
            told = await request.json()
        else:
            async with request.form() as form:
                told = dict(form)
        told |= dict(request.query_params)
        self.calls.append((method, told))
        if method == "chat.update" and self.limit_updates:
            self.limit_updates -= 1
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "1"})
        return JSONResponse({"ok": True} | self.answer(method, told))

    def answer(self, method, told):
        if method == "auth.test":
            return {"user_id": "UBOT", "bot_id": "BBOT", "team_id": "T1", "url": "", "team": "", "user": ""}
        if method in ("chat.postMessage", "chat.update"):
            assert len(told["blocks"]) <= 50
            ts = told.get("ts") or f"1700000000.{len(self.posted):06d}"
            self.posted.setdefault(ts, []).append(told)
            return {"ts": ts, "channel": told["channel"]}
        if method == "files.getUploadURLExternal":
            return {"upload_url": f"{self.url}/upload", "file_id": "F1"}
        if method == "files.completeUploadExternal":
            return {"files": [{"id": "F1", "title": "x"}]}
        return {"url": self.socket_url} if method == "apps.connections.open" else {}

    def text(self, ts):
        """All that a message shows now."""
        return json.dumps(self.posted[ts][-1]["blocks"], ensure_ascii=False)


@asynccontextmanager
async def slack_bot(stub, slack):
    async with serving(slack.app()) as url:
        slack.url = url
        values = {
            "EXPLAIN_LOG_SLACK_BOT_TOKEN": TOKEN, "EXPLAIN_LOG_SLACK_SIGNING_SECRET": SECRET,
            "EXPLAIN_LOG_SLACK_URL": f"{url}/api/",
        }  # fmt: skip
        async with (
            bot_over(stub, "slack", values) as (bot, desk),
            serving(bot.app()) as bot_url,
            httpx.AsyncClient(base_url=bot_url) as client,
        ):
            yield desk, client


def event(text, ts="1.1", **values):
    """An event as Slack posts it."""
    told = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": ts, "text": f"<@UBOT> {text}"} | values
    return {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": f"Ev{ts}", "event": told, "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": True}]}


def signed(told, *, secret=SECRET, at=None, **headers):
    """A request with Slack's signature: HMAC-SHA256 over v0:time:body."""
    body = json.dumps(told).encode()
    now = str(int(at or time.time()))
    digest = hmac.new(secret.encode(), b"v0:%b:%b" % (now.encode(), body), hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"content-type": "application/json", "x-slack-request-timestamp": now, "x-slack-signature": f"v0={digest}"} | headers}


def asked(stub, *requests):
    """What Slack and the asker saw after these requests; each is waited for."""

    async def main():
        slack, statuses = Slack(), []
        async with slack_bot(stub, slack) as (desk, client):
            for request in requests:
                answer = await client.post("/slack/events", timeout=3.0, **request)
                statuses.append(answer.status_code)
                await desk.idle()
        return slack, statuses

    return run(main())


def test_a_pasted_log_is_answered_in_the_thread(stub):
    """Eyes, one message that is edited, and the picture as a file in the thread."""
    slack, statuses = asked(stub, signed(event("why is it slow?\n```\n" + LOG + "```")))
    assert statuses == [200]
    methods = [method for method, _ in slack.calls]
    assert methods.index("reactions.add") < methods.index("chat.postMessage")
    assert list(slack.posted) == ["1700000000.000000"]
    first = slack.posted["1700000000.000000"][0]
    assert first["thread_ts"] == "1.1"
    assert "DeepSeek R1 Distill Llama 70B" in slack.text("1700000000.000000")
    assert PNG in slack.uploaded
    done = next(told for method, told in slack.calls if method == "files.completeUploadExternal")
    assert done["thread_ts"] == "1.1", done
    assert stub.asked[0]["question"] == "why is it slow?"


def test_the_url_is_verified(stub):
    """Slack's challenge comes back."""

    async def main():
        async with slack_bot(stub, Slack()) as (_, client):
            answer = await client.post("/slack/events", **signed({"type": "url_verification", "challenge": "abc"}))
            return answer.status_code, answer.text

    status, text = run(main())
    assert status == 200
    assert "abc" in text


def test_forged_and_old_requests_are_refused(stub):
    """Without our secret, after five minutes, or with another body than was signed."""
    old = signed(event(LOG), at=time.time() - 301)
    other = signed(event(LOG)) | {"content": b"{}"}
    unsigned = {"json": event(LOG)}
    _, statuses = asked(stub, signed(event(LOG), secret="x"), old, other, unsigned)
    assert statuses == [401] * 4
    assert stub.asked == []


def test_what_comes_again_is_answered_once(stub):
    """Slack repeats what took longer than three seconds; a mention in a channel comes as two events."""
    again = signed(event(LOG), **{"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"})
    twin = signed(event(LOG, type="message", channel_type="channel"))
    slack, statuses = asked(stub, signed(event(LOG)), again, twin)
    assert statuses == [200] * 3
    assert len(stub.asked) == 1
    assert len(slack.posted) == 1


def test_it_is_acknowledged_before_the_work_is_done(stub):
    """Within three seconds, however long the log takes."""
    stub.pause_seconds = 1.2

    async def main():
        async with slack_bot(stub, Slack()) as (desk, client):
            began = time.monotonic()
            await client.post("/slack/events", timeout=3.0, **signed(event(LOG)))
            took = time.monotonic() - began
            await desk.idle()
            return took

    assert run(main()) < 3.0


def test_the_limit_is_waited_out(stub):
    """429 with Retry-After: the last state is shown all the same."""
    stub.statements = ["One sentence."]

    async def main():
        slack = Slack()
        slack.limit_updates = 1
        async with slack_bot(stub, slack) as (desk, client):
            await client.post("/slack/events", **signed(event(LOG)))
            await desk.idle()
        return slack

    slack = run(main())
    assert slack.limit_updates == 0
    assert "One sentence." in slack.text("1700000000.000000")


def test_a_question_in_the_thread(stub):
    """It is about the thread's report."""
    asked(stub, signed(event(LOG)), signed(event("what about CUDA0?", "2.2", thread_ts="1.1")))
    assert [one.get("report") for one in stub.asked] == [None, REPORT_ID]
    assert stub.asked[1]["question"] == "what about CUDA0?"


def test_what_is_not_for_the_bot_is_left(stub):
    """Other people's messages in a channel, the bot's own, edits."""
    others = [
        event(LOG, "3.1", type="message", channel_type="channel", user="U2"),
        event(LOG, "3.2", type="message", bot_id="B1", channel_type="im"),
        event(LOG, "3.3", type="message", subtype="message_changed", channel_type="im"),
    ]
    others[0]["event"]["text"] = LOG  # it mentions nobody
    asked(stub, *map(signed, others))
    assert stub.asked == []


def test_a_file_is_fetched_with_the_token_from_slack_only(stub):
    """The token goes to Slack's hosts and nowhere else."""

    async def main():
        slack = Slack()
        async with slack_bot(stub, slack) as (desk, client):
            for number, url in enumerate((f"{slack.url}/files/log.txt", "http://evil.example/x")):
                files = [{"name": "server.log", "url_private_download": url, "size": 5, "mode": "snippet"}]
                told = event("", f"4.{number}", type="message", subtype="file_share", channel="D1", channel_type="im", files=files)
                await client.post("/slack/events", **signed(told))
                await desk.idle()
        return slack

    slack = run(main())
    assert slack.file_token == f"Bearer {TOKEN}"
    assert [one["name"] for one in stub.asked] == ["server.log"]
    assert "could not be fetched" in slack.text("1700000000.000001")


def test_a_message_reads_as_it_was_typed():
    """Slack's own signs are undone."""
    text = "<@U1> see <http://a.example|a.example> &lt;x&gt; &amp; <https://b.example>"
    assert plain_text(text) == "see a.example <x> & https://b.example"


@pytest.mark.parametrize("values", [{}, {"EXPLAIN_LOG_SLACK_BOT_TOKEN": "x"}])
def test_a_missing_variable_is_named(values):
    """With an app token, socket mode needs no signing secret."""
    with pytest.raises(InputError, match="EXPLAIN_LOG_SLACK_"):
        SlackBot(Settings("slack", values), None, None)


def test_socket_mode(stub):
    """Hello, an envelope that is acknowledged, its twin that is not answered again; no signing secret is needed."""
    from aiohttp import web

    acknowledged, slack = [], Slack()

    async def socket(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_json({"type": "hello", "num_connections": 1})
        for number in range(2):
            await ws.send_json({"envelope_id": f"e{number}", "type": "events_api", "payload": event(LOG), "accepts_response_payload": False})
        async for message in ws:
            if message.type.name == "TEXT" and "envelope_id" in message.data:
                acknowledged.append(json.loads(message.data)["envelope_id"])  # noqa: PERF401 - as they come
        return ws

    async def main():
        server = web.Application()
        server.router.add_get("/link", socket)
        runner = web.AppRunner(server)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        slack.socket_url = f"ws://127.0.0.1:{port}/link"
        async with serving(slack.app()) as url:
            slack.url = url
            values = {"EXPLAIN_LOG_SLACK_BOT_TOKEN": TOKEN, "EXPLAIN_LOG_SLACK_APP_TOKEN": "xapp-1", "EXPLAIN_LOG_SLACK_URL": f"{url}/api/"}
            async with bot_over(stub, "slack", values) as (bot, desk):
                task = asyncio.create_task(bot.run())
                for _ in range(200):
                    await asyncio.sleep(0.02)
                    if len(acknowledged) == 2 and slack.uploaded:
                        break
                await desk.idle()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await runner.cleanup()

    run(main())
    assert sorted(acknowledged) == ["e0", "e1"]
    assert len(stub.asked) == 1
    assert len(slack.posted) == 1
