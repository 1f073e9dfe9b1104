"""Which layers lie where: told only where the sizes tell it for certain."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading import facts_of

from explain_log.facts.completion import complete
from explain_log.facts.models import DeviceMemory, KvCache, KvPart, Model, ModelLoad, as_json
from explain_log.facts.record import add, derive, gpu_devices, is_gpu, lines_of, put
from explain_log.knowledge import load as load_knowledge


def placed(kv, *, n_layer=32, offloaded=33, total=33, size=None, **more):
    """A load with so much KV cache on each device, completed: {device: (layers, holds_output)}."""
    load = ModelLoad(
        index=1, layers_offloaded=offloaded, layers_total=total,
        kv_cache=KvCache(size_mib=sum(kv.values()) if size is None else size, n_layer=n_layer, **more.pop("cache", {})),
        devices=[DeviceMemory(name, model_mib=100.0, kv_mib=mib) for name, mib in kv.items()], **more,
    )
    complete([load], load_knowledge())
    return {d.device: (d.layers, d.holds_output) for d in load.devices}


@pytest.mark.parametrize(
    ("kv", "options", "expected"),
    [
        ({"CUDA0": 1024.0}, {}, {"CUDA0": (32, True)}),
        ({"CUDA0": 544.0, "CUDA1": 480.0}, {}, {"CUDA0": (17, False), "CUDA1": (15, True)}),
        # the order of names is that of numbers: CUDA10 comes after CUDA2
        ({"CUDA10": 320.0, "CUDA2": 704.0}, {}, {"CUDA10": (10, True), "CUDA2": (22, False)}),
        # partial offload: the log does not say where the output layer is
        ({"CPU": 384.0, "CUDA0": 640.0}, {"offloaded": 20}, {"CPU": (12, None), "CUDA0": (20, None)}),
        ({"CPU": 1024.0}, {"offloaded": None, "total": None}, {"CPU": (32, None)}),
        # two backends: their order is not in the log
        ({"CUDA0": 544.0, "Vulkan0": 480.0}, {}, {"CUDA0": (17, None), "Vulkan0": (15, None)}),
        # sizes that are no whole layers
        ({"CUDA0": 550.0, "CUDA1": 474.0}, {}, {"CUDA0": (None, None), "CUDA1": (None, None)}),
        # a device's line is missing: the sum does not make the whole
        ({"CUDA0": 544.0}, {"size": 1024.0}, {"CUDA0": (None, None)}),
        # two caches, or layers with different heads: not every layer has the same size
        ({"CUDA0": 1024.0}, {"cache": {"parts": [KvPart("attention"), KvPart("swa")]}}, {"CUDA0": (None, None)}),
        ({"CUDA0": 1024.0}, {"model": Model(n_head_kv=[8] * 16 + [4] * 16)}, {"CUDA0": (None, None)}),
        # nothing to divide by
        ({"CUDA0": 1024.0}, {"n_layer": None, "offloaded": None, "total": None}, {"CUDA0": (None, None)}),
        ({"CUDA0": 0.0}, {"size": 0.0}, {"CUDA0": (None, None)}),
        # printed with two decimals: 22 layers of 20.66 / 22
        ({"CUDA0": 10.33, "CUDA1": 10.33}, {"n_layer": 22, "offloaded": 23, "total": 23}, {"CUDA0": (11, False), "CUDA1": (11, True)}),
    ],
)
def test_layers(kv, options, expected):
    """Layers are KV cache over KV cache a layer, where every layer has the same."""
    assert placed(kv, **options) == expected


def test_a_gpu_that_holds_weights_and_no_cache_leaves_the_output_open():
    """Whether the last GPU has the output layer cannot be told where one GPU's layers are not known."""
    load = ModelLoad(index=1, layers_offloaded=33, layers_total=33, kv_cache=KvCache(size_mib=1024.0, n_layer=32),
                     devices=[DeviceMemory("CUDA0", model_mib=1.0, kv_mib=1024.0), DeviceMemory("CUDA1", model_mib=1.0)])
    complete([load], load_knowledge())
    assert [d.holds_output for d in load.devices] == [None, None]


