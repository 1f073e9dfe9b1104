"""What the log reports outright and needs no failure."""

import pytest

from explain_log.pipeline import report_of_text

SLOG = "time=2025-06-01T10:00:0{}.000Z level={} source=server.go:100 msg={}"
START = SLOG.format(1, "INFO", '"starting llama server" cmd="/usr/bin/ollama runner --model /m/blobs/sha256-aa --ctx-size 8192 --parallel 1 --port 40000"')
READY = SLOG.format(3, "INFO", '"llama runner started in 2.01 seconds"')


def findings(*lines, language="en"):
    """The findings of a log, by id."""
    return {f.id: f for f in report_of_text("\n".join(lines) + "\n", language).findings}


def warn(text, level="WARN"):
    """A line of Ollama's."""
    return SLOG.format(0, level, text)


CASES = {
    "memory.vram_not_recovered": [
        [warn('"gpu VRAM usage didn\'t recover within timeout" seconds=5.12 model=/m/x')],
        [warn('"gpu VRAM usage didn\'t recover within timeout" seconds=5.25 runner.name=x runner.size="4.0 GiB"')],
    ],
    "memory.pinned_failed": [
        ["ggml_cuda_host_malloc: failed to allocate 8301.56 MiB of pinned memory: out of memory"],
        ["WARNING: failed to allocate 512.00 MB of pinned memory: out of memory"],
    ],
    "context.clamped": [
        [warn('"requested context size too large for model" num_ctx=8192 n_ctx_train=2048'), START, READY],
        [warn('"requested context size too large for model" num_ctx=16384 num_parallel=2 n_ctx_train=4096'), START, READY],
        [warn("\"requested context length is greater than model's max context length (8192 > 4096), using 4096 instead\"")],
    ],
    "context.reduced_automatically": [
        [warn('"llama-server load failed; reducing automatic context and retrying once" model=/m/x old_num_ctx=32768 '
              'effective_num_ctx=32768 new_num_ctx=4096 error="exit status 1: cudaMalloc failed: out of memory"')],
        ["llama_params_fit_impl: context size reduced from 131072 to 65536 -> need 4096 MiB less memory in total"],
    ],
    "context.shifted": [
        ["slot update_slots: id  0 | task 12 | slot context shift, n_keep = 1, n_left = 254, n_discard = 127"],
        [warn('"context limit hit - shifting" id=0 limit=2048 input=2048 keep=5 discard=1021', "DEBUG")],
    ],
    "kv.quantized_ignored": [
        [warn('"quantized kv cache requested but flash attention disabled" type=q8_0'), START, READY],
        [warn('"kv cache type not supported by model" type=q4_0'), START, READY],
        [warn('"unsupported OLLAMA_KV_CACHE_TYPE" type=q5_0'), START, READY],
    ],
    "flash_attention.unsupported": [
        [warn('"flash attention enabled but not supported by gpu"'), START, READY],
        [warn('"flash attention enabled but not supported by model"'), START, READY],
        ["llama_new_context_with_model: flash_attn requires n_embd_head_k == n_embd_head_v - forcing off"],
    ],
    "config.invalid": [
        [warn('"invalid environment variable, using default" key=OLLAMA_NUM_PARALLEL value=four default=0')],
        [warn('"invalid llama-server fit target" env=LLAMA_ARG_FIT_TARGET value=2G error="strconv.Atoi"')],
    ],
    "server.port_in_use": [
        ["Error: listen tcp 127.0.0.1:11434: bind: address already in use"],
        ["Error: listen tcp 127.0.0.1:11434: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted."],
        ["srv  start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080"],
    ],
    "server.models_dir": [
        ["2024/01/05 10:00:00 routes.go:100: couldn't read dir '/srv/models': open /srv/models: permission denied"],
        [warn('"models path not accessible, using default" path=/srv/models err="permission denied"')],
    ],
    "gpu.driver_too_old": [
        [warn('"NVIDIA driver too old" device=CUDA0 compute=8.6 driver=535.1 required_driver=550')],
        ["ggml_cuda_init: failed to initialize CUDA: CUDA driver version is insufficient for CUDA runtime version"],
    ],
    "gpu.unsupported": [
        [warn('"amdgpu is not supported" gpu=0 gpu_type=gfx803 library=/opt/rocm supported_types="[gfx900]"')],
        [warn('"[0] CUDA GPU is too old. Compute Capability detected: 3.5"', "INFO")],
    ],
    "gpu.permission": [
        [warn('"amdgpu devices detected but permission problems block access" error="open /dev/kfd: permission denied"', "ERROR")],
    ],
    "gpu.discovery_timeout": [
        [warn('"llama-server GPU discovery watchdog timed out" OLLAMA_LIBRARY_PATH=[/l] error="context deadline exceeded"')],
        [warn('"failure during GPU discovery" OLLAMA_LIBRARY_PATH=[/l] error="failed to finish discovery before timeout"', "INFO")],
    ],
    "gpu.integrated_dropped": [
        [warn('"dropping integrated GPU; to enable, set OLLAMA_IGPU_ENABLE=1" id=0 library=Vulkan description="AMD Radeon Graphics"', "INFO")],
    ],
    "cpu.no_avx": [
        [warn('"CPU does not have minimum vector extensions, GPU inference disabled" required=avx detected="no vector extensions"')],
    ],
    "request.queue_full": [
        ["Error: 503 Service Unavailable: server busy, please try again.  maximum pending requests exceeded"],
    ],
    "tokenizer.control_not_eog": [
        ["load: control token: 128098 '<|reserved_special_token_90|>' is not marked as EOG"],
        ["llm_load_vocab: control token: 128098 '<|reserved_special_token_90|>' is not marked as EOG"],
    ],
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("wanted", "lines"), [(f, lines) for f, cases in CASES.items() for lines in cases])
def test_the_line_gives_the_finding(wanted, lines, language):
    """Once, with the line as evidence and words without holes."""
    report = report_of_text("\n".join(lines) + "\n", language)
    found = [f for f in report.findings if f.id == wanted]
    assert len(found) == 1
    assert found[0].evidence
    assert "{" not in found[0].title + found[0].detail


