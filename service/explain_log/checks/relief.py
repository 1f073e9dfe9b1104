"""What would let an allocation that failed fit, and what of the usual advice does not apply to this load."""

from __future__ import annotations

from explain_log.checks.finding import Value
from explain_log.checks.reported import Told
from explain_log.facts.models import ModelLoad

WORTH_HALVING = 4096
"""Tokens; a context below that is not made smaller by advice."""
USUAL_UBATCH = 512
"""llama.cpp's default of n_ubatch, and Ollama's num_batch. Source: common.h, common_params; api/types.go."""
_QUANTIZE = frozenset({"quantize_kv", "quantize_kv_alone", "llama_quantize_kv"})
_FEWER_LAYERS = frozenset({"fewer_layers", "llama_fewer_layers", "llama_fewer_layers_known"})
_SMALLER_CONTEXT = frozenset({"smaller_context", "llama_smaller_context", "llama_half_context"})


def relief(load: ModelLoad, lines: list[Told], *, compute: bool) -> tuple[dict[str, Value], frozenset[str]]:
    """(values that advice rests on, ids of advice that the log speaks against).

    lines: what the log says of the failure.  compute: whether it was a compute buffer.
    """
    context = load.context
    values: dict[str, Value] = {}
    without: frozenset[str] = frozenset()
    per_seq = context.n_ctx_per_seq or context.n_ctx
    if per_seq and per_seq >= WORTH_HALVING:
        values |= {"n_ctx_per_seq": per_seq, "half_ctx": per_seq // 2}
    if context.n_ctx:
        without |= {"llama_smaller_context"}
        if context.n_ctx >= WORTH_HALVING:
            values |= {"n_ctx": context.n_ctx, "half_n_ctx": context.n_ctx // 2}
    if context.n_seq_max and context.n_seq_max > 1:
        values["parallel"] = context.n_seq_max
    if load.layers_offloaded:
        values |= {"layers_offloaded": load.layers_offloaded, "fewer_layers": load.layers_offloaded * 3 // 4}
        without |= {"llama_fewer_layers"}
    if any(event.fields.get("new_num_ctx") for event, _ in lines):
        without |= _SMALLER_CONTEXT  # Ollama has tried again with less already
    if any(event.fields.get("loaded_count") == 0 for event, _ in lines):
        without |= {"one_model"}
    without |= _of_the_cache(load)
    if compute and context.n_ubatch and context.n_ubatch > USUAL_UBATCH:
        values |= {"n_ubatch": context.n_ubatch, "smaller_ubatch": USUAL_UBATCH}
        # Each GPU needs its scratch memory however few layers it has, the KV cache is no part of it, and half the
        # context would leave it far too large.
        without |= _FEWER_LAYERS | _QUANTIZE | _SMALLER_CONTEXT
    return values, without


def with_smaller_ubatch_mib(load: ModelLoad, size_mib: float) -> float | None:
    """About how large a compute buffer would be with the usual n_ubatch: it grows with min(n_ctx, n_ubatch).

    Source: llama-context.cpp, constructor (the graph is reserved for n_tokens = min(n_ctx, n_ubatch)).
    """
    n_ctx, ubatch = load.context.n_ctx, load.context.n_ubatch
    if not n_ctx or not ubatch:
        return None
    return size_mib * min(n_ctx, USUAL_UBATCH) / min(n_ctx, ubatch)


def _of_the_cache(load: ModelLoad) -> frozenset[str]:
    """What to leave out about quantizing: all where it is done, "turn flash attention on" where it is on."""
    if any(kind not in (None, "f16", "f32", "bf16") for kind in (load.kv_cache.k_type, load.kv_cache.v_type)):
        return _QUANTIZE
    return frozenset({"quantize_kv" if load.context.flash_attn == "enabled" else "quantize_kv_alone"})
