"""The narrator against a server with real sockets: order, lanes, time-outs, cancelling, what is sent and remembered."""

import asyncio
import json
import os
import time

import pytest
from evals.scripted import CHARACTERS, ScriptedOllama
from tests.narration.conftest import example_report

from explain_log.errors import ModelUnavailable
from explain_log.narration.ability import Ability, known, remember
from explain_log.narration.dry_run import requests_for
from explain_log.narration.explain import narrate, narrate_now
from explain_log.narration.options import ModelOptions, TimeLimits
from explain_log.narration.prompts import prompt_tokens
from explain_log.narration.task import PROMPT_TOKENS

LANGUAGES = ("zh", "en")


def narrated(server, told, language="en", **options):
    return narrate_now(example_report(language), ModelOptions(host=server.url, language=language, **options), told)


def texts(explanation):
    return [(part.id, [s.text for s in part.statements]) for part in explanation.sections]


def bodies(server):
    return [exchange.body for exchange in server.asked]


@pytest.mark.parametrize("language", LANGUAGES)
class TestAnswers:
    def test_honest(self, told, language):
        """What an honest model says is shown, in the order of the sections, as it passes."""
        with ScriptedOllama(CHARACTERS["honest"], parallel=3) as server:
            explanation = narrated(server, told, language)
        assert explanation.origin == "model"
        assert [(s.id, sentence) for s in explanation.sections for sentence in s.statements] == told.of("sentence")
        assert [s.id for s in explanation.sections] == [s.id for s in example_report(language).explanation.sections]

    @pytest.mark.parametrize("character", ["careless", "mixing", "verbose", "rambling", "obedient"])
    def test_the_rest(self, told, language, character):
        """Any other is shown as far as it is true; the sections are all there."""
        with ScriptedOllama(CHARACTERS[character], parallel=2) as server:
            explanation = narrated(server, told, language)
        assert {s.id for s in explanation.sections} == {s.id for s in example_report(language).explanation.sections}
        assert explanation.rejected or character == "rambling"

    def test_a_section_is_repaired_once(self, told, language):
        """A careless model is asked at most twice a section, the second time with the reasons."""
        with ScriptedOllama(CHARACTERS["careless"]) as server:
            explanation = narrated(server, told, language)
        repairs = [body for body in bodies(server) if len(body["messages"]) == 4]
        assert 0 < len(repairs) <= len(bodies(server)) - len(repairs)
        assert explanation.stats.repaired > 0
        assert len({json.dumps(body["messages"][:2]) for body in repairs}) == len(repairs)

    def test_the_estimate_is_above_what_the_server_counts(self, told, language):
        """Every prompt is within the bound, and no reply says that it had more tokens than estimated."""
        with ScriptedOllama(CHARACTERS["careless"], parallel=2) as server:
            narrated(server, told, language)
            narrated(server, told, language, question="显存 KV cache GPU?")
        assert server.exchanges
        for exchange in server.exchanges:
            messages = exchange.body["messages"]
            assert exchange.prompt_tokens <= prompt_tokens(messages)
            assert prompt_tokens(messages[:2]) <= PROMPT_TOKENS
            assert exchange.body["options"]["num_ctx"] > prompt_tokens(messages)

    def test_what_was_left_out_is_said(self, told, language):
        """The prompt tells the model, the statistics tell the reader."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            explanation = narrated(server, told, language)
        assert explanation.stats.left_out > 0
        told_model = [
            b for b in bodies(server) if "条材料因为篇幅没有列出" in str(b) or "left out for length" in str(b)
        ]
        assert told_model


class TestLanes:
    def test_a_server_that_answers_several_at_once_is_used_so(self, told):
        """With room for three the requests overlap, and the text is that of one after the other."""
        with ScriptedOllama(CHARACTERS["honest"], parallel=3, first_seconds=0.05, piece_seconds=0.0005) as server:
            together = narrated(server, told)
            spans = [(e.arrived, e.ended) for e in server.asked]
            alone = narrated(server, told, parallel=1)
        assert texts(together) == texts(alone)
        assert most_at_once(spans) >= 3

    def test_a_server_that_answers_one_by_one_is_asked_so(self, told):
        """Once it is seen that requests wait for one another, no more than one is sent."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:  # what the verifier does once would hide when answers end
            narrated(server, told, parallel=1)
        with ScriptedOllama(CHARACTERS["honest"], parallel=1, first_seconds=0.15) as server:
            narrated(server, told)
        spans = [(e.arrived, e.ended) for e in server.asked]
        assert most_at_once(spans) == 2
        assert most_at_once(spans[3:]) == 1

    def test_the_option_sets_it(self, told):
        """One at a time, whatever the server could."""
        with ScriptedOllama(CHARACTERS["honest"], parallel=4, first_seconds=0.02) as server:
            narrated(server, told, parallel=1)
        assert most_at_once([(e.arrived, e.ended) for e in server.asked]) == 1

    def test_a_server_without_a_queue(self, told, monkeypatch):
        """503 is no failure: it is asked one by one."""
        monkeypatch.setattr("explain_log.narration.explain._BUSY_PAUSE_SECONDS", 0.05)
        with ScriptedOllama(CHARACTERS["honest"], parallel=1, queue=0, first_seconds=0.02) as server:
            explanation = narrated(server, told)
        assert told.of("problem") == []
        assert all(any(s.origin == "model" for s in part.statements) for part in explanation.sections[:3])

    def test_waiting_for_our_own_requests_is_no_time_out(self, told):
        """A request that waits behind another of ours is not given up while that one is being answered."""
        with ScriptedOllama(CHARACTERS["honest"], parallel=1, piece_seconds=0.002) as server:
            explanation = narrated(server, told, parallel=2, limits=TimeLimits(first=0.4))
        assert told.of("problem") == []
        assert explanation.origin == "model"


