"""Models from the command line: consent, time-outs, what is said while waiting, dry run, cache, chat; real sockets."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from evals.scripted import CHARACTERS, ScriptedOllama
from interrupts import started
from tests.cli.conftest import COMMAND

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(run, tmp_path, environment):
    """Runs explain-log with folders of its own; the compiled knowledge is made once before."""
    environment["EXPLAIN_LOG_DATA_DIR"] = str(tmp_path / "data")
    environment["NO_PROXY"] = "*"
    return run


@pytest.fixture
def server():
    with ScriptedOllama(CHARACTERS["honest"], parallel=2) as server:
        yield server


class TestExplain:
    def test_a_model_that_is_chosen_is_named(self, run, server, seed):
        """Without --model the choice is said on standard error; with it nothing is."""
        chosen = run(seed, "--format", "json", OLLAMA_HOST=server.url)
        assert "using scripted:8b" in chosen.stderr
        assert json.loads(chosen.stdout)["explanation"]["origin"] == "model"
        named = run(seed, "--format", "json", "--model", "scripted:8b", "--no-cache", OLLAMA_HOST=server.url)
        assert named.stderr == ""

    def test_the_second_time_comes_from_the_cache(self, run, server, seed):
        """Unless --no-cache."""
        from_cache, asked = [], []
        for options in ([], [], ["--no-cache"]):
            done = run(seed, "--model", "scripted:8b", "--format", "json", *options, OLLAMA_HOST=server.url)
            from_cache.append(json.loads(done.stdout)["explanation"]["stats"]["from_cache"])
            asked.append(len(server.asked))
        assert from_cache == [False, True, False]
        assert asked[0] == asked[1] < asked[2]

    def test_an_unreachable_model_and_a_question(self, run, seed):
        """The rules answer the question, and why is told."""
        done = run(seed, "--question", "How large is the KV cache?", "--ollama-host", "http://127.0.0.1:9")
        assert "no model was used" in done.stderr
        assert "2560 MiB (line 31)" in done.stdout

    def test_a_question_without_a_model(self, run, seed):
        """--no-llm answers too, first of all sections."""
        done = run(seed, "--no-llm", "--question", "GPU 温度是多少？", "--lang", "zh", "--format", "json")
        first = json.loads(done.stdout)["explanation"]["sections"][0]
        assert first["id"] == "answer"
        assert "nvidia-smi" in first["statements"][0]["text"]
        assert done.stderr == ""

    def test_hosts_of_the_environment_need_leave(self, run, seed):
        """OLLAMA_HOST and config are no consent; --ollama-host is."""
        far = "http://192.0.2.1:11434"
        limits = ["--timeout", "connect=0.3"]
        assert "--allow-remote" in run(seed, *limits, OLLAMA_HOST=far).stderr
        assert "--allow-remote" in run(seed, *limits, EXPLAIN_LOG_OLLAMA_HOST=far).stderr
        assert "--allow-remote" not in run(seed, *limits, "--ollama-host", far).stderr
        assert "--allow-remote" not in run(seed, *limits, "--allow-remote", OLLAMA_HOST=far).stderr

    def test_cloud_models_need_leave_wherever(self, run, server, seed):
        """A host on the command line is no leave for a model in the cloud."""
        done = run(seed, "--ollama-host", server.url, "--model", "gpt-oss:120b-cloud")
        assert "--allow-remote" in done.stderr
        assert server.paths == []

    @pytest.mark.parametrize("host", ["0.0.0.0", "[::]", ""])
    def test_what_a_server_listens_on_is_this_machine(self, run, server, seed, host):
        """0.0.0.0, [::] and nothing mean loopback to a client."""
        port = server.url.rpartition(":")[2]
        done = run(seed, "--format", "json", OLLAMA_HOST=f"{host}:{port}")
        assert json.loads(done.stdout)["explanation"]["origin"] == "model"

    @pytest.mark.parametrize(
        "value", ["first", "first=", "first=x", "first=0", "later=3", "first=1,first=2", "first=-1", "first=1e9"]
    )
    def test_time_outs_that_are_none(self, run, seed, value):
        """What --timeout cannot mean is told in one line."""
        done = run(seed, f"--timeout={value}")
        assert done.returncode == 2
        assert "first=600,total=1200" in done.stderr

    def test_time_outs_count(self, run, seed, config):
        """From the command line, and from config.toml."""
        with ScriptedOllama(CHARACTERS["honest"], load_seconds=30) as server:
            config('timeout = "first=0.3"\n')
            assert "within 0.3 s" in run(seed, OLLAMA_HOST=server.url).stderr
            assert "within 0.2 s" in run(seed, "--timeout", "first=0.2", OLLAMA_HOST=server.url).stderr

    @pytest.mark.parametrize(("text", "sent"), [("90s", "90s"), ("0", 0), ("-1", -1), (None, "10m")])
    def test_keep_alive(self, run, seed, text, sent):
        """A duration as text, seconds as a number: Ollama takes "-1" for neither."""
        options = [] if text is None else [f"--keep-alive={text}"]
        shown = json.loads(run(seed, "--dry-run", *options).stdout)
        assert {r["body"]["keep_alive"] for r in shown["requests"]} == {sent}

    def test_dry_run_sends_nothing(self, run, server, seed):
        """The requests as JSON, and not one connection."""
        done = run(seed, "--dry-run", "--model", "scripted:8b", OLLAMA_HOST=server.url)
        shown = json.loads(done.stdout)
        assert shown["url"] == f"{server.url}/api/chat"
        assert [r["section"] for r in shown["requests"]][:2] == ["summary", "placement"]
        assert server.paths == []
        assert done.returncode == 0

    def test_interrupting_ends_the_request(self, environment, seed):
        """Ctrl-C: status 130, no traceback, and the server sees the client go."""
        with ScriptedOllama(CHARACTERS["honest"], piece_seconds=0.05) as server:
            process = started(
                [*COMMAND, seed],
                env={**environment, "OLLAMA_HOST": server.url},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            end = time.monotonic() + 20
            while not server.asked and time.monotonic() < end:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
            assert (process.returncode, b"Traceback" in errors) == (130, False)
            assert server.asked
            while not all(e.ended for e in server.exchanges) and time.monotonic() < end:
                time.sleep(0.05)
            assert any(e.broken for e in server.exchanges)


def on_terminal(command, environment, *, typed=(), until=b"", seconds=30.0):
    """Runs a command with all three streams on a terminal; what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, {**environment, "TERM": "xterm", "COLUMNS": "100"})
    shown, end = b"", time.monotonic() + seconds
    waiting = list(typed)
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        if waiting and shown.count("›".encode()) >= len(typed) - len(waiting) + 1:
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status)


