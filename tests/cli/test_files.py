"""The formats that are files, as their users ask for them."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from tests.cli.conftest import COMMAND

from explain_log.render.picture.png import find_font


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("form", "start"), [("html", "<!doctype html>"), ("sarif", "{"), ("svg", "<?xml")])
def test_each_format_is_written_whole(run, seed, form, start, language):
    """To standard output, with nothing on standard error; HTML begins in the reader's language and has the other."""
    done = run("--no-llm", "--format", form, "--lang", language, seed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(start)
    assert done.stdout.endswith("\n")
    if form == "html":
        assert f'id="show-{language}" checked' in done.stdout
        assert "The model is loaded" in done.stdout
        assert "模型已加载好" in done.stdout
    elif form == "sarif":
        assert json.loads(done.stdout)["version"] == "2.1.0"


def test_one_load_of_several(run, seed, tmp_path):
    """`--load N` is the load that the picture shows."""
    twice = tmp_path / "twice.log"
    text = Path(seed).read_text(encoding="utf-8")
    twice.write_text(text + text.replace("231.27 seconds", "7.00 seconds"), encoding="utf-8")
    assert "231.27 s" in run("--no-llm", "--format", "svg", "--lang", "en", "--load", "1", twice).stdout


def test_png_goes_to_a_file(environment, seed):
    """Bytes as they are."""
    if find_font(chinese=True) is None:
        pytest.skip("no font with Chinese on this machine")
    done = subprocess.run([*COMMAND, "--no-llm", "--format", "png", seed], capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout[:8] == b"\x89PNG\r\n\x1a\n"


def test_png_is_not_written_to_a_terminal(environment, seed):
    """It says how to write it to a file."""
    screen, terminal = pty.openpty()
    done = subprocess.run([*COMMAND, "--no-llm", "--format", "png", seed], stdout=terminal, stderr=subprocess.PIPE, env=environment)
    os.close(terminal)
    os.close(screen)
    assert done.returncode == 2
    assert b"> picture.png" in done.stderr
