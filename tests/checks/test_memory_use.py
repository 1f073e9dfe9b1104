"""How full the GPUs are, and Ollama's prediction."""

import pytest

from explain_log.checks.memory_use import estimate_off, gpu_nearly_full
from explain_log.facts.models import DeviceMemory, Estimate, Facts, ModelLoad, RunDevice, ServerRun
from explain_log.pipeline import report_of_text


def full(used, *totals, library="CUDA", device="CUDA0"):
    """The finding about a load that takes so much of the first of these devices."""
    devices = [RunDevice(id=str(n), name=f"GPU {n}", library=library, total_mib=total) for n, total in enumerate(totals)]
    facts = Facts(server_runs=[ServerRun(1, 9, devices=devices)])
    load = ModelLoad(1, server_run=0, outcome="ready", devices=[DeviceMemory(device, model_mib=used - 300, kv_mib=200, compute_mib=100, total_mib=used)])
    return list(gpu_nearly_full(load, facts))


@pytest.mark.parametrize(("used", "found"), [(23500.0, 1), (23000.0, 0), (12000.0, 0)])
def test_over_95_percent(used, found):
    """Of what the run says the device has."""
    assert len(full(used, 24576.0)) == found


def test_the_share_is_a_value():
    """A program can check it."""
    observation = full(24000.0, 24576.0)[0]
    assert observation.values["share"] == pytest.approx(24000 / 24576, abs=1e-4)


def test_devices_of_different_size_are_not_guessed():
    """Ollama may number them anew."""
    assert full(11900.0, 12288.0, 24576.0) == []
    assert len(full(11900.0, 12288.0, 12288.0)) == 1


def test_another_library_s_device_is_another_device():
    """A Vulkan device of the run is not CUDA0."""
    assert full(11900.0, 12288.0, library="Vulkan") == []


def estimate(predicted, real, *, offload=33, offloaded=33):
    """The finding about a prediction and what was taken."""
    load = ModelLoad(1, outcome="ready", layers_offloaded=offloaded, estimate=Estimate(layers_model=33, layers_offload=offload, required_partial_mib=predicted))
    load.devices = [DeviceMemory("CUDA0", model_mib=real - 300, kv_mib=200, compute_mib=100, total_mib=real), DeviceMemory("CPU", model_mib=90, total_mib=90)]
    return list(estimate_off(load))


@pytest.mark.parametrize(("predicted", "variant"), [(6000.0, "too_much"), (5700.0, None), (5000.0, None), (4300.0, None), (4000.0, "too_little")])
def test_over_15_percent(predicted, variant):
    """Of what was taken, which is 5000 MiB."""
    assert [o.variant for o in estimate(predicted, 5000.0)] == ([variant] if variant else [])


def test_another_placement_is_no_wrong_estimate():
    """A different number of layers was offloaded in the end."""
    assert estimate(8000.0, 5000.0, offloaded=20) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_whole_way(language):
    """From lines to words."""
    log = """time=2024-08-01T10:00:00.000Z level=INFO source=routes.go:1 msg="Listening on 127.0.0.1:11434 (version 0.3.3)"
time=2024-08-01T10:00:01.000Z level=INFO source=types.go:1 msg="inference compute" id=GPU-1 library=cuda compute=8.6 driver=12.4 name="NVIDIA RTX A2000" total="6.0 GiB" available="5.9 GiB"
time=2024-08-01T10:01:00.000Z level=INFO source=memory.go:1 msg="offload to cuda" layers.requested=-1 layers.model=33 layers.offload=33 layers.split="" memory.available="[5.9 GiB]" memory.required.full="8.6 GiB" memory.required.partial="8.6 GiB" memory.required.kv="1.0 GiB" memory.required.allocations="[8.6 GiB]" memory.weights.total="3.9 GiB" memory.weights.repeating="3.8 GiB" memory.weights.nonrepeating="105.0 MiB" memory.graph.full="560.0 MiB" memory.graph.partial="585.0 MiB"
time=2024-08-01T10:01:01.000Z level=INFO source=server.go:1 msg="starting llama server" cmd="/tmp/ollama1/runners/cuda_v11/ollama_llama_server --model /m/blobs/sha256-aa --ctx-size 8192 --parallel 4 --port 40000"
llama_model_loader: loaded meta data with 22 key-value pairs and 291 tensors from /m/blobs/sha256-aa (version GGUF V3 (latest))
llm_load_tensors: offloaded 33/33 layers to GPU
llm_load_tensors:      CUDA0 buffer size =  4355.59 MiB
llama_kv_cache_init:      CUDA0 KV buffer size =  1024.00 MiB
llama_new_context_with_model:      CUDA0 compute buffer size =   560.00 MiB
time=2024-08-01T10:01:05.000Z level=INFO source=server.go:1 msg="llama runner started in 4.01 seconds"
"""
    found = {f.id: f for f in report_of_text(log, language).findings}
    assert found["memory.gpu_nearly_full"].values["device"] == "CUDA0"
    assert found["memory.estimate_off"].values["deviation"] == pytest.approx(0.4826, abs=0.01)
    assert all("{" not in f.title + f.detail for f in found.values())


METAL = """\
build: 3520 (0a1b2c3d) with Apple clang version 15.0.0 for x86_64-apple-darwin23.6.0
main: loading model
llama_model_loader: loaded meta data with 29 key-value pairs and 292 tensors from /models/m.gguf (version GGUF V3 (latest))
llm_load_tensors: offloaded 33/33 layers to GPU
ggml_backend_metal_log_allocated_size: allocated buffer, size =   256.00 MiB, ( {used} /  1536.00)
"""


@pytest.mark.parametrize(
    ("used", "title", "layers"),
    [("1510.00", "Metal is nearly full: 98%", 30), ("1536.00", "Metal is nearly full: 100%", 29), ("5895.25", "More than Metal should hold: 384%", 7)],
)
def test_more_than_all_is_not_nearly_full(used, title, layers):
    """Beyond its limit a device is over it; advice says how many layers to begin with."""
    (found,) = [f for f in report_of_text(METAL.format(used=used), "en").findings if f.id == "memory.gpu_nearly_full"]
    assert found.title == title
    assert [(advice.setting, advice.value) for advice in found.advice] == [("--n-gpu-layers", str(layers))]