class TestTerminal:
    def test_loading_is_counted(self, run, environment, seed):
        """While a model is loaded the seconds tick on standard error."""
        run("term", "n_ctx")
        with ScriptedOllama(CHARACTERS["honest"], load_seconds=2.6, parallel=2) as server:
            shown, status = on_terminal(
                [*COMMAND, seed, "--model", "scripted:8b"], {**environment, "OLLAMA_HOST": server.url}
            )
        assert status == 0
        assert re.search(r"loading scripted:8b, 1 s.*loading scripted:8b, 2 s", shown, re.DOTALL)

    def test_chat_with_a_person(self, run, environment, seed):
        """A prompt, answers, and /quit."""
        run("term", "n_ctx")
        typed = ["How large is the KV cache?", "and CUDA7?", "/quit"]
        shown, status = on_terminal([*COMMAND, "chat", seed, "--no-llm"], environment, typed=typed)
        assert status == 0
        assert "2560 MiB" in shown
        assert "288 MiB" in shown


class TestChat:
    def test_from_a_pipe(self, run, seed):
        """A question a line, an answer each; the rules without a model."""
        done = run(
            "chat",
            seed,
            "--no-llm",
            "--lang",
            "en",
            stdin="How large is the KV cache?\n\nand CUDA7?\nHow hot is it, temperature?\n",
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "2560 MiB" in done.stdout
        assert "288 MiB" in done.stdout
        assert "nvidia-smi" in done.stdout

    def test_with_a_model(self, run, server, seed):
        """The model sees what was asked and answered before, bounded; what no log tells it is not asked."""
        questions = "".join(f"How large is the KV cache? ({n})\n" for n in range(9))
        done = run("chat", seed, stdin=questions + "What is the temperature?\n", OLLAMA_HOST=server.url)
        assert "using scripted:8b" in done.stderr
        bodies = [e.body["messages"] for e in server.asked]
        assert len(bodies) == 9
        assert [m["role"] for m in bodies[1]] == ["system", "user", "assistant", "user"]
        assert len(bodies[8]) < 2 + 2 * 8
        assert bodies[8][-1]["content"].rstrip().endswith("one to six sentences.")
        assert len({e.body["options"]["num_ctx"] for e in server.exchanges}) == 1
        assert "nvidia-smi" in done.stdout

    def test_a_server_that_is_away_is_told_once(self, run, seed):
        """Then the rules go on alone."""
        done = run("chat", seed, "--ollama-host", "http://127.0.0.1:9", stdin="KV cache?\nversion?\n")
        assert done.stderr.count("no Ollama at") == 1
        assert "2560 MiB" in done.stdout
        assert "0.5.2" in done.stdout

    def test_questions_and_log_cannot_both_be_standard_input(self, run):
        """One line that says what to do."""
        done = run("chat", "-", stdin="x")
        assert done.returncode == 2
        assert "explain-log chat FILE" in done.stderr


class TestCache:
    def test_list_show_purge(self, run, server, seed):
        """What was kept is listed, shown by the beginning of its key, and dropped."""
        assert "no explanation" in run("cache", "list", "--lang", "en").stderr
        run(seed, "--question", "How large is the KV cache?", OLLAMA_HOST=server.url)
        listed = json.loads(run("cache", "list", "--format", "json").stdout)
        assert [(e["model"], e["question"]) for e in listed] == [("scripted:8b", "How large is the KV cache?")]
        key = listed[0]["key"]
        assert key[:12] in run("cache", "list").stdout
        assert "2560 MiB" in run("cache", "show", key[:4]).stdout
        assert json.loads(run("cache", "show", key, "--format", "json").stdout)["model"] == "scripted:8b"
        assert run("cache", "show", "zz").returncode == 2
        assert "1" in run("cache", "purge", key[:6]).stderr
        assert json.loads(run("cache", "list", "--format", "json").stdout) == []

    def test_other_words(self, run):
        """What cache can do is told."""
        done = run("cache", "empty")
        assert done.returncode == 2
        assert "list, show, purge" in done.stderr
