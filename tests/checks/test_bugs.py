"""What is wrong today: each test fails until the code is mended, and then says so."""

import math
import runpy
from pathlib import Path

import pytest

from explain_log.checks import Wording, run_checks
from explain_log.facts.completion import complete
from explain_log.facts.models import DeviceMemory, Facts, KvCache, ModelLoad
from explain_log.knowledge import load as load_knowledge

READER = runpy.run_path(str(Path(__file__).parent / "cases.py"))


def explain(case):
    """Facts completed, checks run and put into words."""
    facts = READER["facts_of"](case)
    observations, _ = run_checks(facts)
    return Wording(load_knowledge(), "en").findings(observations, facts)


@pytest.mark.xfail(strict=True, raises=ZeroDivisionError, reason="kv_adds_up divides by the cells (kv_per_token_mib); only None is ruled out, not 0")
def test_a_context_of_0_tokens_does_not_raise():
    """A damaged log may say n_ctx = 0."""
    explain({"base": "one_gpu", "load": {"context": {"n_ctx": 0}, "kv_cache": {"n_cells": 0}}})


@pytest.mark.xfail(strict=True, raises=(OverflowError, ValueError), reason="load.slow: int(seconds * 2 // 60) of infinity")
def test_an_infinite_load_time_does_not_raise():
    """`started in inf seconds` matches the form: a float field accepts inf."""
    explain({"base": "bare", "load": {"load_seconds": math.inf}})


@pytest.mark.parametrize("value", [
    pytest.param(math.nan, marks=pytest.mark.xfail(strict=True, raises=ValueError, reason="placement rounds kv_mib / per_layer, which is no number")),
    pytest.param(math.inf, marks=pytest.mark.xfail(strict=True, raises=OverflowError, reason="placement rounds kv_mib / per_layer, which is infinite")),
])
def test_a_kv_buffer_that_is_no_number_does_not_raise(value):
    """`CUDA0 KV buffer size = nan MiB` matches the form."""
    explain({"base": "bare", "load": {
        "kv_cache": {"size_mib": 1024.0, "n_layer": 32}, "devices": [{"device": "CUDA0", "kv_mib": value}]}})


@pytest.mark.xfail(strict=True, raises=(ValueError, OverflowError), reason="placement: kv_mib / (nan / n_layer) is rounded")
def test_a_kv_cache_that_is_no_number_does_not_raise():
    """Nor does the total."""
    explain({"base": "one_gpu", "load": {"kv_cache": {"size_mib": math.nan}}})


@pytest.mark.xfail(strict=True, raises=(OverflowError, MemoryError), reason="memory_model.per_layer makes a list of n_layer numbers; int fields have up to 40 digits. Bound n_layer (512 is LLAMA_MAX_LAYERS) or multiply")
def test_a_huge_number_of_layers_does_not_raise():
    """`n_layer = 99999999999999999999` matches the form; a smaller one takes gigabytes instead of raising."""
    explain({"base": "one_gpu", "load": {"kv_cache": {"n_layer": 10**20}}})


@pytest.mark.xfail(strict=True, raises=RuntimeError, reason="placement._equal_split loops over layers_total, which a log line sets: 10**12 items take days")
def test_a_huge_number_of_items_does_not_take_for_ever(monkeypatch):
    """`offloaded 1000000000000/1000000000000` beside a KV cache of 32 layers is not counted item by item."""
    from explain_log.facts import placement

    def counted(items, devices):
        if items > 10_000:
            raise RuntimeError("would loop over a trillion items")
        return []

    monkeypatch.setattr(placement, "_equal_split", counted)
    load = ModelLoad(index=1, layers_offloaded=10**12, layers_total=10**12,
                     kv_cache=KvCache(size_mib=1024.0, n_layer=32), devices=[DeviceMemory("CUDA0", model_mib=1.0, kv_mib=1024.0)])
    complete([load], load_knowledge())


@pytest.mark.xfail(strict=True, reason="memory.total without a GPU: largest_device is the first device printed, largest_mib is the sum of all")
def test_the_largest_device_is_the_largest():
    """Also where there is no GPU: the device and the number belong together."""
    load = ModelLoad(index=1, outcome="ready", devices=[DeviceMemory("CPU", kv_mib=100.0), DeviceMemory("CPU_Mapped", model_mib=4000.0)])
    complete([load], load_knowledge())
    (total,) = [o for o in run_checks(Facts(loads=[load]))[0] if o.id == "memory.total"]
    assert (total.values["largest_device"], total.values["largest_mib"]) == ("CPU_Mapped", 4000.0)


@pytest.mark.xfail(strict=True, reason="kv_adds_up computes with kv_cache.n_cells where it is known and always cites context.n_ctx as the operand n_ctx")
def test_operands_are_the_facts_that_were_used():
    """A cache of 4096 cells in a context of 8192 is computed from 4096, so that fact is to be cited."""
    facts = READER["facts_of"]({"base": "one_gpu", "load": {"kv_cache": {"n_cells": 4096, "size_mib": 512.0}}})
    (found,) = [o for o in run_checks(facts)[0] if o.id == "memory.kv_adds_up"]
    assert found.values["n_ctx"] == 4096
    assert found.operands["n_ctx"] == "fact:loads.1.kv_cache.n_cells"
