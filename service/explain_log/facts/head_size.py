"""The size of an attention head, as the KV cache shows it where no line says it."""

from __future__ import annotations

from explain_log.facts.models import KvPart, ModelLoad
from explain_log.knowledge import Knowledge

_BYTES_PER_MIB = 1024 * 1024
_PRINTED_WITHIN_MIB = 0.011  # sizes are printed with two decimals
_HOW = "the KV cache's bytes / (cells · layers · n_head_kv · bytes per element)"


def head_sizes_by_cache(load: ModelLoad, knowledge: Knowledge) -> None:
    """Puts right a head size that was only derived from n_embd / n_head and that the cache contradicts.

    Many models have heads of another size (Gemma, Qwen 3). Only where the log counts the cache's layers, and all of
    its parts give one and the same whole number. Source: llama-kv-cache.cpp, constructor.
    """
    if "kv_cache.n_layer" not in load.lines or not isinstance(load.model.n_head_kv, int):
        return
    cache = load.kv_cache
    parts = cache.parts if len(cache.parts) > 1 else [_whole(load)]
    for side in ("k", "v"):
        path = f"model.n_embd_head_{side}"
        if path in load.derived:
            sizes = {_head_size(part, side, load.model.n_head_kv, knowledge) for part in parts}
            size = sizes.pop()
            if size is not None and not sizes and size != getattr(load.model, f"n_embd_head_{side}"):
                setattr(load.model, f"n_embd_head_{side}", size)
                load.derived[path] = _HOW


def _whole(load: ModelLoad) -> KvPart:
    """The only cache of a load as a part."""
    cache = load.kv_cache
    return KvPart(
        "attention", n_cells=cache.n_cells or load.context.n_ctx, n_layer=cache.n_layer,
        k_type=cache.k_type, v_type=cache.v_type, k_mib=cache.k_mib, v_mib=cache.v_mib,
    )  # fmt: skip


def _head_size(part: KvPart, side: str, n_head_kv: int, knowledge: Knowledge) -> int | None:
    """Elements of one head's row in a part of the cache, or None where they are no whole number."""
    mib, kind = getattr(part, f"{side}_mib"), getattr(part, f"{side}_type")
    block = knowledge.table("quant_types")["types"].get((kind or "").lower())
    if not mib or not block or not part.n_cells or not part.n_layer or not n_head_kv:
        return None
    rows = part.n_cells * (part.n_streams or 1) * part.n_layer * n_head_kv
    mib_per_element = rows * block[1] / block[0] / _BYTES_PER_MIB
    size = round(mib / mib_per_element)
    exact = mib_per_element > 2 * _PRINTED_WITHIN_MIB and abs(size * mib_per_element - mib) <= _PRINTED_WITHIN_MIB
    return size if exact and size else None
