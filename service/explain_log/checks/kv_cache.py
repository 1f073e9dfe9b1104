"""Redoes the arithmetic of the KV cache."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.memory_model import kv_mib, over_layers
from explain_log.checks.quant import block_of
from explain_log.checks.registry import load_check
from explain_log.checks.wording import number
from explain_log.facts.models import Facts, KvPart, ModelLoad
from explain_log.facts.record import lines_of

# Sizes are printed with two decimals.
PRINTED_WITHIN_MIB = 0.011


def predicted_kv_mib(load: ModelLoad, n_cells: int) -> tuple[float, float] | None:
    """(K, V) MiB of the attention caches with so many cells in all, or None where a number is missing.

    2 · n_ctx · n_layer · n_head_kv · head dimension · bytes per element for K and V of one type. With several
    caches (iSWA) each has its own cells and layers. MLA keeps kv_lora_rank + n_rot values a cell instead of heads.
    Source: llama-kv-cache.cpp, constructor.
    """
    cache = load.kv_cache
    if len(cache.parts) > 1:
        sizes = [_part_mib(load, part) for part in cache.parts]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes) or n_cells != (cache.n_cells or n_cells):
            return None
        return sum(k for k, _ in known), sum(v for _, v in known)
    if cache.n_layer is None:
        return None
    return _rows_mib(load, n_cells, cache.n_layer, cache.k_type, cache.v_type)


def _part_mib(load: ModelLoad, part: KvPart) -> tuple[float, float] | None:
    """One of several caches; cells are counted per stream."""
    if part.n_cells is None or part.n_layer is None:
        return None
    return _rows_mib(load, part.n_cells * (part.n_streams or 1), part.n_layer, part.k_type, part.v_type)


def _rows_mib(
    load: ModelLoad, n_cells: int, n_layer: int, k_type: str | None, v_type: str | None
) -> tuple[float, float] | None:
    model = load.model
    k_block, v_block = block_of(k_type), block_of(v_type)
    if k_block is None or v_block is None:
        return None
    if model.kv_lora_rank and model.n_rot and load.kv_cache.k_mib is not None and _is_mla(load):
        row = kv_mib(n_cells, n_layer, model.kv_lora_rank + model.n_rot, k_block)
        value = kv_mib(n_cells, n_layer, model.kv_lora_rank, v_block) if load.kv_cache.v_mib else 0.0
        return row, value
    if model.n_head_kv is None or model.n_embd_head_k is None or model.n_embd_head_v is None:
        return None
    heads = over_layers(model.n_head_kv, n_layer)
    if heads is None:
        return None
    return kv_mib(n_cells, heads, model.n_embd_head_k, k_block), kv_mib(n_cells, heads, model.n_embd_head_v, v_block)


def _is_mla(load: ModelLoad) -> bool:
    """A DeepSeek file with the MLA keys is read with one KV head; an older one keeps all heads."""
    return load.model.n_head_kv == 1


@load_check(
    "memory.kv_adds_up",
    "memory.kv_mismatch",
    needs=("kv_cache.size_mib", "kv_cache.n_layer", "model.n_head_kv", "model.n_embd_head_k", "model.n_embd_head_v"),
)
def kv_adds_up(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """The KV cache has the size that its shape predicts."""
    cells = load.kv_cache.n_cells or load.context.n_ctx
    size = load.kv_cache.size_mib
    predicted = predicted_kv_mib(load, cells) if cells is not None else None
    if not cells or size is None or predicted is None:
        return
    model, cache = load.model, load.kv_cache
    total = sum(predicted)
    values: dict[str, Value] = {
        "size_mib": size,
        "expected_mib": round(total, 2),
        "n_ctx": cells,
        "n_layer": cache.n_layer or 0,
        "n_head_kv": model.n_head_kv if isinstance(model.n_head_kv, int) else str(model.n_head_kv),
        "head_dim_k": model.n_embd_head_k or 0,
        "head_dim_v": model.n_embd_head_v or 0,
        "k_type": cache.k_type or "",
        "v_type": cache.v_type or "",
        "k_mib": round(predicted[0], 2),
        "v_mib": round(predicted[1], 2),
    }
    k_block = block_of(cache.k_type)
    one_type = cache.k_type == cache.v_type and model.n_embd_head_k == model.n_embd_head_v
    if k_block is not None:
        values["bytes_per_element"] = round(k_block[1] / k_block[0], 4)
        values["kv_per_token_mib"] = round(total / cells, 5)
    prefix = f"fact:loads.{load.index}."
    operands = {
        "n_ctx": prefix + ("kv_cache.n_cells" if load.kv_cache.n_cells else "context.n_ctx"),
        "n_layer": prefix + "kv_cache.n_layer",
        "n_head_kv": prefix + "model.n_head_kv",
        "head_dim": prefix + "model.n_embd_head_k",
        "size": prefix + "kv_cache.size_mib",
    }
    lines = lines_of(load, "kv_cache.size_mib", "kv_cache.n_layer", "context.n_ctx")
    if not total:
        return  # no layer has attention: what the log calls the cache is recurrent state
    fits = abs(total - size) <= PRINTED_WITHIN_MIB + 1e-6 * size
    if not fits and any(f"model.{name}" in load.derived for name in ("n_embd_head_k", "n_embd_head_v")):
        return  # the head size was not read: it may be what is off
    name = "memory.kv_adds_up" if fits else "memory.kv_mismatch"
    simple = one_type and isinstance(model.n_head_kv, int) and not (model.kv_lora_rank and _is_mla(load))
    variant = "parts" if len(cache.parts) > 1 else "simple" if simple else "two_sides"
    if variant == "parts":
        values["parts"] = ", ".join(
            f"{part.n_cells} × {part.n_streams or 1} × {part.n_layer} → {number(part.size_mib or 0.0, 2)} MiB"
            for part in cache.parts
        )
    yield Observation(name, load.index, values, lines, operands, variant)


@load_check("kv.quantized", needs=("kv_cache.k_type", "kv_cache.v_type"), says_unknown=False)
def quantized(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """K or V of the cache is stored in a quantized type: smaller than f16 by the ratio of bytes per element."""
    cache = load.kv_cache
    blocks = [block_of(cache.k_type), block_of(cache.v_type)]
    if any(block is None for block in blocks) or all(block is not None and block[0] == 1 for block in blocks):
        return
    f16_mib = sum(
        side * 2 / (block[1] / block[0])
        for side, block in zip((cache.k_mib or 0.0, cache.v_mib or 0.0), blocks, strict=True)
        if block is not None
    )
    values: dict[str, Value] = {"k_type": cache.k_type or "", "v_type": cache.v_type or ""}
    variant = "types_only"
    if cache.size_mib and f16_mib:
        values |= {
            "size_mib": cache.size_mib,
            "f16_mib": round(f16_mib, 2),
            "saved_mib": round(f16_mib - cache.size_mib, 2),
        }
        variant = "default"
    yield Observation(
        "kv.quantized", load.index, values, lines_of(load, "kv_cache.k_type", "kv_cache.size_mib"), {}, variant
    )
