"""Bad input through the command: one clear line or a right answer, the right exit status, never a traceback."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import which

import pytest
from interrupts import started

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "deepseek-r1-70b-8gpu.log"
COMMAND = [sys.executable, "-m", "explain_log"]
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
ANSWERED, WRONG_USE, INTERRUPTED = 0, 2, 130


@pytest.fixture
def environment(tmp_path):
    """Variables for a run that finds no settings of the machine, and no Ollama."""
    own = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("EXPLAIN_LOG_L", "OLLAMA_"))}
    return keep | own | {"PYTHONPATH": str(ROOT / "service"), "LANG": "C.UTF-8", "OLLAMA_HOST": "http://127.0.0.1:1"}


@pytest.fixture
def run(tmp_path, environment):
    """Runs the command in the test's folder and gives (exit status, output, errors)."""

    def call(*arguments, stdin=b"", llm=False, **options):
        words = [*COMMAND, *([] if llm else ["--no-llm"]), "--lang", "en", *map(os.fspath, arguments)]
        fed = {"stdin": stdin} if stdin is None or hasattr(stdin, "fileno") else {"input": stdin}
        options = {"env": environment, "timeout": 120} | options
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, **fed, **options)
        errors = done.stderr.decode("utf-8")
        assert "Traceback" not in errors, errors
        assert "internal error" not in errors, errors
        return done.returncode, done.stdout.decode("utf-8"), errors

    return call


def is_one_line(errors, *named):
    """Whether errors is one line of the program that names what it should."""
    return errors.startswith("explain-log: ") and errors.count("\n") == 1 and all(word in errors for word in named)


class TestEmpty:
    """Nothing to explain is answered."""

    @pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n\n"])
    def test_an_empty_log_gives_a_report_without_loads(self, run, tmp_path, content):
        """Exit status 0, a report, one line on standard error."""
        (tmp_path / "empty.log").write_bytes(content)
        status, out, errors = run("empty.log", "--format", "json")
        report = json.loads(out)
        assert status == ANSWERED
        assert (report["loads"], report["server_runs"], report["source"]["bytes"]) == ([], [], len(content))
        assert is_one_line(errors, "empty.log")

    def test_nothing_on_standard_input_is_the_same(self, run):
        """`: | explain-log`."""
        status, out, errors = run("--format", "json")
        assert status == ANSWERED
        assert json.loads(out)["source"]["lines"] == 0
        assert is_one_line(errors)

    @pytest.mark.parametrize("form", ["json", "text", "markdown"])
    def test_a_text_that_is_no_log_is_answered(self, run, form):
        """Nothing is recognised, and that is said."""
        status, out, errors = run("--format", form, stdin="床前明月光\nSing, goddess, the wrath\n".encode())
        assert status == ANSWERED
        assert out
        assert is_one_line(errors)


