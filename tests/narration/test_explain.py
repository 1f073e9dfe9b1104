"""Narration by a model against scripted replies: good ones, bad ones, and none."""

import asyncio
import subprocess
import sys

import httpx
import pytest
from tests.narration.conftest import GOOD, LIE, answer, chat_lines, example_report, model_sentences

from explain_log.errors import ModelOutputError, ModelUnavailable
from explain_log.narration.options import TimeLimits

LANGUAGES = ("zh", "en")


def texts(sentences):
    return [sentence.text for sentence in sentences]


@pytest.mark.parametrize("language", LANGUAGES)
class TestGood:
    def test_true_statements_are_shown(self, ollama, explain, language):
        """What the model says and the log bears out is the explanation."""
        ollama.replies = [answer(GOOD[language])]
        explanation = explain(language)
        assert explanation.origin == "model"
        assert explanation.model == "qwen3:8b"
        assert explanation.language == language
        assert GOOD[language]["text"] in texts(model_sentences(explanation))
        assert explanation.rejected == []

    def test_statements_come_as_they_pass(self, ollama, explain, told, language):
        """Each sentence of the explanation is told once, in the order in which it stands there."""
        ollama.replies = [answer(GOOD[language])]
        explanation = explain(language)
        shown = [(section.id, s) for section in explanation.sections for s in section.statements]
        assert told.of("sentence") == shown
        assert [kind for kind, _ in told.events[:3]] == ["chosen", "loading", "sentence"]
        assert "qwen3:8b" in told.of("chosen")[0]
        assert told.of("loading") == ["qwen3:8b"]

    def test_what_the_model_leaves_out_and_matters_is_said_by_the_rules(self, ollama, explain, language):
        """A warning that the model does not mention stands in the rules' words."""
        ollama.replies = [answer(GOOD[language])]
        explanation = explain(language)
        cited = {cite for section in explanation.sections for s in section.statements for cite in s.cites}
        report = example_report(language)
        told_by_rules = {c for part in report.explanation.sections for s in part.statements for c in s.cites}
        for finding in report.findings:
            if finding.severity in ("error", "warning", "notice") and finding.fact_id in told_by_rules:
                assert finding.fact_id in cited

    def test_stats_are_filled(self, ollama, explain, language):
        """Tokens and seconds of all requests are added up."""
        ollama.replies = [answer(GOOD[language])]
        stats = explain(language).stats
        assert stats.prompt_tokens > 0
        assert stats.output_tokens > 0
        assert stats.seconds >= 0
        assert stats.repaired == 0


@pytest.mark.parametrize("language", LANGUAGES)
class TestRefused:
    def test_a_lie_goes_back_once_and_the_repaired_statement_is_shown(self, ollama, explain, told, language):
        """The reason of the refusal is in the second request."""
        ollama.replies = [answer(LIE[language]), answer(GOOD[language])]
        explanation = explain(language)
        assert explanation.rejected[0].text == LIE[language]["text"]
        assert explanation.rejected[0].reason.startswith("NUMBER: ")
        assert told.of("rejected") == explanation.rejected
        assert explanation.stats.repaired == 1
        repair = ollama.asked[1]["messages"]
        assert [m["role"] for m in repair] == ["system", "user", "assistant", "user"]
        assert LIE[language]["text"] in repair[3]["content"]
        assert "2560" in repair[3]["content"]

    def test_a_liar_is_replaced_by_the_rules(self, ollama, explain, told, language):
        """Refused twice, the rules' sentences of the section stand in and the lie is nowhere."""
        ollama.replies = [answer(LIE[language])]
        explanation = explain(language)
        rules = example_report(language).explanation
        assert [(s.id, texts(s.statements)) for s in explanation.sections] == [
            (s.id, texts(s.statements)) for s in rules.sections
        ]
        assert explanation.origin == "rules"
        assert explanation.model is None
        assert {r.text for r in explanation.rejected} == {LIE[language]["text"]}
        assert len(told.of("problem")) == 1

    def test_the_wrong_language_is_refused(self, ollama, explain, language):
        """An answer in the other language never reaches the reader."""
        ollama.replies = [answer(GOOD["en" if language == "zh" else "zh"])]
        explanation = explain(language)
        assert model_sentences(explanation) == []
        assert {r.reason.partition(":")[0] for r in explanation.rejected} == {"LANGUAGE"}

    def test_one_bad_statement_does_not_spoil_the_others(self, ollama, explain, language):
        """Of three statements the two true ones stand."""
        other = {"zh": "加载用了 231.27 秒。", "en": "Loading took 231.27 s."}[language]
        true = {"text": other, "cites": ["fact:loads.1.load_seconds"]}
        ollama.replies = [answer(GOOD[language], LIE[language], true), answer()]
        first = explain(language).sections[0]
        assert texts(first.statements)[:2] == [GOOD[language]["text"], other]


