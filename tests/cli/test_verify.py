"""`explain-log verify`: what in somebody's explanation of a log is true, in either language and every format."""

import json

import pytest

ANSWER_ZH = """## 分析

- 模型用了 8 块 GPU，KV 缓存一共 2560 MiB。
- **n_seq_max = 4** 表示输入最多 4 个 token。
- CUDA0 的 KV 缓存是 320 MiB。
"""
ANSWER_EN = "The KV cache takes 2.5 GiB. Flash attention is enabled. CUDA0 has fewer layers than CUDA7.\n"


@pytest.fixture
def answer(tmp_path):
    """Writes an answer to a file."""

    def write(text):
        path = tmp_path / "answer.md"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_what_is_contradicted_is_marked_and_corrected(run, seed, answer):
    """Each claim has its mark; a wrong one says what the log has, with its line, and the exit status is 1."""
    done = run("verify", answer(ANSWER_ZH), "--log", seed, "--lang", "zh")
    assert done.returncode == 1
    assert "✓ KV 缓存一共 2560 MiB" in done.stdout
    assert "✗ n_seq_max = 4 表示输入最多 4 个 token" in done.stdout
    wrong = done.stdout.partition("✗ CUDA0 的 KV 缓存是 320 MiB")[2]
    assert "352" in wrong
    assert "L" in wrong


def test_json_is_the_contracts_verification(run, seed, answer):
    """Spans point into the answer; verdict, code and correction are there for every claim that does not hold."""
    done = run("verify", answer(ANSWER_EN), "--log", seed, "--format", "json")
    result = json.loads(done.stdout)
    assert set(result) == {"language", "claims", "summary"}
    assert result["language"] == "en"
    verdicts = {claim["text"]: (claim["verdict"], claim["code"]) for claim in result["claims"]}
    assert verdicts["The KV cache takes 2.5 GiB"] == ("supported", None)
    assert verdicts["Flash attention is enabled"] == ("contradicted", "POLARITY")
    assert verdicts["CUDA0 has fewer layers than CUDA7"] == ("contradicted", "DIRECTION")
    for claim in result["claims"]:
        start, end = claim["span"]
        assert claim["text"].split()[0] in ANSWER_EN[start:end]
        assert (claim["correction"] is None) == (claim["verdict"] == "supported")
    assert result["summary"] == {"supported": 1, "contradicted": 2, "unsupported": 0}


def test_markdown_is_a_list(run, seed, answer):
    """One item a claim, the correction below it."""
    done = run("verify", answer(ANSWER_EN), "--log", seed, "--format", "markdown")
    assert done.stdout.count("\n- ") == 3
    assert "\n  - " in done.stdout


@pytest.mark.parametrize("which", ["answer", "log"])
def test_either_may_be_standard_input(run, seed, answer, which):
    """Either of the two may come from a pipe."""
    if which == "answer":
        done = run("verify", "-", "--log", seed, stdin="The KV cache takes 2.5 GiB.")
    else:
        with open(seed, encoding="utf-8") as log:
            done = run("verify", answer("The KV cache takes 2.5 GiB."), "--log", "-", stdin=log.read())
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ The KV cache takes 2.5 GiB" in done.stdout


def test_a_line_of_the_log_may_be_quoted_and_no_other(run, seed, answer):
    """Any line counts, whatever findings show; an altered one is told from it."""
    text = 'It says "llm_load_vocab: token to piece cache size = 0.7999 MB". It says "llm_load_vocab: token cache = 3 MB".'
    done = run("verify", answer(text), "--log", seed)
    assert '✓ It says "llm_load_vocab: token to piece' in done.stdout
    assert '✓ It says "llm_load_vocab: token cache' not in done.stdout


def test_an_answer_that_claims_nothing(run, seed, answer):
    """A greeting is no claim: that is said, and is no failure."""
    done = run("verify", answer("Hello! I hope this helps.\n"), "--log", seed)
    assert done.returncode == 0
    assert "claims nothing" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verify", "ANSWER"], "--log FILE"),
        (["verify", "-", "--log", "-"], "both"),
        (["verify", "ANSWER", "--log", "nowhere.log"], "nowhere.log"),
        (["verify", "nowhere.md", "--log", "SEED"], "nowhere.md"),
        (["verify", "--log", "SEED"], "ANSWER"),
        (["verify", "LONG", "--log", "SEED"], "wrong way round"),
    ],
)
def test_wrong_use_is_told_in_one_line(run, seed, answer, tmp_path, arguments, says):
    """Exit 2 and one line that names the input."""
    long = tmp_path / "long.md"
    long.write_text("word " * 100_000)
    names = {"ANSWER": answer(ANSWER_EN), "SEED": seed, "LONG": str(long)}
    done = run(*(names.get(argument, argument) for argument in arguments))
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
