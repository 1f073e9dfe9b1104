"""Numbers that a damaged or hostile log may have, and operands that are the facts used."""

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


def test_a_context_of_0_tokens_does_not_raise():
    """A damaged log may say n_ctx = 0."""
    explain({"base": "one_gpu", "load": {"context": {"n_ctx": 0}, "kv_cache": {"n_cells": 0}}})


def test_an_infinite_load_time_does_not_raise():
    """`started in inf seconds` matches the form: a float field accepts inf."""
    explain({"base": "bare", "load": {"load_seconds": math.inf}})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_kv_buffer_that_is_no_number_does_not_raise(value):
    """`CUDA0 KV buffer size = nan MiB` matches the form."""
    explain({"base": "bare", "load": {
        "kv_cache": {"size_mib": 1024.0, "n_layer": 32}, "devices": [{"device": "CUDA0", "kv_mib": value}]}})


def test_a_kv_cache_that_is_no_number_does_not_raise():
    """Nor does the total."""
    explain({"base": "one_gpu", "load": {"kv_cache": {"size_mib": math.nan}}})


def test_a_huge_number_of_layers_does_not_raise():
    """`n_layer = 99999999999999999999` matches the form; a smaller one takes gigabytes instead of raising."""
    explain({"base": "one_gpu", "load": {"kv_cache": {"n_layer": 10**20}}})


def test_a_huge_number_of_items_does_not_take_for_ever(monkeypatch):
    """`offloaded 1000000000000/1000000000000` beside a KV cache of 32 layers is not counted item by item."""
    from explain_log.facts import placement

    def counted(items, devices):
        assert items < 10_000, "would loop over a trillion items"
        return []

    monkeypatch.setattr(placement, "_equal_split", counted)
    load = ModelLoad(index=1, layers_offloaded=10**12, layers_total=10**12,
                     kv_cache=KvCache(size_mib=1024.0, n_layer=32), devices=[DeviceMemory("CUDA0", model_mib=1.0, kv_mib=1024.0)])
    complete([load], load_knowledge())


def test_the_largest_device_is_the_largest():
    """Also where there is no GPU: the device and the number belong together."""
    load = ModelLoad(index=1, outcome="ready", devices=[DeviceMemory("CPU", kv_mib=100.0), DeviceMemory("CPU_Mapped", model_mib=4000.0)])
    complete([load], load_knowledge())
    (total,) = [o for o in run_checks(Facts(loads=[load]))[0] if o.id == "memory.total"]
    assert (total.values["largest_device"], total.values["largest_mib"]) == ("CPU_Mapped", 4000.0)


def test_operands_are_the_facts_that_were_used():
    """A cache of 4096 cells in a context of 8192 is computed from 4096, so that fact is to be cited."""
    facts = READER["facts_of"]({"base": "one_gpu", "load": {"kv_cache": {"n_cells": 4096, "size_mib": 512.0}}})
    (found,) = [o for o in run_checks(facts)[0] if o.id == "memory.kv_adds_up"]
    assert found.values["n_ctx"] == 4096
    assert found.operands["n_ctx"] == "fact:loads.1.kv_cache.n_cells"