class TestUnusable:
    def test_invalid_json(self, ollama, explain):
        """An answer that is no JSON is an error of one line that names the model."""
        ollama.replies = ["Sure! Here is the explanation of your log."]
        with pytest.raises(ModelOutputError, match="qwen3:8b") as caught:
            explain("en")
        assert "\n" not in str(caught.value)

    def test_json_of_another_shape(self, ollama, explain):
        """JSON without the list of statements is no answer."""
        ollama.replies = ['{"explanation": "all is well"}']
        with pytest.raises(ModelOutputError):
            explain("en")

    def test_cut_off(self, ollama, explain):
        """done_reason "length" is an error even if nothing else is wrong."""
        whole = answer(GOOD["en"])
        ollama.replies = [lambda body: chat_lines(whole[:30], done_reason="length", sent="x" * 4000)]
        with pytest.raises(ModelOutputError, match="length"):
            explain("en")

    def test_cut_off_after_a_true_statement(self, ollama, explain, told):
        """What was verified before the cut stands, the rest is the rules', and the cut is told."""
        whole = answer(GOOD["en"], LIE["en"])
        ollama.replies = [lambda body: chat_lines(whole[:-30], done_reason="length", sent="x" * 6000)]
        explanation = explain("en")
        assert explanation.origin == "model"
        rules = example_report("en").explanation.sections[0]
        assert texts(explanation.sections[0].statements)[0] == GOOD["en"]["text"]
        assert texts(rules.statements)[0] in texts(explanation.sections[0].statements)
        assert "length" in told.of("problem")[0]

    def test_prompt_cut_silently(self, ollama, explain):
        """A model that saw only part of the prompt gave no usable answer."""
        ollama.replies = [lambda body: chat_lines(answer(LIE["en"]), prompt_eval_count=64)]
        with pytest.raises(ModelOutputError, match="64"):
            explain("en")

    def test_prompt_as_long_as_the_context(self, ollama, explain, told):
        """A prompt that fills the context was cut; what was true in the answer stands, and it is told."""
        full = answer(GOOD["en"])
        ollama.replies = [lambda body: chat_lines(full, prompt_eval_count=body["options"]["num_ctx"])]
        assert explain("en").origin == "model"
        assert "context is too small" in told.of("problem")[0]

    def test_nothing_at_all(self, ollama, explain):
        """An empty answer is an error."""
        ollama.replies = [lambda body: chat_lines("", sent="x" * 6000)]
        with pytest.raises(ModelOutputError):
            explain("en")

    def test_server_error(self, ollama, explain):
        """What the server says about its trouble is passed on in one line."""
        ollama.replies = [httpx.Response(500, json={"error": "llama runner process has terminated:\nexit status 2"})]
        with pytest.raises(ModelUnavailable, match="terminated: exit status 2"):
            explain("en")

    def test_error_within_the_stream(self, ollama, explain):
        """An error line in the middle of an answer ends it."""
        ollama.replies = [b'{"error": "out of memory"}\n']
        with pytest.raises(ModelUnavailable, match="out of memory"):
            explain("en")

    def test_a_section_that_fails_later_is_the_rules(self, ollama, explain, told):
        """After a first good section a broken connection costs only the rest."""
        ollama.replies = [answer(GOOD["zh"]), httpx.ReadError("gone")]
        explanation = explain("zh")
        assert explanation.origin == "model"
        assert len(ollama.asked) == 2
        rules = example_report("zh").explanation
        assert [s.id for s in explanation.sections] == [s.id for s in rules.sections]
        assert len(told.of("problem")) == 1


class TestSlow:
    def test_first_piece(self, ollama, explain):
        """A model that is loaded for too long is given up."""
        ollama.replies = [lambda body: asyncio.sleep(30)]
        with pytest.raises(ModelUnavailable, match=r"0\.05"):
            explain("en", limits=TimeLimits(first=0.05))

    def test_between_pieces(self, ollama, explain):
        """A stream that stops is given up."""

        async def first_line():
            yield b'{"message": {"role": "assistant", "content": "{"}, "done": false}\n'
            await asyncio.sleep(30)

        ollama.replies = [lambda body: httpx.Response(200, content=first_line())]
        with pytest.raises(ModelUnavailable, match=r"0\.05"):
            explain("en", limits=TimeLimits(between=0.05))

    def test_all_together(self, ollama, explain):
        """A server that trickles for ever meets the limit for all."""

        async def trickle():
            while True:
                yield b'{"message": {"role": "assistant", "content": " "}, "done": false}\n'
                await asyncio.sleep(0.01)

        ollama.replies = [lambda body: httpx.Response(200, content=trickle())]
        with pytest.raises(ModelUnavailable, match=r"0\.2"):
            explain("en", limits=TimeLimits(total=0.2))


