"""What holds for all loads: scaling, permuting, sums, and that no number makes a check raise."""

import copy
import math
import runpy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain_log.checks import Wording, run_checks
from explain_log.checks.kv_cache import predicted_kv_mib
from explain_log.checks.memory_model import kv_mib, over_layers, row_bytes
from explain_log.checks.quant import block_of
from explain_log.checks.wording import fill, number, show
from explain_log.facts.completion import complete
from explain_log.facts.models import DeviceMemory, Facts, ModelLoad
from explain_log.knowledge import load as load_knowledge

READER = runpy.run_path(str(Path(__file__).parent / "cases.py"))
cells = st.integers(1, 1 << 20)
heads = st.lists(st.integers(1, 128), min_size=1, max_size=100)
dims = st.sampled_from([32, 64, 96, 128, 256, 576])
cache_types = st.sampled_from(["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"])


@given(cells, heads, dims, cache_types, st.integers(2, 16))
def test_kv_cache_scales_with_its_cells(n_cells, n_head_kv, head_dim, name, times):
    """So many times the cells take so many times the memory."""
    one = kv_mib(n_cells, sum(n_head_kv), head_dim, block_of(name))
    assert math.isclose(kv_mib(n_cells * times, sum(n_head_kv), head_dim, block_of(name)), one * times)


@given(cells, heads, dims)
def test_q8_0_is_34_of_64_of_f16(n_cells, n_head_kv, head_dim):
    """34 bytes for 32 elements against 64."""
    q8_0, f16 = (kv_mib(n_cells, sum(n_head_kv), head_dim, block_of(name)) for name in ("q8_0", "f16"))
    assert math.isclose(q8_0 / f16, 34 / 64)


@given(cells, heads, dims, cache_types)
def test_kv_cache_is_the_sum_of_its_layers(n_cells, n_head_kv, head_dim, name):
    """Layers may differ; the whole is the sum."""
    block = block_of(name)
    parts = [kv_mib(n_cells, one, head_dim, block) for one in n_head_kv]
    assert math.isclose(kv_mib(n_cells, over_layers(n_head_kv, len(n_head_kv)), head_dim, block), sum(parts))


@given(st.integers(1, 64), st.integers(1, 200))
def test_one_number_for_all_layers_is_a_list_of_it(value, n_layer):
    """Summed up it is the same; a list of another length tells nothing."""
    assert over_layers(value, n_layer) == value * n_layer == over_layers([value] * n_layer, n_layer)
    assert over_layers([value] * (n_layer + 1), n_layer) is None


@given(st.integers(0, 1 << 16).map(lambda n: n * 256), st.sampled_from(["f16", "q8_0", "q4_K", "q6_K"]))
def test_rows_are_whole_blocks(elements, name):
    """A row of whole blocks has whole bytes."""
    assert row_bytes(elements, block_of(name)) == elements // block_of(name)[0] * block_of(name)[1]


@given(cells, cache_types, cache_types)
def test_k_and_v_are_predicted_apart(n_cells, k_type, v_type):
    """Each side follows its own type."""
    facts = READER["facts_of"]({"base": "one_gpu", "load": {"kv_cache": {"k_type": k_type, "v_type": v_type}}})
    k, v = predicted_kv_mib(facts.loads[0], n_cells)
    assert math.isclose(k, n_cells * 32 * 1024 * block_of(k_type)[1] / block_of(k_type)[0] / 1024**2)
    assert math.isclose(v, n_cells * 32 * 1024 * block_of(v_type)[1] / block_of(v_type)[0] / 1024**2)


def told(load):
    """What is found in a load, without the order of evidence."""
    observations, unknowns = run_checks(Facts(loads=[load], line_count=200))
    return (
        sorted(((o.id, o.variant, sorted(o.values.items(), key=str)) for o in observations), key=str),
        sorted((u.id, u.missing) for u in unknowns),
    )


@pytest.mark.parametrize("base", ["eight_gpus", "one_gpu", "cpu_only"])
@given(data=st.data())
@settings(max_examples=30)
def test_the_order_of_devices_changes_nothing(base, data):
    """Lines of devices may come in any order; findings and derived facts are the same."""
    first = ModelLoad(index=1, first_line=1, last_line=200)
    READER["fill"](first, copy.deepcopy(READER["BASES"][base]))
    other = copy.deepcopy(first)
    other.devices = data.draw(st.permutations(other.devices))
    for load in (first, other):
        complete([load], load_knowledge())
    assert told(first) == told(other)
    assert sorted(first.derived.items()) == sorted(other.derived.items())


