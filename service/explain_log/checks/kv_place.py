"""Whether the KV cache is where the layers are."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import load_check
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import gpu_devices, lines_of


def kv_on_cpu(load: ModelLoad) -> bool:
    """Whether layers are on GPUs and the whole KV cache is not (`--no-kv-offload`).

    One offloaded layer may be the output layer, which has no cache. Source: llama-kv-cache.cpp, constructor (offload).
    """
    gpus = gpu_devices(load)
    holds = any(d.kv_mib for d in load.devices) and not any(d.kv_mib for d in gpus)
    return holds and any(d.model_mib for d in gpus) and (load.layers_offloaded or 0) > 1


@load_check("kv.on_cpu", needs=("kv_cache.size_mib", "layers_offloaded"), says_unknown=False)
def cache_on_cpu(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """Layers are on GPUs and the whole KV cache is in system memory: attention is computed there."""
    if load.outcome == "failed" or not kv_on_cpu(load):
        return
    values: dict[str, Value] = {
        "kv_mib": load.kv_cache.size_mib or 0.0,
        "layers_offloaded": load.layers_offloaded or 0,
        "layers_total": load.layers_total or 0,
        "devices": ", ".join(d.device for d in load.devices if d.kv_mib),
    }
    operands = {"kv": f"fact:loads.{load.index}.kv_cache.size_mib"}
    lines = lines_of(load, *(f"devices.{d.device}.kv_mib" for d in load.devices if d.kv_mib), "layers_offloaded")
    yield Observation("kv.on_cpu", load.index, values, lines, operands)
