"""What is advised when an allocation fails fits what the log says of the load."""

import runpy
from pathlib import Path

import pytest

from explain_log.checks import Wording, run_checks
from explain_log.knowledge import load as load_knowledge

facts_of = runpy.run_path(str(Path(__file__).parent / "test_whole_logs.py"))["facts_of"]

STANDALONE = """\
llama_model_loader: loaded meta data with 48 key-value pairs and 1086 tensors from /models/m.gguf (version GGUF V3 (latest))
llm_load_tensors: offloaded 62/62 layers to GPU
llama_new_context_with_model: n_ctx      = {n_ctx}
llama_new_context_with_model: n_batch    = 16384
llama_new_context_with_model: n_ubatch   = {n_ubatch}
llama_new_context_with_model: flash_attn = 0
"""
COMPUTE = """\
ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory
ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 4294967296
llama_new_context_with_model: failed to allocate compute buffers
"""
CACHE = """\
ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory
llama_kv_cache_init: failed to allocate buffer for kv cache
"""
OLLAMA = """\
time=2025-04-21T09:00:00.100Z level=INFO source=server.go:405 msg="starting llama server" cmd="/usr/bin/ollama runner --model /m --ctx-size 8192 --port 4000"
time=2025-04-21T09:00:00.200Z level=INFO source=runner.go:853 msg="starting go runner"
llama_context: n_ctx         = 8192
llama_context: flash_attn    = {flash_attn}
llama_context: KV self size  = 1024.00 MiB, K ({kind}):  512.00 MiB, V ({kind}):  512.00 MiB
CUDA error: out of memory
time=2025-04-21T09:00:04.100Z level=ERROR source=sched.go:456 msg="error loading llama server" error="llama runner process has terminated: CUDA error: out of memory"
"""
RETRIED = """\
time=2026-07-10T10:00:00.100Z level=INFO source=llama_server.go:512 msg="starting llama-server" cmd="/usr/lib/ollama/llama-server --model /m --port 41013 -c 262144"
time=2026-07-10T10:00:00.200Z level=WARN source=sched.go:560 msg="llama-server load failed; reducing automatic context and retrying once" model=/m old_num_ctx=262144 effective_num_ctx=262144 new_num_ctx=32768 old_num_batch=2048 new_num_batch=1024 loaded_count={others} evict_all=false error="llama-server process has terminated: exit status 1: cudaMalloc failed: out of memory"
"""


def advised(log, language="en"):
    """(setting, value) of each advice about GPU memory, in order, and the finding."""
    facts = facts_of(log)
    wording = Wording(load_knowledge(), language)
    (finding,) = [wording.finding(o, facts) for o in run_checks(facts)[0] if o.id == "oom.gpu"]
    return [(advice.setting, advice.value) for advice in finding.advice], finding


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_large_batch_is_the_first_thing_to_change_where_a_compute_buffer_failed(language):
    """Fewer layers, half the context and a smaller cache would leave it far too large."""
    advice, finding = advised(STANDALONE.format(n_ctx=8192, n_ubatch=16384) + COMPUTE, language)
    assert advice == [("--ubatch-size", "512")]
    assert finding.values["smaller_mib"] == 256.0  # 4096 · 512 / min(8192, 16384)
    assert "256 MiB" in finding.advice[0].effect


def test_the_usual_batch_is_not_made_smaller():
    """Then layers and context are what can be changed, from what they are."""
    advice, _ = advised(STANDALONE.format(n_ctx=8192, n_ubatch=512) + COMPUTE)
    assert advice == [("--n-gpu-layers", "46"), ("--ctx-size", "4096"), ("--cache-type-k", "q8_0")]


def test_a_large_batch_is_not_the_cause_where_the_cache_failed():
    """The KV cache does not grow with n_ubatch."""
    advice, _ = advised(STANDALONE.format(n_ctx=8192, n_ubatch=16384) + CACHE)
    assert ("--ubatch-size", "512") not in advice
    assert ("--ctx-size", "4096") in advice


def test_a_short_context_is_not_raised_by_advice_to_lower_it():
    """-c 8192 would be four times what it is."""
    advice, _ = advised(STANDALONE.format(n_ctx=2048, n_ubatch=512) + CACHE)
    assert not [setting for setting, _ in advice if setting == "--ctx-size"]


@pytest.mark.parametrize(
    ("flash_attn", "kind", "says"), [(0, "f16", "Turn flash attention on"), (1, "f16", "is on already"), (1, "q8_0", None)]
)
def test_nobody_is_told_to_turn_on_what_is_on(flash_attn, kind, says):
    """Nor to quantize what is quantized."""
    _, finding = advised(OLLAMA.format(flash_attn=flash_attn, kind=kind))
    actions = [advice.action for advice in finding.advice if advice.setting == "OLLAMA_KV_CACHE_TYPE"]
    assert len(actions) == (says is not None)
    assert not says or says in actions[0]


def test_what_ollama_tried_by_itself_is_not_advised():
    """The second try ran with 32768 tokens, no other model was loaded, and this server knows no OLLAMA_GPU_OVERHEAD."""
    settings = [setting for setting, _ in advised(RETRIED.format(others=0))[0]]
    assert settings == ["OLLAMA_KV_CACHE_TYPE", "LLAMA_ARG_FIT_TARGET"]


def test_another_model_in_memory_is_a_reason_to_keep_one():
    """loaded_count says how many others there were."""
    assert ("OLLAMA_MAX_LOADED_MODELS", "1") in advised(RETRIED.format(others=1))[0]
