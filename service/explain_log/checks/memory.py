"""Whether the buffers add up, what they take in all, and what drives the large ones."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.memory_model import hidden_state_mib, mask_mib, matrix_mib, scores_mib
from explain_log.checks.quant import block_of
from explain_log.checks.registry import load_check
from explain_log.checks.wording import number
from explain_log.facts.models import DeviceMemory, Facts, ModelLoad
from explain_log.facts.record import gpu_devices, lines_of

# `model size` is printed with two decimals of GiB (or MiB); alignment adds a little to each buffer.
_PRINTED_GIB_MIB = 5.12
_PRINTED_MIB = 0.006
_ALIGNMENT_SHARE = 0.001
_LARGE_SHARE = 0.15
_MAPPED = ("CPU_Mapped", "Metal_Mapped", "MTL0_Mapped")
_MAPPED_ONCE = "CPU"  # what a mapped buffer was called before November 2024
_KINDS = ("model_mib", "kv_mib", "recurrent_mib", "compute_mib", "output_mib")
_REPACKED = ("CPU_REPACK", "CPU_AARCH64", "AMX")


@load_check("memory.weights_add_up", "memory.weights_mismatch", needs=("model.size_mib", "devices"))
def weights_add_up(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """The model buffers add up to the model's size, or a known reason explains the rest.

    Known reasons (llama-model.cpp, load_tensors): tied embeddings are held on both sides; a mapped buffer spans the
    file's region from its first to its last tensor; repacked copies on the CPU come on top of what they were made from.
    """
    size = load.model.size_mib
    held = {d.device: d.model_mib for d in load.devices if d.model_mib is not None}
    if size is None or not held:
        return
    total = sum(held.values())
    within = _within(size)
    values: dict[str, Value] = {
        "sum_mib": round(total, 2),
        "size_mib": round(size, 2),
        "difference_mib": round(abs(total - size), 2),
        "buffers": len(held),
        "rounding_mib": round(_PRINTED_GIB_MIB if size >= 1024 else _PRINTED_MIB, 2),
    }
    operands = {f"model({name})": f"fact:loads.{load.index}.devices.{name}.model_mib" for name in held}
    operands["size"] = f"fact:loads.{load.index}.model.size_mib"
    lines = lines_of(load, *(f"devices.{name}.model_mib" for name in held), "model.size_mib")
    if abs(total - size) <= within:
        printed = abs(total - size) <= (_PRINTED_GIB_MIB if size >= 1024 else _PRINTED_MIB)
        variant = "alignment" if not printed else "default" if values["difference_mib"] else "exact"
        yield Observation("memory.weights_add_up", load.index, values, lines, operands, variant)
        return
    reason = _known_reason(load, held, total - size, within)
    name = "memory.weights_mismatch" if reason is None else "memory.weights_add_up"
    variant = reason or ("more" if total > size else "default")
    yield Observation(name, load.index, values, lines, operands, variant)


def _known_reason(load: ModelLoad, held: dict[str, float], excess: float, within: float) -> str | None:
    """Which known reason explains that the buffers hold so much more than the file, or None."""
    repacked = sum(held.get(name, 0.0) for name in _REPACKED)
    if excess > 0 and repacked and excess <= repacked + within:
        return "repacked"
    mapped = sum(held.get(name, 0.0) for name in _MAPPED)
    if excess > 0 and any(abs(excess - size) <= within for size in _embedding_sizes(load)):
        return "tied_embeddings"
    if excess > 0 and mapped and excess <= mapped + within:
        return "mapped_span"
    on_gpus = {d.device for d in gpu_devices(load)}
    host = sum(mib for name, mib in held.items() if name not in on_gpus)
    if not load.model.n_vocab and on_gpus & held.keys() and host and abs(excess - host) <= within:
        return "tied_embeddings"  # all of the file is on the GPUs, and what the CPU keeps beside it is the embedding
    if on_gpus & held.keys() and 0 < excess <= held.get(_MAPPED_ONCE, 0.0) + within:
        return "mapped_span"
    return None


def _embedding_sizes(load: ModelLoad) -> list[float]:
    """MiB of the embedding matrix in each of the file's types."""
    model = load.model
    if not model.n_vocab or not model.n_embd:
        return []
    blocks = [block_of(name) for name in model.tensor_types]
    return [matrix_mib(model.n_vocab, model.n_embd, block) for block in blocks if block is not None]


