"""Flash attention: on or off, and what it would bring here."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.memory_model import scores_mib
from explain_log.checks.registry import load_check
from explain_log.checks.what_if import of_flash_attention, of_kv_type
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import lines_of

Q8_0_BYTES_PER_ELEMENT = 34 / 32
_WORTHWHILE_SHARE = 0.01  # of what the load takes: less is not worth a restart
_TURN_ON = frozenset({"turn_on", "llama_turn_on"})
_ALL = _TURN_ON | {"quantize_kv"}


@load_check("flash_attention.off", "flash_attention.on", needs=("context.flash_attn",))
def flash_attention(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """The outcome, where the log tells it; `auto` without an outcome says neither.

    K and V heads of different size: llama.cpp before spring 2025 forces it off (llama_new_context_with_model), and
    so does Ollama (fs/ggml, SupportsFlashAttention).
    """
    state = load.context.flash_attn
    lines = lines_of(load, "context.flash_attn")
    operands = {"flash_attn": f"fact:loads.{load.index}.context.flash_attn"}
    if state == "enabled":
        yield Observation("flash_attention.on", load.index, {"flash_attn": state}, lines, operands)
    if state != "disabled":
        return
    values: dict[str, Value] = {"flash_attn": state}
    variant = "default"
    freed = of_flash_attention(load)
    context = load.context
    if freed is not None and isinstance(load.model.n_head, int):
        each, at_output, in_all = freed
        values |= {
            "scores_mib": round(each, 2),
            "at_output_mib": round(at_output, 2),
            "freed_mib": round(in_all, 2),
            "n_head": load.model.n_head,
            "n_ctx": context.n_ctx or 0,
            "n_ubatch": context.n_ubatch or 0,
        }
        variant = _gain(load, each, in_all)
    else:
        variant, lacking = _why_not(load)
        values |= lacking
    q8_0 = of_kv_type(load, Q8_0_BYTES_PER_ELEMENT)
    if q8_0 is not None and load.kv_cache.size_mib is not None:
        values |= {
            "kv_mib": load.kv_cache.size_mib,
            "kv_q8_0_mib": round(load.kv_cache.size_mib - q8_0, 2),
            "kv_saved_mib": round(q8_0, 2),
        }
    head_k, head_v = load.model.n_embd_head_k, load.model.n_embd_head_v
    if isinstance(head_k, int) and isinstance(head_v, int) and head_k != head_v:
        values |= {"n_embd_head_k": head_k, "n_embd_head_v": head_v}
        variant = "heads_differ"
    without = {"heads_differ": _ALL, "little": _TURN_ON}.get(variant, frozenset())
    yield Observation("flash_attention.off", load.index, values, lines, operands, variant, without_advice=without)


def _why_not(load: ModelLoad) -> tuple[str, dict[str, Value]]:
    """(variant, values): why it cannot be told what is freed.

    What the formula needs is not in the log; or no compute buffer is, which says how much there is to free; or the
    buffer is smaller than the score matrix would be, so that the formula does not hold.
    """
    model, context = load.model, load.context
    needed = {"n_head": model.n_head, "n_ctx": context.n_ctx, "n_ubatch": context.n_ubatch}
    lacking: dict[str, Value] = {f"untold_{name}": name for name, value in needed.items() if value is None}
    if lacking or not isinstance(model.n_head, int) or context.n_ctx is None or context.n_ubatch is None:
        return ("numbers_missing" if lacking else "default"), lacking
    scores = scores_mib(model.n_head, context.n_ctx, context.n_ubatch)
    known: dict[str, Value] = {"n_head": model.n_head, "n_ctx": context.n_ctx, "n_ubatch": context.n_ubatch}
    known["scores_mib"] = round(scores, 2)
    computing = [d.compute_mib for d in load.devices if d.compute_mib]
    if not computing:
        return "no_buffer", known
    return "smaller_buffer", known | {"device_compute_mib": min(computing)}


def _gain(load: ModelLoad, each: float, in_all: float) -> str:
    """How what is freed is worded: on several GPUs, all of the scores, less the logits' room, or next to nothing."""
    if in_all > each:
        return "several"
    if in_all < _WORTHWHILE_SHARE * sum(d.total_mib or 0.0 for d in load.devices):
        return "little"
    return "all_freed" if in_all == each else "one"
