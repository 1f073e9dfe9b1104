"""Which layers are on GPUs."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.kv_place import kv_on_cpu
from explain_log.checks.memory import held_by_the_host_mib
from explain_log.checks.registry import load_check
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import gpu_devices, lines_of

SMALLEST_USEFUL_CONTEXT = 2048
"""Tokens; what Ollama gave each request for years. Advice does not go below it."""


@load_check("offload.full", "offload.partial", "offload.none")
def offload(load: ModelLoad, facts: Facts) -> Iterator[Observation]:
    """Every layer, some or none on GPUs: offloaded a/b counts the output layer as one.

    Source: llama-model.cpp, load_tensors (`offloaded %d/%d layers to GPU`, b = n_layer + 1). Where no such line was
    printed, buffers that are all on the CPU say that nothing was offloaded.
    """
    layers, total = load.layers_offloaded, load.layers_total
    gpus = [d for d in gpu_devices(load) if d.model_mib or d.kv_mib]
    if layers is None or total is None:
        if load.devices and any(d.model_mib for d in load.devices) and not gpus:
            lines = lines_of(load, *(f"devices.{d.device}.model_mib" for d in load.devices))
            yield _none(load, facts, {}, lines, {}, "buffers")
        elif layers == 0 and not gpus:
            lines = lines_of(load, "layers_offloaded", "context.n_ctx", "context.n_seq_max")
            yield _none(load, facts, {}, lines, {}, "request")
        return
    on_cpu = [d for d in load.devices if d.model_mib]
    if layers and on_cpu and not gpus:
        lines = lines_of(load, *(f"devices.{d.device}.model_mib" for d in on_cpu))
        yield _none(load, facts, {}, lines, {}, "buffers")
        return
    values: dict[str, Value] = {
        "layers_offloaded": layers,
        "layers_total": total,
        "n_layer": load.model.n_layer or total - 1,
        "layers_on_cpu": total - layers,
        "gpus": len(gpus),
        "device": gpus[0].device if gpus else "GPU",
    }
    operands = {"a": f"fact:loads.{load.index}.layers_offloaded", "b": f"fact:loads.{load.index}.layers_total"}
    lines = lines_of(load, "layers_offloaded", "layers_total")
    planned = "planned" if load.outcome == "failed" else None  # the line is printed before memory is allocated
    if layers == 0:
        yield _none(load, facts, values, lines, operands, "default")
    elif layers < total:
        per_seq, slots = load.context.n_ctx_per_seq, load.context.n_seq_max
        if per_seq is not None and per_seq > SMALLEST_USEFUL_CONTEXT:
            values["smaller_num_ctx"] = _smaller_context(per_seq, load.model.n_ctx_train)
        if slots is not None and slots > 1:
            values["n_seq_max"] = slots
        yield Observation("offload.partial", load.index, values, lines, operands, planned or "default")
    else:
        many = "kv_on_cpu" if kv_on_cpu(load) else "many" if len(gpus) > 1 else "one"
        on_host, on_gpus = held_by_the_host_mib(load), sum(d.model_mib or 0.0 for d in gpus)
        if not planned and gpus and _holds_layers(load, on_host, on_gpus):
            values |= {"host_model_mib": round(on_host, 2), "gpu_model_mib": round(on_gpus, 2)}
            many = "weights_on_cpu"
            lines += lines_of(load, *(f"devices.{d.device}.model_mib" for d in on_cpu))
        yield Observation("offload.full", load.index, values, lines, operands, planned or many)


def _smaller_context(per_seq: int, trained: int | None) -> int:
    """Half of what a request has, not below what is useful, and no more than the model has learned."""
    half = max(per_seq // 2, SMALLEST_USEFUL_CONTEXT)
    return min(half, trained) if trained else half


def _holds_layers(load: ModelLoad, on_host: float, on_gpus: float) -> bool:
    """Whether the CPU must hold tensors of layers that the line counts as offloaded, such as experts.

    `--cpu-moe` and `-ot` place tensors on the CPU, and llama.cpp counts their layers as offloaded all the same. A large
    embedding or per-layer embeddings are on the CPU as well, so the graph has to say so too: it is cut at each layer.
    Source: llama-model.cpp, load_tensors (tensor_buft_overrides).
    """
    splits = load.graph.splits
    return on_host > on_gpus and splits is not None and splits > (load.model.n_layer or splits)


def _none(
    load: ModelLoad, facts: Facts, values: dict[str, Value], lines: list[int], operands: dict[str, str], variant: str
) -> Observation:
    """No layer on a GPU. One that has a compute buffer all the same computes the batches of long prompts.

    Source: ggml-backend.cpp, ggml_backend_sched_backend_id_from_cur (op offload).
    """
    values = {"layers_offloaded": 0, **values}
    scratch = [d for d in gpu_devices(load) if d.compute_mib]
    if scratch:
        values |= {"device": scratch[0].device, "scratch_mib": round(sum(d.compute_mib or 0.0 for d in scratch), 2)}
        lines = [*lines, *lines_of(load, *(f"devices.{d.device}.compute_mib" for d in scratch))]
        variant = "prompts"
    values |= _room(load, facts)
    return Observation("offload.none", load.index, values, lines, operands, variant)


def _room(load: ModelLoad, facts: Facts) -> dict[str, Value]:
    """What the GPUs that the server found have free, and what the weights take; nothing where it found none."""
    found = facts.server_runs[load.server_run].devices if load.server_run is not None else []
    if not found:
        return {}
    room: dict[str, Value] = {"gpus_found": len(found), "all_layers": load.layers_total or 99}
    free = [device.available_mib for device in found if device.available_mib is not None]
    if len(free) == len(found):
        room["gpu_free_mib"] = round(sum(free), 2)
    if load.model.size_mib is not None:
        room["size_mib"] = round(load.model.size_mib, 2)
    return room
