"""What an unknown program puts around lines is learned where it makes known lines of them, and only there."""

import json
from types import SimpleNamespace

import pytest

from explain_log.lines import lines_of_text, mended

LINES = ["llama_context: n_ctx = 1", "ggml_cuda_init: found 2 devices", "load_tensors: offloaded 3/3 layers", "print_info: file type = Q4_0"]


def recognise(line):
    """Four functions' lines are known that end like theirs, and slog's."""
    name = line.text.partition(": ")[0] if ": " in line.text and line.text[-1].isalnum() else None
    name = "slog" if line.source else name
    return SimpleNamespace(id=name) if name in ("slog", "llama_context", "ggml_cuda_init", "load_tensors", "print_info") else None


def seen(text):
    """(text, known) of every line that is not blank."""
    return [(line.text, found is not None) for line, found in mended(lines_of_text(text), recognise) if line.text]


@pytest.mark.parametrize(
    "form",
    [
        "[INFO] {}", "[main] server: {}", "{n}. {}", "{n}、{}", "{n}) {}", "+{}", "- {}", "* {}", "**{}**", "| {} |", '"{}",', "'{}',",
        "8/1/2026, 10:00:{n} AM {}", "【10:00:{n}】{}", "app[148e21f{n}] fra [info]{}", "2026-08-01 10:00:00,{n} - worker - INFO - {}", "{n} {}",
        "build\tRun server\t{}", "{}$", "{}\\", "INFO:worker:{}", "./logs/out.txt:{n}:{}",
    ],
)  # fmt: skip
def test_margins_come_off(form):
    """Prefixes and ends, with numbers that go up, and what they open and close."""
    text = "\n".join(form.format(line, n=number) for number, line in enumerate(LINES, 10))
    assert seen(text) == [(line, True) for line in LINES]


def test_levels_of_a_wrapper_are_one_prefix():
    """INFO at the beginning, ERROR later; lines that stay unknown lose it too."""
    later = ["[Error] print_info: x", "[warn] who knows"]
    assert seen("\n".join([*(f"[INFO] {line}" for line in LINES), *later]))[-2:] == [("print_info: x", True), ("who knows", False)]


def test_strings_of_another_language_are_read():
    """Their escapes too; a line stays one line."""
    text = "\n".join("out(" + json.dumps(f'{line} µ "x"\nx\n') for line in LINES)
    assert seen(text) == [(f'{line} µ "x" x', True) for line in LINES]


def test_slog_within_a_margin():
    """Its attributes, source and time are read."""
    text = "\n".join(f'[worker 1] time=2026-08-01T10:00:0{n}Z level=INFO source=a.go:{n} msg="x y" a=1' for n in range(3))
    text += "\n[worker 1] " + LINES[0]
    lines = [line for line, _ in mended(lines_of_text(text), recognise)]
    assert [line.source for line in lines] == ["a.go:0", "a.go:1", "a.go:2", None]
    assert lines[1].time == "2026-08-01T10:00:01Z"
    assert lines[1].attrs.strip() == "a=1"


@pytest.mark.parametrize(
    "lines",
    [
        [f"note: {LINES[0]}"],  # one line tells nothing
        [f"[x] {LINES[0]}"] * 9,  # nor does one that comes again
        [f"clip_init: {line}" for line in LINES],  # a function's name is no margin
        [f"[{'x' * 200}] {line}" for line in LINES],
    ],
)
def test_what_is_no_margin(lines):
    """Unknown lines stay as they are."""
    assert seen("\n".join(lines)) == [(line, False) for line in lines]


def test_known_lines_keep_their_beginnings():
    """Two unknown lines with a known tail do not change what is known."""
    text = "\n".join([*LINES, "one: [a] b", "two: [a] b", *LINES])
    assert [known for _, known in seen(text)] == [True] * 4 + [False] * 2 + [True] * 4