sizes = st.integers(0, 10_000_000).map(lambda n: n / 100)
device_lists = st.lists(
    st.builds(
        DeviceMemory,
        device=st.sampled_from(["CUDA0", "CUDA1", "CUDA2", "CUDA10", "CPU", "CPU_Mapped", "CUDA_Host", "Metal", "ROCm0"]),
        model_mib=st.none() | sizes, kv_mib=st.none() | sizes, compute_mib=st.none() | sizes, output_mib=st.none() | sizes,
    ),
    unique_by=lambda d: d.device, max_size=9,
)


def values_of(devices, finding_id):
    """The values of a finding in a load with these buffers, or None."""
    load = ModelLoad(index=1, outcome="ready", devices=devices)
    complete([load], load_knowledge())
    found = [o for o in run_checks(Facts(loads=[load]))[0] if o.id == finding_id]
    return found[0].values if found else None


@given(device_lists)
def test_totals_are_sums(devices):
    """All is GPU and host together, and the sum of the devices."""
    values = values_of(devices, "memory.total")
    if values is None:
        assert not sum(d.total_mib or 0.0 for d in devices)
        return
    assert values["total_mib"] == pytest.approx(values["gpu_mib"] + values["host_mib"], abs=0.02)
    assert values["total_mib"] == pytest.approx(sum(values[f"total_{d.device}_mib"] for d in devices), abs=0.02)
    assert values["total_mib"] == pytest.approx(
        sum(getattr(d, kind) or 0.0 for d in devices for kind in ("model_mib", "kv_mib", "compute_mib", "output_mib")), abs=0.06)


@given(device_lists)
def test_compute_is_large_above_15_percent_and_only_there(devices):
    """The share decides, whatever the devices are called."""
    compute = sum(d.compute_mib or 0.0 for d in devices)
    weights = sum(d.model_mib or 0.0 for d in devices)
    values = values_of(devices, "memory.compute_large")
    if weights and abs(compute / weights - 0.15) > 1e-6:
        assert (values is not None) == (compute / weights > 0.15 and compute > 0)
    if values is not None:
        assert values["compute_mib"] == pytest.approx(values["gpu_compute_mib"] + values["host_compute_mib"], abs=0.02)


def test_the_parts_that_the_text_names_make_the_sum_that_it_names():
    """Of a hybrid model the state of the recurrent layers is on the GPU as well."""
    values = values_of([DeviceMemory("CUDA0", model_mib=4000.0, kv_mib=512.0, recurrent_mib=251.25, compute_mib=300.0)], "memory.total")
    named = values["gpu_model_mib"] + values["gpu_kv_mib"] + values["gpu_compute_mib"]
    others = sum(value for name, value in values.items() if name in ("gpu_recurrent_mib", "gpu_output_mib"))
    assert named + others == pytest.approx(values["gpu_mib"])


def test_a_difference_that_is_called_printed_precision_is_within_it():
    """30 MiB of a 39.59 GiB model are more than half a hundredth of a GiB."""
    facts = READER["facts_of"]({"base": "bare", "load": {
        "model": {"size_mib": 40540.16}, "devices": [{"device": "CUDA0", "model_mib": 40570.16}]}})
    for found in run_checks(facts)[0]:
        if found.id == "memory.weights_add_up" and found.variant == "default":
            assert found.values["difference_mib"] <= found.values["rounding_mib"]


@given(st.floats(0, 1e7), st.integers(0, 4))
def test_a_number_is_shown_without_trailing_zeros(value, digits):
    """And means what it was, to so many decimals."""
    text = number(value, digits)
    assert "." not in text or not text.endswith(("0", "."))
    assert float(text) == pytest.approx(value, abs=0.51 * 10**-digits)


