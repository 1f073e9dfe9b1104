"""Completes loads with what follows from their own lines or from a pass beside them that agrees."""

from __future__ import annotations

from dataclasses import fields

from explain_log.facts.head_size import head_sizes_by_cache
from explain_log.facts.models import Model, ModelLoad
from explain_log.facts.placement import derive_placement
from explain_log.facts.record import derive, is_gpu
from explain_log.knowledge import Knowledge

_KIND = ("model_mib", "kv_mib", "recurrent_mib", "compute_mib", "output_mib")


def complete(loads: list[ModelLoad], knowledge: Knowledge) -> None:
    """Derives what the log shows only indirectly. Values that were read are never changed, with one exception:
    the placeholder file type of an old vocab-only pass is no fact about the model."""
    for load in loads:
        _file_type(load, knowledge)
        _digest(load)
    for load in loads:
        if load.purpose == "serve":
            _model_from_vocab_pass(load, loads)
    for load in loads:
        _counts(load)
        _kv_layers(load)
        head_sizes_by_cache(load, knowledge)
        _not_offloaded(load)
        _context(load)
        derive_placement(load)
        _totals(load)


def _file_type(load: ModelLoad, knowledge: Knowledge) -> None:
    """A vocab-only pass of the old era prints `?B` and `all F32`, which are the empty values."""
    model = load.model
    if load.purpose != "vocab_only":
        return
    if model.type_label == "?B":
        model.type_label = None
        load.placeholder_type = True
        load.lines.pop("model.type_label", None)
    if model.file_type == "all F32" and model.general_file_type != 0:
        model.file_type = None
        load.lines.pop("model.file_type", None)
    if model.general_file_type is not None and model.file_type is None:
        name = knowledge.table("quant_types")["file_types"].get(str(model.general_file_type))
        derive(load, "model.file_type", name, f"general.file_type = {model.general_file_type}")


def _digest(load: ModelLoad) -> None:
    """Ollama's model files are named by their SHA-256."""
    path = load.model.path or ""
    _, marker, rest = path.replace("sha256:", "sha256-").rpartition("sha256-")
    if marker and len(rest) == 64 and all(c in "0123456789abcdef" for c in rest):
        derive(load, "model.digest", rest, "the name of the model file")


def _model_from_vocab_pass(load: ModelLoad, loads: list[ModelLoad]) -> None:
    """A load whose metadata is cut off takes it from a vocab-only pass beside it that agrees with it."""
    if load.model.arch is not None or load.model.n_tensors is not None:
        return
    for other in sorted(loads, key=lambda o: abs(o.index - load.index)):
        if other.purpose != "vocab_only" or abs(other.index - load.index) > 1:
            continue
        agreed = _agreement(load, other)
        if agreed is None:
            continue
        how = f"from the vocab-only pass of load {other.index}, which agrees: {agreed}"
        for field in fields(Model):
            value = getattr(other.model, field.name)
            if value is None or value == {}:
                continue
            if field.name == "tensor_types":
                load.model.tensor_types = dict(value)
                load.derived["model.tensor_types"] = how
            else:
                derive(load, f"model.{field.name}", value, how)
        return


def _agreement(load: ModelLoad, other: ModelLoad) -> str | None:
    """What shows that two passes are of one model, or None: the file or the layer count, and no contradiction."""
    shown = []
    blocks = other.model.n_layer
    if load.model.path is not None and load.model.path == other.model.path:
        return "the same file"
    if load.model.digest is not None and other.model.digest not in (None, load.model.digest):
        return None
    if load.layers_total is not None and blocks is not None:
        if load.layers_total != blocks + 1:
            return None
        shown.append(f"{load.layers_total} layers with the output layer")
    elif load.kv_cache.n_layer is not None and blocks is not None:
        if load.kv_cache.n_layer != blocks:
            return None
        shown.append(f"{blocks} layers")
    else:
        return None
    ours, theirs = load.model.n_ctx_train, other.model.n_ctx_train
    if ours is not None and theirs is not None:
        if ours != theirs:
            return None
        shown.append(f"n_ctx_train {ours}")
    return ", ".join(shown)


def _counts(load: ModelLoad) -> None:
    model = load.model
    repeating, line = load.asked.get("repeating", (None, 0))
    if isinstance(repeating, int) and load.layers_total is not None and load.layers_offloaded == load.layers_total:
        # Until December 2023 the total counted two more: the halves of the KV cache.
        derive(load, "model.n_layer", repeating, f"line {line}: the repeating layers, all of them offloaded")
    if load.layers_total is not None:
        derive(load, "model.n_layer", load.layers_total - 1, "layers_total without the output layer")
    if (
        isinstance(model.n_head, int)
        and model.n_embd is not None
        and model.n_head > 0
        and model.n_embd % model.n_head == 0
    ):
        how = "n_embd / n_head"
        derive(load, "model.n_embd_head_k", model.n_embd // model.n_head, how)
        derive(load, "model.n_embd_head_v", model.n_embd // model.n_head, how)


def _kv_layers(load: ModelLoad) -> None:
    """Where the cache's line does not count layers, every layer has a part of it, unless some are recurrent."""
    cache, model = load.kv_cache, load.model
    recurrent = bool(model.ssm_d_state) or cache.recurrent_mib is not None
    if cache.size_mib and not recurrent and len(cache.parts) <= 1 and load.engine != "ollama-engine":
        derive(load, "kv_cache.n_layer", model.n_layer, "every layer of the model has its own KV cache")


def _not_offloaded(load: ModelLoad) -> None:
    """Ollama's estimate of 0 layers, which no buffer on a GPU belies."""
    estimate = load.estimate
    on_gpu = any(is_gpu(device.device) for device in load.devices if device.model_mib or device.kv_mib)
    if estimate is not None and estimate.layers_offload == 0 and not on_gpu:
        derive(load, "layers_offloaded", 0, "estimate.layers_offload is 0 and no buffer is on a GPU")


def _context(load: ModelLoad) -> None:
    context = load.context
    if context.n_ctx is not None and context.n_seq_max and context.n_ctx_per_seq is None:
        if context.kv_unified:
            derive(load, "context.n_ctx_per_seq", context.n_ctx, "n_ctx, since the cache is unified")
        else:
            derive(load, "context.n_ctx_per_seq", context.n_ctx // context.n_seq_max, "n_ctx / n_seq_max")


def _totals(load: ModelLoad) -> None:
    """total_mib is the sum of the device's buffers."""
    for device in load.devices:
        sizes = [size for kind in _KIND if (size := getattr(device, kind)) is not None]
        if sizes:
            derive(load, f"devices[{device.device}].total_mib", round(sum(sizes), 2), "sum of the device's buffers")
