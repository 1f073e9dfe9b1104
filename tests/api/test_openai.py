"""OpenAI's own client against the service: a pasted log is explained, what follows is answered."""

from pathlib import Path

import openai
import pytest
from evals.scripted import ScriptedOllama

EXAMPLE = (Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ai(process):
    with openai.OpenAI(base_url=f"http://127.0.0.1:{process.port}/v1", api_key="none", max_retries=0) as ai:
        yield ai


def said(ai, *messages, model="explain-log", **more):
    """The answer to a conversation; the user speaks first."""
    turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(messages)]
    return ai.chat.completions.create(model=model, messages=turns, **more)


def test_models(ai):
    """They are listed, and each has its own address."""
    assert [model.id for model in ai.models.list()] == ["explain-log", "explain-log-rules"]
    assert ai.models.retrieve("explain-log").owned_by == "explain-log"
    with pytest.raises(openai.NotFoundError):
        ai.models.retrieve("gpt-4")


@pytest.mark.parametrize("frame", ["{}", "```\n{}\n```", "Here is my log:\n\n{}\n\nThanks"])
def test_a_log_is_explained(ai, frame):
    """In sections, with what it costs and the report's id."""
    answer = said(ai, frame.replace("{}", EXAMPLE))
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.role == "assistant"
    text = answer.choices[0].message.content
    assert text.count("### ") >= 4
    assert "8192" in text
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert len(answer.report) == 32


def test_a_stream_says_the_same(ai):
    """Piece by piece, with usage at the end where it is wanted."""
    whole = said(ai, EXAMPLE).choices[0].message.content
    chunks = list(said(ai, EXAMPLE, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_what_follows_is_about_the_log(ai):
    """A later question is answered from the log that was pasted before, in its own language."""
    first = said(ai, EXAMPLE).choices[0].message.content
    answer = said(ai, EXAMPLE, first, "How large is the KV cache?").choices[0].message.content
    assert "2560" in answer
    answer = said(ai, EXAMPLE, first, "KV 缓存有多大？").choices[0].message.content
    assert "2560" in answer
    assert any("\u4e00" <= c <= "\u9fff" for c in answer)


def test_a_question_beside_the_log(ai):
    """What is asked in the same message is answered."""
    answer = said(ai, f"How large is the KV cache?\n\n{EXAMPLE}").choices[0].message.content
    assert "2560" in answer
    assert "###" not in answer


def test_the_latest_log_counts(ai):
    """Another log that is pasted later is the one that is talked about."""
    other = EXAMPLE.replace("n_ctx         = 8192", "n_ctx         = 4096")
    answer = said(ai, EXAMPLE, "…", other, "…", "What is n_ctx?")
    assert answer.report != said(ai, EXAMPLE).report


def test_parts_and_other_roles(ai):
    """Messages in parts; what the system and the assistant said is no log."""
    messages = [
        {"role": "system", "content": EXAMPLE},
        {"role": "user", "content": [{"type": "text", "text": "hello"}]},
    ]
    answer = ai.chat.completions.create(model="explain-log", messages=messages, temperature=0.5, user="x")
    assert answer.report is None
    assert "journalctl" in answer.choices[0].message.content


@pytest.mark.parametrize(
    ("text", "word"), [("what is n_seq_max?", "n_seq_max"), ("你好", "journalctl"), ("", "journalctl")]
)
def test_without_a_log(ai, text, word):
    """A term is told; else it says what to paste."""
    assert word in said(ai, text).choices[0].message.content


def test_no_such_model(ai):
    """Another model's name is 404."""
    with pytest.raises(openai.NotFoundError):
        said(ai, "x", model="gpt-4")


@pytest.mark.parametrize("stream", [True, False])
def test_with_a_model(start_process, stream):
    """Statements of a model are passed on as they are verified; explain-log-rules never asks one."""
    with ScriptedOllama() as ollama:
        process = start_process("--ollama-host", ollama.url, "--no-cache")
        with openai.OpenAI(base_url=f"http://127.0.0.1:{process.port}/v1", api_key="none", max_retries=0) as ai:
            said(ai, EXAMPLE, model="explain-log-rules")
            assert not ollama.exchanges
            answer = said(ai, EXAMPLE, stream=stream)
            if stream:
                text = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
            else:
                text = answer.choices[0].message.content
            rules = said(ai, EXAMPLE, model="explain-log-rules").choices[0].message.content
    assert ollama.asked
    assert text != rules
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert len(headings) >= 4
    assert len(set(headings)) == len(headings)


def test_with_keys(start_process):
    """The key is what OpenAI's clients call the API key; a wrong one is an authentication error."""
    process = start_process("--no-llm", "--host", "0.0.0.0", EXPLAIN_LOG_CONTAINER="1")
    token = next(word for word in process.output().split() if word.startswith("el_"))
    for key, works in ((token, True), ("el_a_b", False)):
        with openai.OpenAI(base_url=f"http://127.0.0.1:{process.port}/v1", api_key=key, max_retries=0) as ai:
            if works:
                assert said(ai, EXAMPLE).report
            else:
                with pytest.raises(openai.AuthenticationError):
                    said(ai, EXAMPLE)