class TestShow:
    @pytest.mark.parametrize(
        ("value", "kind", "zh", "en"),
        [
            (2560.0, "n", "2560", "2560"), (5648.81, "n", "5648.81", "5648.81"), (0.3125, "n", "0.3125", "0.3125"),
            (81, "n", "81", "81"), ("f16", "n", "f16", "f16"), (1024.0, "gib", "1 GiB", "1 GiB"), (1023.99, "gib", "1023.99 MiB", "1023.99 MiB"),
            (33792.0, "gib", "33 GiB", "33 GiB"), (2.08, "mib", "2.08 MiB", "2.08 MiB"), (231.27, "s", "231.27 秒", "231.27 s"),
            (0.2419, "pct", "24%", "24%"), (0.0156, "pct", "1.6%", "1.6%"), (0.1, "pct", "10%", "10%"), (4.0, "x", "×4", "×4"),
            (4, "t", "4", "4"), ("CUDA0 11, CUDA1 10", "list", "CUDA0 11、CUDA1 10", "CUDA0 11, CUDA1 10"), (8192, "", "8192", "8192"),
        ],
    )
    def test_formats(self, value, kind, zh, en):
        """The formats of docs/knowledge-format.md."""
        assert (show(value, kind, "zh"), show(value, kind, "en")) == (zh, en)

    def test_fill(self):
        """A template with two fields, one without a format."""
        assert fill("{a:gib} of {b}.", {"a": 2048.0, "b": 3}, "en") == "2 GiB of 3."

    @pytest.mark.parametrize(
        ("values", "shown"),
        [
            ({"a": 1.0, "b": 2.0}, "3 = weights 1 + KV cache 2."),
            ({"b": 2.0}, "3 = KV cache 2."),
            ({"a": 1.0, "b": 0.0}, "3 = weights 1."),
            ({}, "3 = ."),
        ],
    )
    def test_labelled_parts_are_those_that_there_are(self, values, shown):
        """What is not told is not shown, nor what is 0."""
        assert fill("3 = {weights=a + KV cache=b:n}.", values, "en") == shown

    def test_labels_alone(self):
        """In Chinese joined as the text says."""
        assert fill("{权重=a、KV 缓存=b、其他=c:label}的大小", {"b": "KV", "c": "x"}, "zh") == "KV 缓存、其他的大小"

    def test_a_label_may_hold_a_comma(self):
        """Parts end at a name, not at a comma."""
        assert fill("2 MiB{, not counting, of course,=a:mib}.", {"a": 1.5}, "en") == "2 MiB, not counting, of course, 1.5 MiB."
        assert fill("2 MiB{, not counting, of course,=a:mib}.", {}, "en") == "2 MiB."

    def test_fill_needs_its_values(self):
        """A name that is no value is an error in the knowledge, not an empty place."""
        with pytest.raises(KeyError):
            fill("{a:n}", {}, "en")

    def test_an_id_without_texts_is_an_error_in_the_knowledge(self):
        """It names the id."""
        from explain_log.checks.finding import Observation

        with pytest.raises(KeyError, match=r"no\.such"):
            Wording(load_knowledge(), "en").finding(Observation("no.such"), Facts())


NUMBERS = [
    "layers_offloaded", "layers_total", "pipeline_copies", "model.n_layer", "model.n_ctx_train", "model.n_embd", "model.n_head",
    "model.n_head_kv", "model.n_embd_head_k", "model.n_embd_head_v", "model.n_vocab", "context.n_ctx", "context.n_seq_max",
    "context.n_ctx_per_seq", "context.n_ubatch", "kv_cache.n_cells", "kv_cache.n_layer", "graph.splits",
]
SIZES = ["load_seconds", "model.size_mib", "model.params", "kv_cache.size_mib", "kv_cache.k_mib", "kv_cache.v_mib"]


def disturbed(base, changes, device_changes):
    """A load of a base with some of its numbers replaced by others."""
    load = ModelLoad(index=1, first_line=1, last_line=200)
    READER["fill"](load, copy.deepcopy(READER["BASES"][base]))
    for path, value in changes.items():
        owner = load
        for step in path.split(".")[:-1]:
            owner = getattr(owner, step)
        setattr(owner, path.rpartition(".")[2], value)
    for place, kind, value in device_changes:
        setattr(load.devices[place % len(load.devices)], kind, value)
    return load


def explain(load):
    """Facts completed, checks run and put into words: all that a load goes through."""
    facts = Facts(loads=[load], line_count=200)
    complete([load], load_knowledge())
    observations, _ = run_checks(facts)
    for language in ("zh", "en"):
        Wording(load_knowledge(), language).findings(observations, facts)


modest = st.integers(-1000, 1000)
some_sizes = st.floats(-1e12, 1e12).map(lambda x: round(x, 2))


@given(
    st.sampled_from(["eight_gpus", "one_gpu", "cpu_only"]),
    st.dictionaries(st.sampled_from(NUMBERS), modest),
    st.dictionaries(st.sampled_from(SIZES), some_sizes),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["model_mib", "kv_mib", "compute_mib", "output_mib"]), some_sizes), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_odd_numbers_never_raise(base, numbers, sizes_changed, device_changes):
    """Negative and large numbers, as a damaged log may have them, are no errors."""
    explain(disturbed(base, numbers | sizes_changed, device_changes))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("path", SIZES)
def test_sizes_that_are_no_numbers_never_raise(path, value):
    """A float field of a form accepts nan and inf."""
    explain(disturbed("one_gpu", {path: value}, []))


@pytest.mark.parametrize("kind", ["model_mib", "kv_mib", "compute_mib", "output_mib"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_buffers_that_are_no_numbers_never_raise(kind, value):
    """Nor do those of devices."""
    explain(disturbed("eight_gpus", {}, [(1, kind, value)]))
