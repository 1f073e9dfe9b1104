"""Which GPUs were found."""

import pytest

from explain_log.pipeline import report_of_text

LISTENING = 'time=2025-06-01T10:00:00.000Z level=INFO source=routes.go:1 msg="Listening on 127.0.0.1:11434 (version 0.9.0)"'
OLD = ('time=2025-06-01T10:00:01.000Z level=INFO source=types.go:130 msg="inference compute" id=GPU-{} library=cuda variant=v12 '
       'compute=8.6 driver=12.4 name="NVIDIA GeForce RTX 3090" total="23.7 GiB" available="23.3 GiB"')
NEW = ('time=2026-06-01T10:00:01.000Z level=INFO source=types.go:42 msg="inference compute" id=GPU-1 filter_id="" library=CUDA compute=8.9 '
       'name=CUDA0 description="NVIDIA GeForce RTX 4090" libdirs=ollama,cuda_v13 driver=13.0 pci_id=0000:01:00.0 type=discrete '
       'total="24.0 GiB" available="22.5 GiB"')
CPU = 'time=2025-06-01T10:00:01.000Z level=INFO source=types.go:60 msg="inference compute" id=cpu library=cpu compute="" driver="" name=cpu total="31.2 GiB" available="20.0 GiB"'
CONFIG = 'time=2025-06-01T10:00:00.000Z level=INFO source=routes.go:1 msg="server config" env="map[CUDA_VISIBLE_DEVICES:{} HSA_OVERRIDE_GFX_VERSION:{} OLLAMA_DEBUG:INFO]"'


def findings(*lines, language="en"):
    """The findings of a log, by id."""
    return {f.id: f for f in report_of_text("\n".join(lines) + "\n", language).findings}


def test_devices_of_a_run():
    """Each with its name, compute capability and memory in GiB."""
    found = findings(LISTENING, OLD.format(1), OLD.format(2))["gpu.detected"]
    assert found.values["gpus"] == 2
    assert found.values["device_1_name"] == "NVIDIA GeForce RTX 3090"
    assert found.values["device_0_compute"] == "8.6"
    assert found.values["device_0_total_gib"] == pytest.approx(23.7)
    assert found.values["device_0_available_gib"] == pytest.approx(23.3)
    assert "2 × NVIDIA GeForce RTX 3090" in found.detail


def test_the_product_name_of_the_newer_form():
    """From 0.12.4 on `name` is CUDA0 and the product is the description."""
    assert findings(LISTENING, NEW)["gpu.detected"].values["device_0_name"] == "NVIDIA GeForce RTX 4090"


@pytest.mark.parametrize(
    "lines",
    [
        ["llama_model_load_from_file_impl: using device CUDA0 (NVIDIA GeForce RTX 3090) - 24130 MiB free"],
        ["ggml_cuda_init: found 1 CUDA devices:", "  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes"],
    ],
)
def test_llama_cpp_names_them_when_it_loads(lines):
    """A standalone program prints no inventory."""
    found = findings(*lines)["gpu.detected"]
    assert found.values["device_0_name"] == "NVIDIA GeForce RTX 3090"


@pytest.mark.parametrize(
    "lines",
    [
        [LISTENING, CPU],
        [LISTENING, 'time=2025-06-01T10:00:01.000Z level=INFO source=gpu.go:1 msg="no compatible GPUs were discovered"', CPU],
        ["2023/10/01 10:00:00 llama.go:1: Warning: GPU support may not be enabled, check you have installed GPU drivers: exit status 9"],
    ],
)
def test_only_a_cpu(lines):
    """Nothing but the CPU, or a line that says so."""
    found = findings(*lines)
    assert "gpu.none" in found
    assert "gpu.detected" not in found


def test_a_gpu_beside_the_cpu():
    """A device in the list is a GPU that was found."""
    assert "gpu.none" not in findings(LISTENING, OLD.format(1))


def test_the_last_run_counts():
    """A GPU that a restart lost is worth a warning; one that a restart brought is none."""
    again = LISTENING.replace("10:00:00", "12:00:00")
    assert "gpu.none" in findings(LISTENING, OLD.format(1), again, CPU)
    assert "gpu.none" not in findings(LISTENING, CPU, again, OLD.format(1))


def test_nothing_is_said_without_a_list():
    """A log that begins later does not tell."""
    found = findings('[GIN] 2025/06/01 - 10:00:05 | 200 |  1.2s |       127.0.0.1 | POST     "/api/chat"')
    assert not {"gpu.none", "gpu.detected"} & set(found)


def test_variables_that_restrict_gpus():
    """From the configuration, or from the warning about them."""
    assert "CUDA_VISIBLE_DEVICES=0" in findings(CONFIG.format("0", ""))["gpu.override"].title
    warned = 'time=2026-01-01T10:00:00.000Z level=WARN source=runner.go:1 msg="user overrode visible devices" CUDA_VISIBLE_DEVICES=1'
    assert "CUDA_VISIBLE_DEVICES=1" in findings(LISTENING, warned)["gpu.override"].title
    assert "another kind" in findings(CONFIG.format("", "10.3.0"))["gpu.override"].detail
    assert "gpu.override" not in findings(CONFIG.format("", ""))