class TestRefused:
    """Wrong use: exit status 2, one line that names the input and what to do, nothing on standard output."""

    def refuses(self, answer, *named):
        """Whether an answer is a refusal that names these."""
        status, out, errors = answer
        return (status, out) == (WRONG_USE, "") and is_one_line(errors, *named)

    def test_a_folder(self, run, tmp_path):
        """The log in it is asked for."""
        assert self.refuses(run(tmp_path), str(tmp_path))

    def test_a_missing_file(self, run):
        """Also when other files are there."""
        assert self.refuses(run("absent.log"), "absent.log")
        assert self.refuses(run(EXAMPLE, "absent.log"), "absent.log")

    @pytest.mark.skipif(not IS_ROOT or not which("setpriv"), reason="only root can become another user")
    def test_no_permission_as_another_user(self, environment):
        """root may read everything, so the command runs as nobody."""
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        secret = "/etc/shadow"
        probe = subprocess.run([*nobody, *COMMAND, "--version"], env=environment, cwd="/", capture_output=True)
        if probe.returncode or not os.path.exists(secret):
            pytest.skip("nobody cannot run this interpreter here")
        words = [*nobody, *COMMAND, "--no-llm", "--lang", "en", secret]
        done = subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True)
        assert self.refuses((done.returncode, done.stdout, done.stderr), secret, "permission")

    @pytest.mark.skipif(IS_ROOT, reason="root may read everything")
    def test_no_permission(self, run, tmp_path):
        """What to do is said."""
        (tmp_path / "secret.log").write_text("x")
        (tmp_path / "secret.log").chmod(0)
        assert self.refuses(run("secret.log"), "secret.log", "permission")

    @pytest.mark.parametrize("content", [os.urandom(20_000), bytes(4_096), bytes(range(256)) * 20], ids=["random", "zeros", "all"])
    def test_bytes_that_are_not_text(self, run, tmp_path, content):
        """A file and standard input alike."""
        (tmp_path / "image.bin").write_bytes(content)
        assert self.refuses(run("image.bin"), "image.bin", "not text")
        assert self.refuses(run(stdin=content), "standard input", "not text")

    @pytest.mark.parametrize(("start", "named"), [(b"GGUF\x03\x00\x00\x00", "GGUF"), (b"PK\x03\x04", "zip"), (b"\x1f\x8b\x08\x00" + b"\xff" * 60, "gzip")])
    def test_a_model_file_or_an_archive(self, run, tmp_path, start, named):
        """What it is is said."""
        (tmp_path / "wrong").write_bytes(start + b"llama " * 999)
        assert self.refuses(run("wrong"), "wrong", named)

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--frobnicate"], ["--formt", "json"], ["--format", "yaml"], ["--format"], ["--lang", "fr"], ["--load", "x"], ["--load", "-1"],
            ["--fail-on", "never mind"], ["--no-llm=yes"], ["-x"],
        ],
    )
    def test_options_that_are_none(self, run, arguments):
        """The option is named."""
        assert self.refuses(run(*arguments, EXAMPLE), arguments[0].partition("=")[0])

    @pytest.mark.parametrize("part", ["5-3", "0-9", "500-600"])
    def test_a_part_that_is_not_there(self, run, part):
        """The example has 106 lines."""
        assert self.refuses(run(f"{EXAMPLE}:{part}"), EXAMPLE.name)

    def test_names_that_are_no_unicode(self, run, tmp_path):
        """The name is shown so that it can be printed."""
        name = os.fsdecode(b"n\xf6 such\n.log")
        status, out, errors = run(name)
        assert (status, out) == (WRONG_USE, "")
        assert is_one_line(errors, "no such file")

    def test_a_closed_standard_input(self, environment, tmp_path):
        """`explain-log <&-`."""
        words = " ".join([*COMMAND, "--no-llm", "--lang", "en"])
        done = subprocess.run(f"{words} <&-", shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert self.refuses((done.returncode, done.stdout, done.stderr))


class TestOddButRight:
    """Strange inputs that have a right answer."""

    def recognised(self, answer):
        """How many lines a JSON answer recognised."""
        status, out, _ = answer
        assert status == ANSWERED
        return json.loads(out)["source"]["recognised_lines"]

    def test_50_megabytes_on_one_line(self, run, tmp_path):
        """It is cut for reading; the lines after it count; memory stays small."""
        with (tmp_path / "long.log").open("wb") as file:
            for _ in range(50):
                file.write(b"x" * (1 << 20))
            file.write(b"\n" + EXAMPLE.read_bytes())
        status, out, _ = run("long.log", "--format", "json")
        report = json.loads(out)
        assert status == ANSWERED
        assert report["source"]["lines"] == 107
        assert report["source"]["recognised_lines"] == self.recognised(run(EXAMPLE, "--format", "json"))
        assert report["loads"][0]["first_line"] == 2
        assert len(out) < 1_000_000

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "gb18030"])
    def test_other_encodings_and_line_ends(self, run, tmp_path, encoding):
        """As PowerShell writes it."""
        text = EXAMPLE.read_text().replace("\n", "\r\n") + "模型加载完成，可以使用\r\n"
        (tmp_path / "other.log").write_bytes(text.encode(encoding))
        assert self.recognised(run("other.log", "--format", "json")) == self.recognised(run(EXAMPLE, "--format", "json"))

    def test_blanks_collapsed_and_colours(self, run):
        """As a web page or a terminal gives it."""
        plain = self.recognised(run(EXAMPLE, "--format", "json"))
        lines = EXAMPLE.read_text().splitlines()
        collapsed = "\n".join(" ".join(line.split()) for line in lines)
        coloured = "\n".join(f"\x1b[32m{line}\x1b[0m" for line in lines)
        assert self.recognised(run("--format", "json", stdin=collapsed.encode())) == plain
        assert self.recognised(run("--format", "json", stdin=coloured.encode())) == plain

    def test_an_archive_that_is_cut_off(self, run, tmp_path):
        """What could be read is explained, and that it is not all is said."""
        data = gzip.compress(os.urandom(30_000).hex("\n", 20).encode() + b"\n" + EXAMPLE.read_bytes() * 20)
        (tmp_path / "cut.log.gz").write_bytes(data[:-1_000])
        status, out, errors = run("cut.log.gz", "--format", "json")
        assert status == ANSWERED
        assert json.loads(out)["source"]["lines"] > 1_000
        assert "cut off" in errors

    def test_a_file_whose_name_is_no_unicode(self, run, tmp_path):
        """The report can be printed all the same."""
        name = os.fsdecode(b"sp\xe9cial\n.log")
        (tmp_path / name).write_bytes(EXAMPLE.read_bytes())
        for form in ("json", "text", "markdown"):
            status, out, _ = run(name, "--format", form)
            assert status == ANSWERED
            assert "70" in out

    def test_numbers_that_are_none(self, run):
        """nan and infinity are printed by llama.cpp; JSON has no word for them."""
        text = EXAMPLE.read_text().replace("freq_base = 500000.0", "freq_base = nan").replace("352.00 MiB", "inf MiB")
        _, out, _ = run("--format", "json", stdin=text.encode())

        def refuse(constant):
            raise ValueError(constant)

        report = json.loads(out, parse_constant=refuse)
        assert report["loads"][0]["context"]["freq_base"] is None

    def test_a_file_that_grows(self, run, tmp_path):
        """It is read to where it ends; the command does not wait."""
        path = tmp_path / "grows.log"
        path.write_bytes(EXAMPLE.read_bytes() * 50)
        writer = subprocess.Popen(
            [sys.executable, "-c", "import sys,time\nfor _ in range(200):\n open(sys.argv[1],'a').write('more\\n')\n time.sleep(.01)", str(path)]
        )
        try:
            status, out, _ = run("grows.log", "--format", "json")
            assert status == ANSWERED
            assert json.loads(out)["source"]["lines"] >= 50 * 106
        finally:
            writer.kill()
            writer.wait()

    def test_a_file_that_vanishes(self, tmp_path, environment):
        """Deleted and emptied while it is read: what could be read is explained."""
        path = tmp_path / "gone.log"
        path.write_bytes(EXAMPLE.read_bytes() * 2_000)
        words = [*COMMAND, "--no-llm", "--lang", "en", "--format", "json", str(path)]
        with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(0.3)
            path.write_bytes(b"")
            path.unlink()
            out, errors = process.communicate(timeout=120)
        assert b"Traceback" not in errors
        assert process.returncode in (ANSWERED, WRONG_USE)  # deleted before it was opened: no such file
        assert process.returncode == WRONG_USE or json.loads(out)["source"]["bytes"] <= len(EXAMPLE.read_bytes()) * 2_000