@load_check("memory.total", needs=("devices",), says_unknown=False)
def total(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """What the load takes on each device and in all: weights, KV cache, compute and output buffers.

    A kind of buffer that no line tells of is not 0 but unknown, and is named. What a mapped buffer on the CPU only
    spans, because it lies on a GPU, is not counted a second time.
    """
    gpus = gpu_devices(load)
    gpu = sum(d.total_mib or 0.0 for d in gpus)
    rest = [d for d in load.devices if d not in gpus]
    host = sum(d.total_mib or 0.0 for d in rest)
    if not gpu + host:
        return
    spanned = _spanned_mib(load)
    most = max(gpus, key=lambda d: d.total_mib or 0.0, default=None)
    largest = most or max(load.devices, key=lambda d: d.total_mib or 0.0)
    untold = _untold(load)
    extent = _extent(load) or ("incomplete" if untold else None)
    values: dict[str, Value] = {
        "total_mib": round(gpu + host - spanned, 2),
        "gpu_mib": round(gpu, 2),
        "host_mib": round(host - spanned, 2),
        "gpus": len(gpus),
        **{f"gpu_{kind}": size for kind, size in _sums(load, gpus).items()},
        **{f"total_{d.device}_mib": d.total_mib or 0.0 for d in load.devices},
        "largest_device": largest.device,
        "largest_mib": largest.total_mib or 0.0,
        **untold,
    }
    if spanned:
        values["spanned_mib"] = round(spanned, 2)
    operands = {f"total({d.device})": f"fact:loads.{load.index}.devices.{d.device}.total_mib" for d in load.devices}
    lines = lines_of(load, *(f"devices.{d.device}.{kind}" for d in load.devices for kind in _KINDS))
    in_order = [*gpus, *sorted(rest, key=lambda d: d.device)]
    values["allocated"] = ", ".join(f"{d.device} {number(d.total_mib, 2)} MiB" for d in in_order if d.total_mib)
    variant = extent or ("cpu_only" if not gpus else "gpus" if len(gpus) > 1 else "gpu")
    yield Observation("memory.total", load.index, values, lines, operands, variant)


def _sums(load: ModelLoad, gpus: list[DeviceMemory]) -> dict[str, float]:
    """MiB of each kind on the GPUs together, for the kinds that the log tells of; `other_mib` is beside the three."""
    told = [kind for kind in _KINDS if any(getattr(d, kind) is not None for d in load.devices)]
    sums = {kind: round(sum(getattr(d, kind) or 0.0 for d in gpus), 2) for kind in told}
    others = [sums[kind] for kind in ("recurrent_mib", "output_mib") if kind in sums]
    return sums | ({"other_mib": round(sum(others), 2)} if others else {})


def _untold(load: ModelLoad) -> dict[str, Value]:
    """The kinds of buffer that every model has and that no line tells of: value name → how such a line begins.

    A model without attention has no KV cache, nor has an encoder; compute buffers are the last that are printed, so
    where they are told and a cache is not there was none. Source: llama_context, constructor.
    """
    told = {kind for kind in _KINDS if any(getattr(d, kind) is not None for d in load.devices)}
    untold: dict[str, Value] = {}
    if "model_mib" not in told:
        untold["untold_weights"] = "model buffer size"
    if not told & {"kv_mib", "recurrent_mib", "compute_mib"}:
        untold["untold_kv"] = "KV buffer size"
    if "compute_mib" not in told:
        untold["untold_compute"] = "compute buffer size"
    return untold


def _spanned_mib(load: ModelLoad) -> float:
    """How much of the CPU's mapped buffer is only spanned: the tensors in between are on a GPU."""
    size = load.model.size_mib
    held = {d.device: d.model_mib for d in load.devices if d.model_mib is not None}
    excess = sum(held.values()) - size if size is not None else 0.0
    if size is None or excess <= _within(size) or _known_reason(load, held, excess, _within(size)) != "mapped_span":
        return 0.0
    return excess if excess <= max(held.get(_MAPPED[0], 0.0), held.get(_MAPPED_ONCE, 0.0)) else 0.0


def held_by_the_host_mib(load: ModelLoad) -> float:
    """MiB of weights on the CPU's side, without what a mapped buffer only spans."""
    on_gpus = {d.device for d in gpu_devices(load)}
    return sum(d.model_mib or 0.0 for d in load.devices if d.device not in on_gpus) - _spanned_mib(load)


def _within(size_mib: float) -> float:
    """How far the buffers may be off a model's printed size."""
    return (_PRINTED_GIB_MIB if size_mib >= 1024 else _PRINTED_MIB) + _ALIGNMENT_SHARE * size_mib


def _extent(load: ModelLoad) -> str | None:
    """How far the load came: what is not there may never have been allocated, or stand after the log's end."""
    if load.outcome == "failed":
        return "failed"
    complete = any(
        d.kv_mib is not None or d.recurrent_mib is not None or d.compute_mib is not None for d in load.devices
    )
    return "partial" if load.outcome == "unknown" and not complete else None


@load_check("memory.compute_large", needs=("devices",), says_unknown=False)
def compute_large(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """All compute buffers together are more than 15 % of all model buffers; says what drives them.

    Without flash attention: the score matrix n_head · n_ctx · n_ubatch · 4 bytes on each device, and the pipeline's
    copies of the mask and of the incoming hidden state. Source: ggml-alloc.c over the graph of llama-graph.cpp.
    """
    compute = sum(d.compute_mib or 0.0 for d in load.devices)
    weights = sum(d.model_mib or 0.0 for d in load.devices)
    if not compute or not weights or compute <= _LARGE_SHARE * weights:
        return
    gpus = [d for d in gpu_devices(load) if d.compute_mib]
    gpu_compute = sum(d.compute_mib or 0.0 for d in gpus)
    holder = gpus[0] if gpus else max(load.devices, key=lambda d: d.compute_mib or 0.0)
    values: dict[str, Value] = {
        "compute_mib": round(compute, 2),
        "weights_mib": round(weights, 2),
        "share": round(compute / weights, 4),
        "gpu_compute_mib": round(gpu_compute, 2),
        "gpu_share": round(gpu_compute / weights, 4),
        "host_compute_mib": round(compute - gpu_compute, 2),
        "gpus": len(gpus),
        "device": holder.device,
        "device_compute_mib": holder.compute_mib or 0.0,
    }
    operands = {
        f"compute({d.device})": f"fact:loads.{load.index}.devices.{d.device}.compute_mib"
        for d in load.devices
        if d.compute_mib
    }
    lines = lines_of(load, *(f"devices.{d.device}.compute_mib" for d in load.devices))
    variant = _add_drivers(load, values, holder.compute_mib or 0.0, len(gpus))
    yield Observation("memory.compute_large", load.index, values, lines, operands, variant)


def _add_drivers(load: ModelLoad, values: dict[str, Value], buffer_mib: float, gpus: int) -> str:
    """Adds what the compute buffer is made of; gives the variant of the text."""
    context, model = load.context, load.model
    n_ctx, ubatch, copies = context.n_ctx, context.n_ubatch, load.pipeline_copies or 1
    if context.flash_attn != "disabled" or not isinstance(model.n_head, int) or n_ctx is None or ubatch is None:
        return "drivers_unknown" if context.flash_attn != "enabled" else "flash_attention"
    scores = scores_mib(model.n_head, n_ctx, ubatch)
    if scores > buffer_mib or scores < buffer_mib / 4:
        return "drivers_unknown"  # the formula's main term is not what this buffer is made of
    values |= {"scores_mib": round(scores, 2), "n_head": model.n_head, "n_ctx": n_ctx, "n_ubatch": ubatch}
    if model.n_embd is None or copies == 1 or gpus < 2:
        return "scores"
    mask, hidden = mask_mib(n_ctx, ubatch, copies), hidden_state_mib(model.n_embd, ubatch, copies)
    values |= {
        "copies": copies,
        "mask_copies_mib": round(mask, 2),
        "hidden_copies_mib": round(hidden, 2),
        "copies_mib": round(mask + hidden, 2),
        "activations_mib": round(buffer_mib - scores - mask - hidden, 2),
    }
    return "scores_and_copies"