def test_the_derivation_says_how():
    """In plain words, with the numbers."""
    load = ModelLoad(index=1, layers_offloaded=81, layers_total=81, kv_cache=KvCache(size_mib=2560.0, n_layer=80), devices=[
        DeviceMemory(f"CUDA{n}", model_mib=1.0, kv_mib=mib) for n, mib in enumerate([352.0, *[320.0] * 6, 288.0])])
    complete([load], load_knowledge())
    assert load.derived["devices.CUDA0.layers"] == "352 MiB of KV cache / (2560 MiB / 80 layers)"
    assert "81 items over 8 equal splits" in load.derived["devices.CUDA7.holds_output"]
    assert "item 80" in load.derived["devices.CUDA7.holds_output"]


def test_unequal_splits_still_end_on_the_last_gpu():
    """With a tensor split of its own the order is the same."""
    load = ModelLoad(index=1, layers_offloaded=33, layers_total=33, kv_cache=KvCache(size_mib=1024.0, n_layer=32),
                     devices=[DeviceMemory("CUDA0", model_mib=1.0, kv_mib=768.0), DeviceMemory("CUDA1", model_mib=1.0, kv_mib=256.0)])
    complete([load], load_knowledge())
    assert [d.holds_output for d in load.devices] == [False, True]
    assert load.derived["devices.CUDA1.holds_output"].startswith("all 33 items")


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.sampled_from([4.0, 16.5, 32.0, 0.25]))
def test_layers_that_were_put_there_are_found(layers, per_layer):
    """Whatever the split, the counts come back, and make the whole."""
    assume(sum(layers))
    found = placed({f"CUDA{n}": count * per_layer for n, count in enumerate(layers)}, n_layer=sum(layers), offloaded=None, total=None)
    assert [count for count, _ in found.values()] == layers


