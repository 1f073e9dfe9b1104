"""What copying changes is changed back; nothing else is touched."""

import pytest

from explain_log.lines import lines_of_text
from explain_log.lines.pasting import looks_pasted, plain


@pytest.mark.parametrize(
    ("pasted", "printed"),
    [
        ("llama_context:\xa0n_ctx\xa0=\xa01", "llama_context: n_ctx = 1"),
        ("\u200bllama_context: n_ctx = 1\u200b", "llama_context: n_ctx = 1"),
        ("level=INFO msg=“a b” c=“d”", 'level=INFO msg="a b" c="d"'),
        ("[GIN] 2025/01/31 - 12:34:56 | 200 | 1s | ::1 | POST “/api/chat”", '[GIN] 2025/01/31 - 12:34:56 | 200 | 1s | ::1 | POST "/api/chat"'),
        ("msg=&quot;a &lt; b &amp;&amp; c&#34;", 'msg="a < b && c"'),
        ("[0;32mggml_cuda_init: x[0m", "ggml_cuda_init: x"),
        ("^[[1mggml_cuda_init: x^[[0m^M$", "ggml_cuda_init: x"),
        ("ggml_cuda_init: x^M", "ggml_cuda_init: x"),
        ("ggml_cuda_init: x<br>", "ggml_cuda_init: x"),
        ("ggml_cuda_init: x</code></pre></details>", "ggml_cuda_init: x"),
        ("ggml_cuda_init: x[/code]", "ggml_cuda_init: x"),
    ],
)
def test_changes_are_undone(pasted, printed):
    """Blanks, quotes, entities, colours that lost their escapes, marks and tags at the end."""
    assert looks_pasted(pasted)
    assert plain(pasted) == printed
    assert [line.raw for line in lines_of_text(pasted)] == [printed]


@pytest.mark.parametrize(
    "text",
    [
        "", "a & b", "AT&T;", '{"msg":"&quot;"}', "“quoted” words", 'level=INFO msg="a “b”"', "cost: 5$", "RAM", "a -> b>", "slot [0]", "#033[32mc#033[0m",
        '{"log":"\\u001b[32mx\\u001b[0m"}', "加载模型", "<|im_end|>", "x = {a}",
    ],
)  # fmt: skip
def test_what_programs_print_stays(text):
    """Ampersands, quotes in a text, escapes that others read, and ends that mean something."""
    assert plain(text) == text


@pytest.mark.parametrize("mark", ["[code]", "[/code]", "{code:java}", "{code}", "{noformat}", "<details><summary>Log</summary>", "<pre><code>"])
def test_marks_have_no_text(mark):
    """What trackers and forums put before and behind a log."""
    assert [line.text for line in lines_of_text(f"{mark}\nx = 1")] == ["", "x = 1"]