class TestNotThere:
    def test_connection_refused(self, ollama, explain):
        """One line names the address and the command that starts the server."""
        ollama.router.get("http://127.0.0.1:11434/api/tags").mock(side_effect=httpx.ConnectError("refused"))
        with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:11434.*ollama serve"):
            explain("en")

    def test_connection_refused_in_the_middle(self, ollama, explain):
        """A server that goes away before the first answer is no server."""
        ollama.replies = [httpx.ConnectError("refused")]
        with pytest.raises(ModelUnavailable, match="ollama serve"):
            explain("en")

    def test_model_that_is_not_installed(self, ollama, explain):
        """The 404 of a model names it and how to get it."""
        with pytest.raises(ModelUnavailable, match="ollama pull absent:7b"):
            explain("en", model="absent:7b")
        assert ollama.tagged == 0

    def test_no_model_installed(self, ollama, explain):
        """A server without models is told from no server."""
        ollama.tags = []
        with pytest.raises(ModelUnavailable, match="ollama pull"):
            explain("zh")

    def test_something_else_answers(self, ollama, explain):
        """A web server on the port is not taken for Ollama."""
        ollama.router.get("http://127.0.0.1:11434/api/tags").mock(return_value=httpx.Response(200, text="<html>"))
        with pytest.raises(ModelUnavailable, match="not Ollama"):
            explain("en")


class TestRequest:
    def test_format_options_and_context(self, ollama, explain):
        """Every request has the schema, one num_ctx with room for prompt and answer, and streams."""
        ollama.replies = [answer(GOOD["zh"])]
        explain("zh")
        assert {request["options"]["num_ctx"] for request in ollama.asked} == {ollama.asked[0]["options"]["num_ctx"]}
        first = ollama.asked[0]
        assert first["format"]["properties"]["statements"]["type"] == "array"
        cites = first["format"]["properties"]["statements"]["items"]["properties"]["cites"]
        assert "fact:loads.1.model.name" in cites["items"]["enum"]
        assert not any(name.startswith("note:") for name in cites["items"]["enum"])
        assert first["stream"] is True
        assert "think" not in first
        prompt = "".join(m["content"] for m in first["messages"])
        assert first["options"]["num_ctx"] > len(prompt) // 3 + first["options"]["num_predict"]

    def test_log_text_is_marked_as_data(self, ollama, explain):
        """The model's name comes from the log and stands in the prompt as data."""
        ollama.replies = [answer(GOOD["en"])]
        explain("en")
        assert '{"data": "DeepSeek R1 Distill Llama 70B"}' in ollama.asked[0]["messages"][1]["content"]

    def test_what_is_unknown_is_not_asked_for(self, ollama, explain):
        """The section of what the log cannot tell stays the rules'."""
        ollama.replies = [answer(GOOD["zh"])]
        explanation = explain("zh")
        rules = {s.id: texts(s.statements) for s in example_report("zh").explanation.sections}
        assert len(ollama.asked) == len(rules) - 1
        assert texts(next(s for s in explanation.sections if s.id == "unknown").statements) == rules["unknown"]

    def test_a_question_is_one_request(self, ollama, explain):
        """The answer comes first, the rules' explanation follows."""
        ollama.replies = [answer(GOOD["zh"])]
        explanation = explain("zh", question="KV 缓存有多大？")
        assert len(ollama.asked) == 1
        assert "KV 缓存有多大？" in ollama.asked[0]["messages"][1]["content"]
        assert explanation.sections[0].id == "answer"
        assert texts(explanation.sections[0].statements) == [GOOD["zh"]["text"]]
        assert [s.id for s in explanation.sections[1:]] == [s.id for s in example_report("zh").explanation.sections]

    def test_thinking_is_turned_off(self, ollama, explain):
        """A model that can think is told not to, since thoughts eat the answer's room."""
        ollama.show["capabilities"] = ["completion", "thinking"]
        ollama.replies = [answer(GOOD["zh"])]
        explain("zh", model="qwen3:thinks")
        assert ollama.asked[0]["think"] is False

    def test_think_that_breaks_the_format_is_found_out_by_a_short_request(self, ollama, explain):
        """Some models ignore the schema when told not to think: they are asked without."""
        ollama.show["capabilities"] = ["completion", "thinking"]
        ollama.probe = lambda body: "no JSON" if "think" in body else answer({"text": "ok", "cites": []})
        ollama.replies = [answer(GOOD["zh"])]
        assert explain("zh", model="qwen3:breaks").origin == "model"
        assert [("think" in body, "format" in body) for body in ollama.probed] == [(True, True), (False, True)]
        assert all("think" not in body for body in ollama.asked)
        assert ollama.asked[0]["options"]["num_predict"] > ollama.probed[0]["options"]["num_predict"]

    def test_no_tracing(self, ollama, explain, monkeypatch):
        """LangSmith gets nothing, whatever the environment says."""
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")
        monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_test")
        from langsmith import Client

        sent = []
        monkeypatch.setattr(Client, "create_run", lambda *args, **_: sent.append(args))
        ollama.replies = [answer(GOOD["en"])]
        assert explain("en").origin == "model"
        assert sent == []


