"""Whole logs, written after the real ones: the facts they hold, and where each of them stands."""

import itertools
import math
import re
import tomllib
from pathlib import Path

import pytest
from reading import facts_of, values_of

FOLDER = Path(__file__).parent / "logs"
EXAMPLE = Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))
PATHS = {path.stem: path for path in [*sorted(FOLDER.glob("*.log")), EXAMPLE]}


def said(load):
    """The values of a load that a line or a computation has to stand for."""
    return {
        path: value for path, value in values_of(load)
        if (path, value) not in (("purpose", "serve"), ("outcome", "unknown")) and not path.startswith("error")
    }


@pytest.fixture(scope="module")
def known():
    """The facts of every log."""
    return {name: facts_of(path.read_text(encoding="utf-8")) for name, path in PATHS.items()}


def test_every_log_is_described():
    """No log without its expectation, and no expectation without its log."""
    assert set(EXPECTED) == set(PATHS) - {EXAMPLE.stem}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_facts(name, known):
    """Runs, loads and values are those that the log shows; what it does not show is null."""
    facts, wanted = known[name], EXPECTED[name]
    assert (len(facts.server_runs), len(facts.loads)) == (wanted["runs"], wanted["loads"])
    assert facts.starts_inside == wanted.get("starts_inside")
    assert facts.ends_inside == wanted.get("ends_inside")
    for index, values in wanted.get("load", {}).items():
        found = dict(values_of(facts.loads[int(index) - 1]))
        found["first_line"] = facts.loads[int(index) - 1].first_line
        for path in values.pop("none", []):
            assert path not in found, path
        assert {path: found.get(path) for path in values} == pytest.approx(values, abs=1e-6)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_every_value_is_either_read_or_derived(name, known):
    """Each value that is not null stands in exactly one of `lines` and `derived`."""
    for load in known[name].loads:
        for path in said(load):
            whole = "model.tensor_types" if path.startswith("model.tensor_types.") else path
            places = [where for where in (load.lines, load.derived) if path in where or whole in where]
            assert len(places) == 1, (load.index, path)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_nothing_is_said_to_be_derived_that_is_not_there(name, known):
    """`derived` is about values."""
    for load in known[name].loads:
        paths = {re.sub(r"^(model\.tensor_types)\..*", r"\1", path) for path in said(load)}
        assert set(load.derived) <= paths


@pytest.mark.parametrize("name", sorted(PATHS))
def test_nothing_is_said_to_stand_on_a_line_that_is_not_there(name, known):
    """`lines` is about values, and within the log."""
    for load in known[name].loads:
        assert set(load.lines) <= set(said(load)) | {"purpose", "outcome"}
        assert all(1 <= number <= known[name].line_count for numbers in load.lines.values() for number in numbers)


SPOKEN = {
    "disabled": ("0", "false", "disabled"), "enabled": ("1", "true", "enabled"), "ready": ("started", "vocab only", "model loaded"),
    "vocab_only": ("vocab only", "vocab_only"), "fit_probe": ("no_alloc",), "attention": ("KV", "kv"), "swa": ("SWA", "size"), True: ("1", "true"), False: ("0", "false"),
}
UNITS = {"GiB": 1024.0, "MiB": 1.0, "KiB": 1 / 1024, "B": 1 / 1024**2, "MB": 1.0}