@given(st.integers(1, 8), st.integers(1, 127))
def test_equal_splits_hold_every_item_once(devices, n_layer):
    """The items of equal GPUs differ by at most one, the last one is the output layer, on the last GPU."""
    items = n_layer + 1
    assume(items >= devices)
    counts = [sum(1 for i in range(items) if i * devices // items == d) for d in range(devices)]
    counts[-1] -= 1
    found = placed({f"CUDA{d}": count * 8.0 for d, count in enumerate(counts)}, n_layer=n_layer, offloaded=items, total=items)
    assert [holds for _, holds in found.values()] == [False] * (devices - 1) + [True]


class TestRecord:
    def test_the_first_value_counts(self):
        """A value that is there is not changed, and its line stays."""
        load = ModelLoad(index=1)
        assert put(load, "context.n_ctx", 8192, 3)
        assert not put(load, "context.n_ctx", 4096, 9)
        assert (load.context.n_ctx, load.lines["context.n_ctx"]) == (8192, [3])

    def test_sums_have_all_their_lines(self):
        """A split file prints one buffer a part."""
        load = ModelLoad(index=1)
        add(load, "devices[CPU].model_mib", 0.1, 3)
        add(load, "devices[CPU].model_mib", 0.2, 4)
        assert (load.device("CPU").model_mib, load.lines["devices.CPU.model_mib"]) == (0.3, [3, 4])

    def test_what_was_read_is_not_derived(self):
        """A computed value never takes a read one's place, and None is no value."""
        load = ModelLoad(index=1)
        put(load, "model.n_layer", 80, 1)
        assert not derive(load, "model.n_layer", 79, "how")
        assert not derive(load, "model.n_embd", None, "how")
        assert load.derived == {}

    def test_lines_of_several_facts(self):
        """In order, each once."""
        load = ModelLoad(index=1)
        for path, line in (("context.n_ctx", 7), ("context.n_seq_max", 3), ("context.n_batch", 3)):
            put(load, path, 1, line)
        assert lines_of(load, "context.n_ctx", "context.n_seq_max", "context.n_batch", "context.n_ubatch") == [3, 7]

    @pytest.mark.parametrize(("name", "yes"), [
        ("CUDA0", True), ("ROCm1", True), ("Vulkan0", True), ("Metal", True), ("MTL0", True), ("SYCL0", True), ("CUDA0_Split", True),
        ("Metal_Mapped", True), ("CPU", False), ("CPU_Mapped", False), ("CPU_REPACK", False), ("CPU_AARCH64", False), ("CUDA_Host", False),
        ("ROCm_Host", False), ("Vulkan_Host", False), ("BLAS", False), ("AMX", False),
    ])
    def test_gpus(self, name, yes):
        """Neither CPU memory nor pinned host memory is a GPU."""
        assert is_gpu(name) is yes

    def test_gpus_are_in_the_order_of_their_numbers(self):
        """CUDA2 before CUDA10."""
        load = ModelLoad(index=1, devices=[DeviceMemory(n) for n in ("CUDA10", "CPU", "CUDA2", "CUDA_Host", "CUDA0")])
        assert [d.device for d in gpu_devices(load)] == ["CUDA0", "CUDA2", "CUDA10"]

    def test_json(self):
        """Records become plain values; anything else is an error of ours."""
        assert as_json(DeviceMemory("CUDA0", kv_mib=1.0))["kv_mib"] == 1.0
        with pytest.raises(TypeError):
            as_json(object())


# Lines of all quantities, with room for any number.
LINES = [
    "llm_load_tensors: offloading {i} repeating layers to GPU", "llm_load_tensors: offloaded {i}/{i} layers to GPU",
    "llm_load_tensors: CUDA0 model buffer size = {f} MiB", "llama_kv_cache: size = {f} MiB ({i} cells, {i} layers, {i}/{i} seqs), K (f16): {f} MiB, V (q8_0): {f} MiB",
    "llama_context: n_seq_max = {i}", "llama_context: n_ctx = {i}", "llama_context: n_ctx_per_seq = {i}", "llama_context: n_ubatch = {i}",
    "llama_context: flash_attn = {i}", "llama_context: CUDA0 compute buffer size = {f} MiB", "llama_context: graph splits = {i}",
    "llama_context: graph splits = {i} (with bs={i}), {i} (with bs=1)", "llama_context: pipeline parallelism enabled (n_copies={i})",
    "print_info: n_embd = {i}", "print_info: n_head = {i}", "print_info: n_head_kv = {i}", "print_info: n_ctx_train = {i}", "print_info: n_vocab = {i}",
    "print_info: file size = {f} GiB ({f} BPW)", "print_info: model params = {f} B", "llama_model_loader: - type q4_K: {i} tensors",
    'time=2025-02-11T11:34:37.966+08:00 level=INFO source=server.go:594 msg="llama runner started in {f} seconds"',
    "llama_model_loader: loaded meta data with {i} key-value pairs and {i} tensors from /m (version GGUF V3 (latest))",
    '[GIN] 2025/08/20 - 10:00:12 | 200 | {f}s | 127.0.0.1 | POST "/api/chat"', "print_info: vocab_only = {i}",
]
whole = st.integers(-(10**6), 10**6) | st.sampled_from([0, 1, -1, 2**31, 2**63, 10**39])
decimal = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.2f}"[:40]) | st.sampled_from(["nan", "inf", "-inf", "0.00", "1e308", "-0.0"])


@st.composite
def filled(draw):
    """A log of some of the lines with numbers of any size."""
    texts = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=14))
    log = "\n".join(texts)
    for kind, numbers in (("{i}", whole), ("{f}", decimal)):
        while kind in log:
            log = log.replace(kind, str(draw(numbers)), 1)
    return log


@given(filled())
@settings(max_examples=150, deadline=None)
def test_any_number_is_put_together(text):
    """Huge, negative and undefined numbers are values like any other."""
    facts = facts_of(text)
    for load in facts.loads:
        assert load.outcome in ("ready", "failed", "unknown")
        assert not any(isinstance(value, float) and math.isnan(value) for value in (load.layers_total, load.context.n_ctx))