class TestPrivacy:
    def test_no_key_for_a_local_server(self, ollama, explain, monkeypatch):
        """OLLAMA_API_KEY is for Ollama's service and is sent to no local host."""
        monkeypatch.setenv("OLLAMA_API_KEY", "secret")
        ollama.replies = [answer(GOOD["en"])]
        explain("en")
        assert all("authorization" not in headers for headers in ollama.headers)

    def test_no_key_in_the_clear(self, ollama, explain, monkeypatch):
        """Nor to a remote one without encryption."""
        monkeypatch.setenv("OLLAMA_API_KEY", "secret")
        ollama.install("http://10.1.2.3:11434")
        ollama.replies = [answer(GOOD["en"])]
        explain("en", host="10.1.2.3", allow_remote=True)
        assert all("authorization" not in headers for headers in ollama.headers)

    @pytest.mark.parametrize(
        ("host", "named", "sent"),
        [
            ("https://ollama.com", False, True),
            ("https://api.ollama.com", False, True),
            ("https://ollama.com.example", False, False),
            ("https://box.example", False, False),
            ("https://box.example", True, True),
            ("http://box.example:11434", True, False),
        ],
    )
    def test_where_the_key_goes(self, ollama, explain, monkeypatch, host, named, sent):
        """Over https to ollama.com, or to a host typed for this run; to no other that the environment names."""
        monkeypatch.setenv("OLLAMA_API_KEY", "secret")
        ollama.install(host)
        ollama.replies = [answer(GOOD["en"])]
        explain("en", host=host, host_is_named=named, allow_remote=True)
        assert {headers.get("authorization") for headers in ollama.headers} == {"Bearer secret" if sent else None}

    def test_a_named_host_is_consent(self, ollama, explain):
        """A host typed for this run needs no other leave; a cloud model on it does."""
        ollama.install("http://10.1.2.3:11434")
        ollama.replies = [answer(GOOD["en"])]
        assert explain("en", host="10.1.2.3", host_is_named=True).origin == "model"
        with pytest.raises(ModelUnavailable, match="--allow-remote"):
            explain("en", host="10.1.2.3", host_is_named=True, model="x:cloud")

    def test_remote_hosts_need_leave(self, ollama, explain):
        """Another machine is not asked unless allowed."""
        with pytest.raises(ModelUnavailable, match="--allow-remote"):
            explain("en", host="http://10.1.2.3:11434")
        assert ollama.headers == []

    @pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "deepseek-v3.1:671b-cloud", "qwen3-coder:cloud"])
    def test_cloud_models_need_leave(self, ollama, explain, name):
        """A model whose name says cloud is refused before anything is sent."""
        with pytest.raises(ModelUnavailable, match="--allow-remote"):
            explain("en", model=name)
        assert ollama.asked == []

    def test_models_that_the_server_calls_remote(self, ollama, explain):
        """So is one of which the server says that it runs elsewhere, whatever its name."""
        ollama.show["remote_host"] = "https://ollama.com:443"
        with pytest.raises(ModelUnavailable, match="--allow-remote"):
            explain("en", model="my-copy:latest")
        assert ollama.asked == []

    def test_remote_models_are_never_chosen(self, ollama, explain):
        """Among the installed ones only a local model is taken."""
        ollama.tags.insert(
            0, {"name": "qwen3:x", "model": "qwen3:x", "size": 8 << 30, "remote_host": "https://ollama.com"}
        )
        ollama.replies = [answer(GOOD["en"])]
        assert explain("en").model == "qwen3:8b"

    def test_allowed_remote_model(self, ollama, explain):
        """With leave a cloud model is used."""
        ollama.replies = [answer(GOOD["en"])]
        assert explain("en", model="gpt-oss:120b-cloud", allow_remote=True).origin == "model"

    def test_redirects_are_not_followed(self, ollama, explain):
        """A redirect could lead off the machine."""
        away = httpx.Response(307, headers={"location": "http://example.com/api/chat"})
        ollama.replies = [away]
        with pytest.raises(ModelUnavailable):
            explain("en")


def test_importing_is_cheap():
    """Neither the client nor langchain is imported before a model is asked."""
    code = (
        "import sys, explain_log.narration.explain\n"
        "heavy = {'ollama', 'httpx', 'langchain_core', 'langsmith', 'pydantic', 'fastapi'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.returncode == 0, done.stderr