class TestOutput:
    """The reader of the output goes away, or cannot take it."""

    @pytest.mark.parametrize("form", ["text", "json", "markdown"])
    def test_a_closed_pipe_is_no_error(self, environment, tmp_path, form):
        """`explain-log … | head -1`."""
        words = " ".join([*COMMAND, "--no-llm", "--format", form, str(EXAMPLE)])
        done = subprocess.run(
            f"{words} | head -n 1", shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""

    def test_a_closed_pipe_of_a_large_answer(self, environment):
        """More than a pipe holds."""
        words = [*COMMAND, "--no-llm", "--format", "json", str(EXAMPLE), str(EXAMPLE), str(EXAMPLE), str(EXAMPLE)]
        with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(1)
            process.stdout.close()
            errors = process.stderr.read()
        assert errors == b""
        assert process.returncode == ANSWERED

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
    def test_a_full_disk_is_told(self, environment):
        """One line, and not the status of an answer."""
        with open("/dev/full", "wb") as full:
            done = subprocess.run([*COMMAND, "--no-llm", str(EXAMPLE)], env=environment, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode not in (0, 1, 3)
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr

    def test_a_locale_without_chinese(self, environment):
        """LANG=C and an ASCII terminal: Chinese is written all the same."""
        words = [*COMMAND, "--no-llm", "--lang", "zh", str(EXAMPLE)]
        plain = environment | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        done = subprocess.run(words, env=plain, capture_output=True)
        assert done.returncode == ANSWERED
        assert "显存" in done.stdout.decode("utf-8")

    def test_an_interrupt_is_130(self, environment):
        """Ctrl-C while it waits for standard input."""
        words = [*COMMAND, "--no-llm"]
        with started(
            words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
        assert process.returncode in (INTERRUPTED, -signal.SIGINT)
        assert (out, b"Traceback" in errors) == (b"", False)


class TestModel:
    """No usable model: the rules answer, and one line says why."""

    def test_no_server(self, run):
        """Nothing listens at the address."""
        status, out, errors = run(EXAMPLE, "--format", "json", llm=True)
        assert status == ANSWERED
        assert json.loads(out)["explanation"]["origin"] == "rules"
        assert is_one_line(errors)

    def test_a_model_name_that_does_not_exist(self, run):
        """It is not an error of the log."""
        status, out, errors = run(EXAMPLE, "--model", "no-such-model:7b", "--format", "json", llm=True)
        assert status == ANSWERED
        assert json.loads(out)["explanation"]["origin"] == "rules"
        assert is_one_line(errors)

    @pytest.mark.parametrize("host", ["not a url", "http://", "ftp://127.0.0.1:1", "http://127.0.0.1:99999999"])
    def test_an_address_that_is_none(self, run, host):
        """Either refused as wrong use or answered by the rules; never a traceback."""
        status, _, errors = run(EXAMPLE, "--ollama-host", host, llm=True)
        assert status in (ANSWERED, WRONG_USE)
        assert is_one_line(errors)