def numbers_in(text):
    """Every number of a line, as it stands and with its unit taken into account."""
    for number, unit in re.findall(r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*([GMK]iB|MB|B|T|M|K)?", text):
        yield float(number)
        yield float(number) * UNITS.get(unit, 1.0)
        yield float(number) * {"T": 1e12, "B": 1e9, "M": 1e6, "K": 1e3}.get(unit, 1.0)


def holds(texts, value):
    """Whether lines say a value: it stands in one of them, or numbers of all of them make it as their sum."""
    if isinstance(value, list):
        return all(holds(texts, item) for item in value)
    if isinstance(value, bool) or value in SPOKEN:
        return any(word in text for text in texts for word in SPOKEN[value])
    if isinstance(value, str):
        return any(value in text for text in texts)
    if any(math.isclose(number, value, rel_tol=1e-9) for text in texts for number in numbers_in(text)):
        return True
    sums = {0.0}
    for text in texts:
        sums = {round(total + number, 4) for total in sums for number in numbers_in(text)}
    return any(math.isclose(total, value, abs_tol=1e-3) for total in sums)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_lines_really_hold_their_values(name, known):
    """A reader who follows a line number finds the value there."""
    facts = known[name]
    log = dict(enumerate(PATHS[name].read_text(encoding="utf-8").splitlines(), 1))
    for load in facts.loads:
        for path, value in said(load).items():
            if path in load.lines:
                assert holds([log[number] for number in load.lines[path]], value), (load.index, path, value)
    for run in facts.server_runs:
        for path, numbers in run.lines.items():
            if path in ("version", "listen"):
                assert holds([log[number] for number in numbers], getattr(run, path)), path


@pytest.mark.parametrize("name", sorted(PATHS))
def test_lines_of_a_load_lie_within_it(name, known):
    """Loads follow each other, and what is read stands between their first and last line (the estimate before)."""
    loads = known[name].loads
    assert [load.index for load in loads] == list(range(1, len(loads) + 1))
    assert all(a.last_line < b.first_line for a, b in itertools.pairwise(loads))
    for load in loads:
        for path, numbers in load.lines.items():
            assert path.startswith("estimate.") or all(load.first_line <= n <= load.last_line for n in numbers), path


@pytest.mark.parametrize("name", sorted(PATHS))
def test_facts_are_the_same_with_other_line_ends_and_blanks(name, known):
    """CRLF and runs of blanks change nothing that is said of a load."""
    text = PATHS[name].read_text(encoding="utf-8")
    spaced = "\r\n".join(re.sub(r"(?<=[a-z0-9]) +(=|:)", r"   \1", line) if line.startswith("ll") else line for line in text.splitlines())
    other = facts_of(spaced)
    assert [said(load) for load in other.loads] == [said(load) for load in known[name].loads]
    assert [load.lines for load in other.loads] == [load.lines for load in known[name].loads]


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_log_that_is_cut_off_anywhere_is_read(name):
    """However little is left, the facts are put together, and what is there is there in the whole as well."""
    lines = PATHS[name].read_text(encoding="utf-8").splitlines()
    for end in range(0, len(lines), 7):
        facts_of("\n".join(lines[:end]))
        facts_of("\n".join(lines[end:]))


class TestHardCases:
    def test_params_are_what_is_printed(self, known):
        """8.03 B are 8.03e9 parameters."""
        assert known["server_one_gpu"].loads[0].model.params == 8.03e9

    def test_layers_of_a_cpu_that_only_holds_the_cache(self, known):
        """33/33 layers are on the GPU and the KV cache is on the CPU: the CPU has no layer, or none that is known."""
        (cpu,) = [d for d in known["no_kv_offload"].loads[0].devices if d.device == "CPU"]
        assert not cpu.layers

    def test_layers_of_a_hybrid_model(self, known):
        """24 and 24 of 48 layers, or nothing: not 6 and 6."""
        assert [d.layers for d in known["hybrid"].loads[0].devices if d.device.startswith("CUDA") and d.kv_mib] in ([None, None], [24, 24])

    def test_ready_printed_again_after_a_vocab_only_pass(self):
        """A start line printed twice is one load."""
        text = PATHS["vocab_agrees"].read_text(encoding="utf-8")
        (ready,) = [line for line in text.splitlines() if "runner started" in line]
        assert len(facts_of(text + "\n" + ready).loads) == 2

    def test_going_back_to_the_tensors_is_another_load(self):
        """Two loads whose headers are not in the log: the second begins with its tensors."""
        text = PATHS["flash_attention_auto"].read_text(encoding="utf-8")
        assert len(facts_of(text + "\n" + text).loads) == 2