def most_at_once(spans):
    return max(sum(start <= at < end for start, end in spans) for at, _ in spans)


class TestTime:
    def test_a_loading_model_is_said_to_be_loading(self, told):
        """Not in memory: it is being loaded; the second time it is waited for."""
        with ScriptedOllama(CHARACTERS["honest"], load_seconds=0.2) as server:
            narrated(server, told)
            narrated(server, told)
        assert told.of("loading") == ["scripted:8b"]
        assert told.of("waiting") == ["scripted:8b"]

    def test_a_load_that_takes_too_long(self, told):
        """The first piece has its own limit, which is named."""
        with ScriptedOllama(CHARACTERS["honest"], load_seconds=30) as server:
            with pytest.raises(ModelUnavailable, match=r"0\.2 s"):
                narrated(server, told, limits=TimeLimits(first=0.2))
            wait_until(lambda: server.exchanges[0].broken or server.exchanges[0].ended)

    def test_the_limit_for_all(self, told):
        """However it trickles, all together has a limit; what was verified stays."""
        with ScriptedOllama(CHARACTERS["honest"], piece_seconds=0.01) as server:
            started = time.monotonic()
            explanation = narrated(server, told, limits=TimeLimits(total=1.5))
        assert time.monotonic() - started < 4
        assert explanation.origin == "model"
        assert any("1.5 s" in problem for problem in told.of("problem"))

    def test_cancelling_closes_the_streams(self):
        """The server sees the client go and stops writing."""

        async def cancelled(server):
            begun = asyncio.Event()
            options = ModelOptions(host=server.url, parallel=2)
            task = asyncio.create_task(narrate(example_report("en"), options, lambda *_: begun.set()))
            await begun.wait()
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        with ScriptedOllama(CHARACTERS["honest"], parallel=2, piece_seconds=0.02) as server:
            asyncio.run(cancelled(server))
            wait_until(lambda: all(e.ended for e in server.exchanges))
            assert any(e.broken for e in server.exchanges)


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