def test_a_repeated_line_is_one_finding():
    """The timer ticks on: 5.0, 5.25, 5.5 are one event."""
    ticks = [warn(f'"gpu VRAM usage didn\'t recover within timeout" seconds={5 + n / 4} model=/m/x') for n in range(400)]
    found = findings(*ticks)["memory.vram_not_recovered"]
    assert found.values["count"] == 400
    assert len(found.evidence) <= 12


def test_what_comes_before_a_load_belongs_to_it():
    """Ollama settles context and cache type before it starts the runner."""
    earlier = [START.replace("sha256-aa", "sha256-bb"), READY]
    found = findings(*earlier, warn('"requested context size too large for model" num_ctx=8192 n_ctx_train=2048'), START, READY)
    assert found["context.clamped"].load == 2


def test_the_clamp_tells_both_sizes():
    """What was asked for and what is used."""
    found = findings(*CASES["context.clamped"][0])["context.clamped"]
    assert found.values["requested"] == 8192
    assert found.values["allowed"] == 2048


def test_an_unset_cache_type_is_noise():
    """0.5.0 to 0.11.10 print this line whenever flash attention is on and no type is set."""
    assert "kv.quantized_ignored" not in findings(warn('"kv cache type not supported by model" type=""'), START, READY)


def test_a_refused_setting_is_named():
    """Which one, what stood there, what is used instead."""
    found = findings(*CASES["config.invalid"][0])["config.invalid"]
    assert "OLLAMA_NUM_PARALLEL" in found.title
    assert "four" in found.detail


def test_a_missing_device_is_no_old_driver():
    """The same line says either."""
    found = findings("ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected")
    assert "gpu.driver_too_old" not in found
    assert "gpu.error" not in found


@pytest.mark.parametrize(
    ("version", "setting"), [("0.5.7", "OLLAMA_GPU_OVERHEAD"), ("0.24.0", "OLLAMA_GPU_OVERHEAD"), ("0.30.1", "LLAMA_ARG_FIT_TARGET")]
)
def test_advice_fits_the_version(version, setting):
    """OLLAMA_GPU_OVERHEAD does nothing for GGUF models from 0.30 on."""
    listening = SLOG.format(0, "INFO", f'"Listening on 127.0.0.1:11434 (version {version})"')
    failed = SLOG.format(5, "INFO", '"Load failed" model=/m/x error="llama runner process has terminated: cudaMalloc failed: out of memory"')
    offered = {advice.setting for advice in findings(listening, START, failed)["oom.gpu"].advice}
    assert setting in offered
    assert len(offered & {"OLLAMA_GPU_OVERHEAD", "LLAMA_ARG_FIT_TARGET"}) == 1


def test_llama_cpp_gets_its_own_advice():
    """No setting of Ollama's for a standalone server."""
    found = findings("main: loading model", "srv    load_model: loading model '/m/model.gguf'",
                     "ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 9013559296", "main: exiting due to model loading error")
    assert {advice.setting for advice in found["oom.gpu"].advice} == {"--n-gpu-layers", "--ctx-size", "--cache-type-k"}
