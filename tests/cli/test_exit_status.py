"""What explain-log answers with: its exit status, and at most one line on standard error."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interrupts import started
from tests.cli.conftest import COMMAND


def one_line(text: str) -> bool:
    return text.startswith("explain-log: ") and text.count("\n") == 1 and "Traceback" not in text


def test_an_answer_is_zero(run, seed):
    """A log that is explained gives 0 and nothing on standard error."""
    done = run("--no-llm", seed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "DeepSeek R1 Distill Llama 70B" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--formt", "json"], "--format"),
        (["--lang", "fr", "x.log"], "auto, zh, en"),
        (["--lang"], "--lang needs a value"),
        (["--no-llm=1", "x.log"], "takes no value"),
        (["--load", "0", "x.log"], "whole number"),
        (["--load", "three", "x.log"], "whole number"),
        (["--fail-on", "info", "x.log"], "error, warning, never"),
        (["nowhere.log"], "nowhere.log"),
        (["--no-llm", "trem"], "subcommand term"),
        (["term", "n_ctz"], "n_ctx"),
        (["term", "a", "b"], "unexpected b"),
        (["line"], "TEXT"),
        (["statements", "no such words anywhere"], "no such words anywhere"),
        (["completion", "ksh"], "bash, zsh, fish"),
        (["serve", "--port", "99999"], "65535"),
        (["serve", "--prot", "1"], "--port"),
        (["-x"], "-x"),
        (["-5"], "no option -5"),
        (["--qestion=Why is it slow"], "--question"),
        (["--", "--formt"], "--formt: no such file"),
        (["--model", "--no-llm"], "--model needs a value"),
        (["--help=1"], "takes no value"),
    ],
)
def test_wrong_use_is_two(run, arguments, said):
    """Wrong use gives 2 and one line that names the input and what to do."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)
    assert said in done.stderr


def test_wrong_use_is_told_in_the_language_asked_for(run):
    """`--lang zh` holds for errors too, wherever it stands."""
    assert "没有 --blub 这个选项" in run("--blub", "--lang", "zh").stderr
    assert "没有 --blub 这个选项" in run("--blub", EXPLAIN_LOG_LANG="zh").stderr


def test_what_is_wrong_with_a_file_is_told_in_the_language_asked_for(run, config, tmp_path):
    """Errors of the rooms within are told in the reader's language too, also where only config.toml asks for it."""
    assert "没有这个文件" in run("nowhere.log", "--lang", "zh").stderr
    (tmp_path / "x.log").write_bytes(b"GGUF\x03\x00\x00\x00" + b"text" * 99)
    config('lang = "zh"\n')
    assert "是 GGUF 模型文件" in run(str(tmp_path / "x.log")).stderr
    assert "标准输入不是文本" in run("-", stdin=bytes(range(32)) * 99).stderr.replace(" ", "")
    assert "别的机器也连得上" in run("serve", "--host", "0.0.0.0").stderr


def test_a_folder_is_no_log(run, tmp_path):
    """A folder is wrong use."""
    done = run("--no-llm", str(tmp_path))
    assert done.returncode == 2
    assert "folder" in done.stderr


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user")
def test_a_file_without_permission(tmp_path):
    """Another user's private log is wrong use and says so."""
    secret = tmp_path / "secret.log"
    secret.write_text("x", encoding="utf-8")
    secret.chmod(0o600)
    # The interpreter may lie where another user cannot read it, so everything is imported before.
    script = (
        "import os, sys, locale, explain_log.cli.explain, explain_log.cli.commands, explain_log.cli.progress\n"
        "from explain_log.cli import main\n"
        "from explain_log.knowledge import load\n"
        f"load(); os.chdir({str(tmp_path)!r}); os.setuid(65534)\n"
        "sys.exit(main(['--no-llm', 'secret.log']))"
    )
    done = run_script(script)
    assert done.returncode == 2
    assert "permission" in done.stderr


def test_nothing_given_at_a_terminal(environment):
    """Without FILE and with a person at standard input there is a hint instead of waiting."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    done = subprocess.run(COMMAND, stdin=follower, capture_output=True, env=environment, text=True, timeout=30)
    os.close(leader)
    os.close(follower)
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert "--help" in done.stderr


@pytest.mark.parametrize(("severity", "status"), [("error", 3), ("warning", 3), ("never", 0)])
def test_fail_on_finds_an_error(run, severity, status):
    """With a failed allocation in the log, 3 where that is asked for."""
    log = "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 5000.00 MiB on device 0: cudaMalloc failed: out of memory\n"
    done = run("--no-llm", "--format", "json", "--fail-on", severity, stdin=log)
    if '"severity": "error"' not in done.stdout:
        pytest.skip("no check of failed allocations yet")
    assert done.returncode == status


def test_fail_on_lets_notices_pass(run, seed):
    """The seed log has notices and nothing worse."""
    assert run("--no-llm", "--fail-on", "warning", seed).returncode == 0


@pytest.mark.parametrize("log", ["", "hello\nworld\n"])
@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "sarif", "svg"])
def test_nothing_recognised_is_answered(run, log, form):
    """An empty input, or one in which nothing is recognised, gives 0, a report, and one line."""
    done = run("--no-llm", "--format", form, stdin=log)
    assert done.returncode == 0
    assert done.stdout.strip()
    assert one_line(done.stderr)


def test_interrupted_is_130(environment, tmp_path):
    """Ctrl-C while reading gives 130 and no traceback."""
    process = started(
        [*COMMAND, "--no-llm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors


def test_the_service_stops_at_ctrl_c(environment):
    """`serve` says where it listens, and an interrupt ends it without a traceback."""
    process = started([*COMMAND, "serve", "--port", "0"], stderr=subprocess.PIPE, env=environment, text=True)
    assert process.stderr is not None
    assert "http://127.0.0.1:" in process.stderr.readline()
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    assert "Traceback" not in errors


def test_a_traceback_is_never_shown(run, seed):
    """An error inside gives 70 and one line; EXPLAIN_LOG_DEBUG shows more."""
    broken = "import explain_log.pipeline as p\ndef boom(*a, **k): raise ZeroDivisionError('\\x1b[31mboom\\n')\np.make_reports = boom\n"
    script = f"{broken}import sys\nfrom explain_log.cli import main\nsys.exit(main(['--no-llm', {seed!r}]))"
    plain = run_script(script)
    assert plain.returncode == 70
    assert one_line(plain.stderr)
    assert "boom" in plain.stderr
    assert "\x1b" not in plain.stderr
    assert "Traceback" in run_script(script, EXPLAIN_LOG_DEBUG="1").stderr


def run_script(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": "service", "LC_ALL": "C"} | variables
    root = Path(__file__).resolve().parents[2]
    return subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, text=True, cwd=root)