class TestAbility:
    def test_found_out_once_and_remembered(self, told):
        """The first narration tries the model with a short request; the next one knows."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            narrated(server, told)
            first = len(server.exchanges) - len(server.asked)
            narrated(server, told)
            assert (first, len(server.exchanges) - len(server.asked)) == (1, 1)
            assert known(server.url, "scripted:8b", server.digest) == Ability(context_length=40960)
            server.digest = "sha256:" + "9e" * 32
            narrated(server, told)
            assert len(server.exchanges) - len(server.asked) == 2

    def test_format_and_think_together(self, told):
        """A model that ignores the schema when told not to think is asked with the schema alone."""
        with ScriptedOllama(CHARACTERS["honest"], name="qwen3:8b", think=True, breaks_format=True) as server:
            assert narrated(server, told).origin == "model"
        assert [("think" in e.body, "format" in e.body) for e in server.exchanges[:3]] == [
            (True, True),
            (False, True),
            (False, True),
        ]

    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", '{"models": 7}', '{"models": {"x y": 3}}', '{"models": {"x y": {"digest": "d", "format": 1}}}'],
    )
    def test_a_damaged_memory_is_none(self, content, tmp_path, monkeypatch):
        """Whatever stands in the file, the model is tried again."""
        monkeypatch.setenv("EXPLAIN_LOG_CACHE_DIR", str(tmp_path))
        (tmp_path / "models.json").write_text(content, encoding="utf-8")
        assert known("x", "y", "d") is None
        remember("x", "y", "d", Ability(think="low"))
        assert known("x", "y", "d") == Ability(think="low")
        assert known("x", "y", "other") is None
        assert known("x", "y") == Ability(think="low")

    def test_a_folder_that_cannot_be_written(self, tmp_path, monkeypatch):
        """Costs only another look."""
        (tmp_path / "file").write_text("", encoding="utf-8")
        monkeypatch.setenv("EXPLAIN_LOG_CACHE_DIR", str(tmp_path / "file" / "below"))
        remember("x", "y", "d", Ability())
        assert known("x", "y", "d") is None


class TestWhatIsSent:
    @pytest.mark.parametrize("question", [None, "How large is the KV cache?"])
    def test_dry_run_shows_exactly_what_is_sent(self, told, question):
        """The first requests of a narration are those that --dry-run prints, to the last byte of JSON."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            narrated(server, told, question=question, parallel=1)
            options = ModelOptions(host=server.url, model="scripted:8b", question=question, parallel=1)
            seen = len(server.paths)
            shown = requests_for(example_report("en"), options)
            assert len(server.paths) == seen
        sent = [body for body in bodies(server) if len(body["messages"]) == 2]
        assert [request["body"] for request in shown["requests"]] == sent
        assert shown["url"] == server.url + "/api/chat"
        assert all(request["tokens"] <= PROMPT_TOKENS for request in shown["requests"])

    def test_what_may_be_cited_is_all_that_the_material_cites(self, told):
        """The schema lets a model cite the ids of its material, and those that a note there rests on."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            narrated(server, told)
        for exchange in server.asked:
            allowed = exchange.body["format"]["properties"]["statements"]["items"]["properties"]["cites"]["items"][
                "enum"
            ]
            said = {c for s in json.loads(exchange.answer)["statements"] for c in s["cites"]}
            assert said <= set(allowed)
            assert len(allowed) == len(set(allowed))

    def test_dry_run_needs_no_server(self):
        """Without --model it says that the best one would be used; a host that needs leave is refused as always."""
        shown = requests_for(example_report("zh"), ModelOptions(language="zh"))
        assert shown["requests"][0]["body"]["messages"]
        assert len(shown["notes"]) == 2
        with pytest.raises(ModelUnavailable, match="--allow-remote"):
            requests_for(example_report("en"), ModelOptions(host="http://10.0.0.9:1"))

    def test_keep_alive(self, told):
        """The option reaches every request, the one that tries the model too."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            narrated(server, told, keep_alive="42s")
        assert {e.body["keep_alive"] for e in server.exchanges} == {"42s"}

    def test_one_context_size(self, told):
        """All requests of all logs of a model have one num_ctx: another one would load it again."""
        with ScriptedOllama(CHARACTERS["honest"]) as server:
            narrated(server, told, "zh")
            narrated(server, told, "en")
        assert len({e.body["options"]["num_ctx"] for e in server.exchanges}) == 1

    def test_nothing_goes_to_langsmith(self, told, monkeypatch):
        """With tracing switched on in the environment nothing but the model is called."""
        with ScriptedOllama(CHARACTERS["honest"]) as elsewhere, ScriptedOllama(CHARACTERS["honest"]) as server:
            for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"):
                monkeypatch.setenv(name, "true")
            monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_pt_x")
            monkeypatch.setenv("LANGSMITH_ENDPOINT", elsewhere.url)
            monkeypatch.setenv("LANGCHAIN_ENDPOINT", elsewhere.url)
            narrated(server, told)
            time.sleep(0.5)
            assert elsewhere.paths == []
            assert os.environ["LANGSMITH_TRACING"] == "true"

    def test_a_proxy_of_the_environment_is_not_asked(self, told, monkeypatch):
        """What stays on this machine does not pass a proxy."""
        with ScriptedOllama(CHARACTERS["honest"]) as proxy, ScriptedOllama(CHARACTERS["honest"]) as server:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            narrated(server, told)
            assert proxy.paths == []
