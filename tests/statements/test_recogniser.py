"""Recognising lines with a small catalogue of its own."""

import pytest

from explain_log.knowledge import Knowledge
from explain_log.knowledge.compile import compile_bundle
from explain_log.lines import lines_of_text
from explain_log.statements import Recogniser

CATALOGUE = """
[[statement]]
id = "t.n_ctx"
family = "llama.cpp"
topic = "context"
forms = ["llama_context: n_ctx = {n_ctx:int tokens}"]
samples = ["llama_context: n_ctx = 1"]
fact = "load.context.n_ctx"
meaning = { zh = "甲", en = "a" }
source = "a.cpp, f"

[[statement]]
id = "t.buffer"
family = "llama.cpp"
topic = "memory"
forms = ["{device:word} buffer size = {size:float KiB}"]
samples = ["CUDA0 buffer size = 1"]
facts = { size = "load.devices[device].model_mib" }
severity = "notice"
meaning = { zh = "甲", en = "a" }
source = "a.cpp, f"

[[statement]]
id = "t.any_context"
family = "llama.cpp"
topic = "context"
forms = ["llama_context: {name:word} = {value:text}"]
samples = ["llama_context: x = 1"]
detail = false
fallback = true
source = "a.cpp"

[[statement]]
id = "t.recovered"
family = "ollama"
topic = "scheduler"
msg = ["gpu did not recover", "runner started in {seconds:float seconds} seconds"]
fields = { seconds = "float seconds", model = "str", "layers.model" = "int layers" }
samples = ["level=WARN msg=x", "level=WARN msg=y"]
facts = { seconds = "load.load_seconds" }
meaning = { zh = "甲", en = "a" }
source = "a.go, f"
"""


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory):
    """A recogniser of four statements."""
    folder = tmp_path_factory.mktemp("knowledge")
    (folder / "statements").mkdir()
    (folder / "statements" / "t.toml").write_text(CATALOGUE, encoding="utf-8")
    return Recogniser(Knowledge(compile_bundle(folder)))


def recognise(recogniser, text):
    """The statement of one line."""
    (line,) = lines_of_text(text)
    return recogniser.recognise(line)


@pytest.mark.parametrize(
    ("text", "expected", "fields"),
    [
        ("llama_context: n_ctx = 8192", "t.n_ctx", {"n_ctx": 8192}),
        ("llama_context:   n_ctx      =\t8192", "t.n_ctx", {"n_ctx": 8192}),
        ("llama_context:\u00a0n_ctx\u3000= 8192", "t.n_ctx", {"n_ctx": 8192}),
        ("0.00.123.456 I llama_context: n_ctx = 8192", "t.n_ctx", {"n_ctx": 8192}),
        ("llama_context: n_ctx = many", "t.any_context", {"name": "n_ctx", "value": "many"}),
        ("llama_context: other =", "t.any_context", {"name": "other", "value": ""}),
        ("CUDA0 buffer size = 5.5", "t.buffer", {"device": "CUDA0", "size": 5.5}),
        ('level=WARN msg="gpu did not recover" seconds=5.1 model=/x', "t.recovered", {"seconds": 5.1, "model": "/x"}),
        ('level=WARN msg="gpu did not recover" layers.model=33 seconds=soon', "t.recovered", {"layers.model": 33}),
        ('level=WARN msg="gpu did not recover"', "t.recovered", {}),
        ("2024/01/31 10:00:00 a.go:1: runner started in 2.5 seconds", "t.recovered", {"seconds": 2.5}),
        ('level=INFO msg="llama_context: n_ctx = 5"', "t.n_ctx", {"n_ctx": 5}),
    ],
)
def test_known_lines(recogniser, text, expected, fields):
    """By form or by message, whatever the blanks; attributes of another type are left out."""
    found = recognise(recogniser, text)
    assert (found.id, found.fields) == (expected, fields)


@pytest.mark.parametrize(
    "text", ["", "   ", "gpu did not recover", "unknown words here and more", "llama_context", "buffer size = 5", "x" * 70_000]
)
def test_unknown_lines(recogniser, text):
    """A message without slog around it is no message."""
    assert recognise(recogniser, text or "\n") is None


def test_unknown_words_are_not_kept(recogniser):
    """A log of millions of different lines must not fill the memory."""
    before = len(recogniser._knowledge._records)
    for number in range(1_000):
        recognise(recogniser, f"w{number} x{number} y{number} z")
    assert len(recogniser._knowledge._records) <= before + 3


class TestStatement:
    """What a recognised line tells."""

    def test_facts_are_in_the_unit_of_the_report(self, recogniser):
        """KiB become MiB; the device is the one that the line names."""
        found = recognise(recogniser, "CUDA0 buffer size = 512")
        assert list(found.facts()) == [("load.devices[CUDA0].model_mib", 0.5)]
        assert found.severity == "notice"

    def test_a_field_that_is_not_there_is_no_fact(self, recogniser):
        """Absent is not zero."""
        assert list(recognise(recogniser, 'level=WARN msg="gpu did not recover"').facts()) == []
        assert list(recognise(recogniser, "llama_context: n_ctx = 7").facts()) == [("load.context.n_ctx", 7)]

    @pytest.mark.parametrize("printed", ["nan", "inf", "-inf", "1e999"])
    def test_what_is_no_number_is_no_fact(self, recogniser, printed):
        """JSON has no word for it; the line is known all the same."""
        found = recognise(recogniser, f"CUDA0 buffer size = {printed}")
        assert (found.id, found.fields, list(found.facts())) == ("t.buffer", {"device": "CUDA0"}, [])
        assert recognise(recogniser, f'level=WARN msg="gpu did not recover" seconds={printed}').fields == {}

    def test_fields_by_type(self, recogniser):
        """A number is asked for as a number, a text as a text."""
        found = recognise(recogniser, "CUDA0 buffer size = 5.5")
        assert (found.number("size"), found.integer("size"), found.text("size")) == (5.5, None, "5.5")
        assert (found.number("device"), found.text("absent"), found.integer("absent")) == (None, None, None)
        assert "t.buffer" in repr(found)
        found.fields["flag"] = True
        assert (found.number("flag"), found.integer("flag")) == (None, None)
