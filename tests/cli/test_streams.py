"""Standard output and error under whatever they are connected to."""

import json
import os
import subprocess
import sys

import pytest
from tests.cli.conftest import COMMAND


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_reader_that_goes_away_is_no_error(environment, seed, form):
    """`| head -1` ends quietly."""
    script = f'"$0" -m explain_log --no-llm --format {form} "$1" | head -n 1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, seed], capture_output=True, env=environment, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] in ("0", "141")
    assert done.stderr == ""


def test_a_pipe_closed_before_the_first_byte(environment, seed):
    """Nobody reads at all: quiet, and the status is still the answer's."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "--no-llm", seed], stdout=writer, stderr=subprocess.PIPE, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_told(environment, seed):
    """A result that cannot be written is one line and a status of its own."""
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, "--no-llm", seed], stdout=full, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 74
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("closed", ["1", "2", "0"])
def test_closed_streams_give_no_traceback(environment, seed, closed):
    """Even without one of the three standard streams there is no traceback."""
    sign = "<" if closed == "0" else ">"
    done = subprocess.run(
        ["bash", "-c", f'"$0" -m explain_log --no-llm "$1" {closed}{sign}&-', sys.executable, seed],
        capture_output=True,
        env=environment,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (74 if closed == "1" else 0)


def test_closed_standard_input_is_no_log(environment):
    """`-` without a standard input is wrong use."""
    done = subprocess.run(
        ["bash", "-c", '"$0" -m explain_log --no-llm - <&-', sys.executable], capture_output=True, env=environment, text=True
    )
    assert done.returncode == 2


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_chinese_under_any_locale(run, seed, locale):
    """Output is UTF-8 whatever the locale says."""
    done = run("--no-llm", "--lang", "zh", seed, LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert "模型已加载好" in done.stdout


def test_a_name_that_is_no_unicode(environment, tmp_path):
    """A file's name may be any bytes."""
    name = os.fsencode(tmp_path) + b"/log-\xff\xfe.log"
    try:
        with open(name, "wb") as file:
            file.write(b"llama_context: n_ctx = 1\n")
    except OSError:
        pytest.skip("the file system takes only Unicode names")
    for form in ("text", "json", "markdown"):
        done = subprocess.run(
            [*map(os.fsencode, COMMAND), b"--no-llm", b"--format", form.encode(), name], capture_output=True, env=environment
        )
        assert done.returncode == 0
        done.stdout.decode("utf-8")


def test_json_is_the_contracts_report(run, seed):
    """`--format json` is one JSON object with the contract's fields in their order."""
    report = json.loads(run("--no-llm", "--format", "json", seed).stdout)
    assert list(report)[:4] == ["schema_version", "id", "language", "source"]
    assert report["language"] == "en"
    assert report["source"]["lines"] == 106


def test_standard_input_and_a_file_say_the_same(run, seed):
    """A log on standard input is explained as one in a file."""
    with open(seed, "rb") as file:
        piped = run("--no-llm", "-", stdin=file.read())
    assert piped.stdout.replace("standard input", seed).split() == run("--no-llm", seed).stdout.split()


@pytest.mark.parametrize("order", [("--no-llm", "{}", "--lang", "zh"), ("--lang", "zh", "{}", "--no-llm"), ("--lang=zh", "--no-llm", "--", "{}")])
def test_options_stand_anywhere(run, seed, order):
    """Options and files in any order mean the same."""
    done = run(*(part.format(seed) for part in order))
    assert done.returncode == 0
    assert "发生了什么" in done.stdout


def test_a_subcommand_wins_over_a_file(run, tmp_path, environment):
    """A file called `term` is `./term`."""
    (tmp_path / "term").write_text("llama_context: n_ctx = 1\n", encoding="utf-8")
    done = subprocess.run([*COMMAND, "term"], capture_output=True, env=environment, text=True, cwd=tmp_path)
    assert "n_seq_max" in done.stdout
    done = subprocess.run([*COMMAND, "--no-llm", "./term"], capture_output=True, env=environment, text=True, cwd=tmp_path)
    assert "1 recognised" in done.stdout


class TestColours:
    """When standard output gets colours."""

    def test_none_in_a_pipe(self, run, seed):
        """A pipe gets plain text."""
        assert "\x1b" not in run("--no-llm", seed).stdout

    def test_where_they_are_asked_for(self, run, seed):
        """`--color always` outweighs NO_COLOR."""
        assert "\x1b[" in run("--no-llm", "--color", "always", seed, NO_COLOR="1").stdout

    @pytest.mark.parametrize(
        ("variables", "coloured"),
        [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    )
    def test_on_a_terminal(self, environment, seed, variables, coloured):
        """A terminal gets them unless NO_COLOR or TERM=dumb say otherwise."""
        assert (b"\x1b[" in on_terminal(["--no-llm", seed], environment | variables)) is coloured


def on_terminal(arguments: list[str], environment: dict[str, str]) -> bytes:
    """What explain-log writes to a terminal."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = subprocess.Popen([*COMMAND, *arguments], stdout=follower, stderr=subprocess.PIPE, env=environment)
    os.close(follower)
    written = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:
            break
        if not block:
            break
        written += block
    os.close(leader)
    process.communicate()
    return written
