"""2,000 damaged logs, all the way through: no exception, no hang, no number from nowhere (benchmarks/fuzz.py: more)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from checking import check, problems_of
from mutations import MUTATORS, mutated, originals

BATCHES, EACH = 40, 50


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_logs_are_answered(batch, tmp_path):
    """A report or a refusal for each."""
    for seed in range(batch * EACH, (batch + 1) * EACH):
        data, done = mutated(seed)
        found = check(tmp_path / "fuzz.log", data, ("zh", "en")[seed % 2])
        assert not found, (seed, done)


def test_logs_as_they_are_pass(tmp_path):
    """What is asked of damaged logs holds for whole ones."""
    for data in originals():
        assert not check(tmp_path / "whole.log", data, "en")


def test_every_mutator_is_used():
    """The seeds of the tests meet every way to damage a log, and a seed gives the same log again."""
    assert {name for seed in range(200) for name in mutated(seed)[1]} == {mutator.__name__ for mutator in MUTATORS}
    assert mutated(7) == mutated(7)


def test_a_number_from_nowhere_is_seen():
    """The check itself works."""
    load = {"index": 1, "first_line": 1, "last_line": 1, "lines": {}, "derived": {}, "error": None, "graph": {"nodes": 5}}
    report = {"source": {"lines": 1, "recognised_lines": 1}, "loads": [load], "server_runs": [], "findings": []}
    assert len(list(problems_of(report))) == 1
    assert not list(problems_of(report | {"loads": [load | {"lines": {"graph.nodes": [1]}}]}))


@pytest.mark.parametrize("line", [
    'time=2025-02-11T11:02:03Z level=INFO source=routes.go:1 msg="Listening on 127.0.0.1:11434 (version 0.³.7)"',
    f'time=2025-02-11T11:02:03Z level=INFO source=routes.go:1 msg="Listening on 127.0.0.1:11434 (version 0.{"9" * 5000}.7)"',
    'time=2025-02-11T11:02:03Z level=INFO source=runner.go:1 msg=load request="{Operation:fit KvSize:³ Parallel:² BatchSize:¹ GPULayers:³[ID:0]}"',
    "build_info: b²²²²-abc1234",
])
def test_digits_that_are_no_numbers(line, tmp_path):
    """Superscripts are digits to `isdigit` and nothing to `int`, and 5,000 digits are too many for it."""
    assert not check(tmp_path / "digits.log", line.encode(), "en")


@pytest.mark.parametrize("line", ["load_tensors: CUDA[[[[0 model buffer size = 100.00 MiB", "llama_context: CUDA[U] compute buffer size = 100.00 MiB"])
def test_a_device_whose_name_has_brackets(line, tmp_path):
    """Its values are found under the name that it has."""
    assert not check(tmp_path / "brackets.log", line.encode(), "en")
