"""What a change of settings would cost and gain in this very load: every buffer that it moves is counted."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.checks.kv_cache import predicted_kv_mib
from explain_log.checks.memory_model import logits_mib, mask_mib, scores_mib
from explain_log.facts.models import DeviceMemory, ModelLoad
from explain_log.facts.record import gpu_devices


@dataclass(frozen=True)
class Effect:
    """Change in MiB against today: KV cache in all, compute on each GPU, host buffer, and all GPUs together."""

    kv_mib: float
    compute_each_mib: float
    host_mib: float
    gpus: int

    @property
    def total_mib(self) -> float:
        """KV and compute of all GPUs together (or of the CPU, where there is no GPU)."""
        return self.kv_mib + self.compute_each_mib * max(self.gpus, 1)


def of_n_ctx(load: ModelLoad, n_ctx: int) -> Effect | None:
    """The effect of another n_ctx, all slots together, or None where the load's numbers do not tell.

    KV grows with the cells; without flash attention each device's score matrix and its copies of the mask
    grow with n_ctx · n_ubatch; the pinned host buffer holds the mask's copies as well. Sources: see memory_model.
    """
    context, model = load.context, load.model
    today, then = _kv_total(load, context.n_ctx), _kv_total(load, n_ctx)
    if today is None or then is None or context.n_ctx is None or context.n_ubatch is None:
        return None
    if not isinstance(model.n_head, int) or context.flash_attn not in ("disabled", "enabled"):
        return None
    ubatch, copies, gpus = context.n_ubatch, load.pipeline_copies or 1, len(_gpus(load))
    mask = mask_mib(n_ctx, ubatch, copies) - mask_mib(context.n_ctx, ubatch, copies)
    scores = scores_mib(model.n_head, n_ctx, ubatch) - scores_mib(model.n_head, context.n_ctx, ubatch)
    # With flash attention the mask is f16 and scores are never stored.
    each = mask / 2 if context.flash_attn == "enabled" else scores + mask
    return Effect(then - today, each, mask if gpus else 0.0, gpus)


def of_flash_attention(load: ModelLoad) -> tuple[float, float, float] | None:
    """What flash attention would free: (MiB on each GPU, on the one with the output layer, in all), or None.

    The score matrix is never stored; on the device with the output layer the logits, which lie in the freed score
    area today, need room of their own. Source: semantics of the compute buffer, ggml-alloc.c.
    """
    context, model = load.context, load.model
    if not isinstance(model.n_head, int) or context.n_ctx is None or context.n_ubatch is None:
        return None
    scores = scores_mib(model.n_head, context.n_ctx, context.n_ubatch)
    on_gpus = [d for d in _gpus(load) if d.compute_mib]
    computing = on_gpus or [d for d in load.devices if d.compute_mib]
    if not computing or any(scores > (d.compute_mib or 0.0) for d in computing):
        # Nothing was allocated, or less than the formula's main term: it does not hold here.
        return None
    logits = logits_mib(model.n_vocab, context.n_ubatch) if model.n_vocab else 0.0
    at_output = max(scores - logits, 0.0)
    if not on_gpus:
        return scores, at_output, at_output
    holders = sum(1 for d in computing if d.holds_output)
    in_all = scores * max(len(computing) - holders, 0) + at_output * holders
    return scores, at_output if holders else scores, in_all


def of_kv_type(load: ModelLoad, bytes_per_element: float) -> float | None:
    """MiB that a KV cache of f16 would lose when stored with so many bytes an element, or None."""
    cache = load.kv_cache
    if cache.size_mib is None or cache.k_type != "f16" or cache.v_type != "f16":
        return None
    return cache.size_mib * (1 - bytes_per_element / 2)


def _kv_total(load: ModelLoad, n_ctx: int | None) -> float | None:
    if n_ctx is None or load.kv_cache.n_cells not in (None, load.context.n_ctx):
        return None
    predicted = predicted_kv_mib(load, n_ctx)
    return None if predicted is None else sum(predicted)


def _gpus(load: ModelLoad) -> list[DeviceMemory]:
    return [d for d in gpu_devices(load) if d.kv_mib or d.compute_mib]
