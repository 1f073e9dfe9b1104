"""Which layers are on GPUs."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation
from explain_log.checks.registry import load_check
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import gpu_devices, lines_of

SMALLEST_USEFUL_CONTEXT = 2048
"""Tokens; what Ollama gave each request for years. Advice does not go below it."""


@load_check("offload.full", "offload.partial", "offload.none")
def offload(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """Every layer, some or none on GPUs: offloaded a/b counts the output layer as one.

    Source: llama-model.cpp, load_tensors (`offloaded %d/%d layers to GPU`, b = n_layer + 1). Where no such line was
    printed, buffers that are all on the CPU say that nothing was offloaded.
    """
    layers, total = load.layers_offloaded, load.layers_total
    gpus = [d for d in gpu_devices(load) if d.model_mib or d.kv_mib]
    if layers is None or total is None:
        if load.devices and any(d.model_mib for d in load.devices) and not gpus:
            lines = lines_of(load, *(f"devices.{d.device}.model_mib" for d in load.devices))
            yield Observation("offload.none", load.index, {"layers_offloaded": 0}, lines, variant="buffers")
        elif layers == 0 and not gpus:
            lines = lines_of(load, "layers_offloaded", "context.n_ctx", "context.n_seq_max")
            yield Observation("offload.none", load.index, {"layers_offloaded": 0}, lines, variant="request")
        return
    on_cpu = [d for d in load.devices if d.model_mib]
    if layers and on_cpu and not gpus:
        lines = lines_of(load, *(f"devices.{d.device}.model_mib" for d in on_cpu))
        yield Observation("offload.none", load.index, {"layers_offloaded": 0}, lines, variant="buffers")
        return
    values: dict[str, float | int | str] = {
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
        yield Observation("offload.none", load.index, values, lines, operands)
    elif layers < total:
        per_seq, slots = load.context.n_ctx_per_seq, load.context.n_seq_max
        if per_seq is not None and per_seq > SMALLEST_USEFUL_CONTEXT:
            values["smaller_num_ctx"] = max(per_seq // 2, SMALLEST_USEFUL_CONTEXT)
        if slots is not None and slots > 1:
            values["n_seq_max"] = slots
        yield Observation("offload.partial", load.index, values, lines, operands, planned or "default")
    else:
        many = "many" if len(gpus) > 1 else "one"
        yield Observation("offload.full", load.index, values, lines, operands, planned or many)
