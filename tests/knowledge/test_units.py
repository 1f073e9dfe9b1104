"""A printed number becomes the fact's unit: MiB, seconds, a count of parameters."""

import pytest

from explain_log.knowledge import Knowledge
from explain_log.knowledge.compile import compile_bundle
from explain_log.lines import lines_of_text
from explain_log.statements import Recogniser

ENTRY = """
[[statement]]
id = "t.one"
family = "{family}"
topic = "memory"
{wording}
fact = "{fact}"
meaning = {{ zh = "甲", en = "a" }}
source = "a.cpp, f"
"""
# (type and unit, what is printed, the fact, its value)
UNITS = [
    ("float GiB", "1.5", "load.model.size_mib", 1536.0),
    ("int GiB", "2", "load.model.size_mib", 2048.0),
    ("float MiB", "1.5", "load.model.size_mib", 1.5),
    ("float KiB", "512", "load.model.size_mib", 0.5),
    ("int B", "1572864", "load.model.size_mib", 1.5),
    ("int bytes", "1572864", "load.model.size_mib", 1.5),
    ("float MB", "1048.576", "load.model.size_mib", 1000.0),
    ("float GB", "1.048576", "load.model.size_mib", 1000.0),
    ("float ms", "1500", "load.load_seconds", 1.5),
    ("int us", "1500000", "load.load_seconds", 1.5),
    ("float s", "1.5", "load.load_seconds", 1.5),
    ("float seconds", "1.5", "load.load_seconds", 1.5),
    ("float minutes", "1.5", "load.load_seconds", 90.0),
    ("float params_T", "1.5", "load.model.params", 1.5e12),
    ("float params_B", "70.55", "load.model.params", 70.55e9),
    ("float params_M", "137.5", "load.model.params", 137.5e6),
    ("float params_K", "1.5", "load.model.params", 1500.0),
    ("int tokens", "4096", "load.context.n_ctx", 4096),
]


def fact_of(folder, entry, line):
    """The one fact of a line, by a knowledge of this one statement."""
    (folder / "statements").mkdir()
    (folder / "statements" / "a.toml").write_text(entry, encoding="utf-8")
    (read,) = lines_of_text(line)
    ((path, value),) = Recogniser(Knowledge(compile_bundle(folder))).recognise(read).facts()
    return path, value


@pytest.mark.parametrize(("unit", "printed", "fact", "value"), UNITS, ids=[unit for unit, *_ in UNITS])
def test_of_a_form(tmp_path, unit, printed, fact, value):
    """In a line of llama.cpp."""
    wording = f'forms = ["load: value = {{value:{unit}}}"]\nsamples = ["load: value = 1"]'
    entry = ENTRY.format(family="llama.cpp", wording=wording, fact=fact)
    assert fact_of(tmp_path, entry, f"load: value = {printed}") == (fact, pytest.approx(value, rel=1e-9))


@pytest.mark.parametrize(("unit", "printed", "fact", "value"), UNITS, ids=[unit for unit, *_ in UNITS])
def test_of_an_attribute(tmp_path, unit, printed, fact, value):
    """In a line of Ollama's."""
    shown = "time=2025-01-01T00:00:00.000Z level=INFO source=a.go:1 msg=loaded value="
    wording = f'msg = ["loaded"]\nfields = {{ value = "{unit}" }}\nsamples = ["{shown}1"]'
    entry = ENTRY.format(family="ollama", wording=wording, fact=fact)
    assert fact_of(tmp_path, entry, shown + printed) == (fact, pytest.approx(value, rel=1e-9))
