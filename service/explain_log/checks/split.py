"""How layers are split over several GPUs, and what the output layer costs where it is."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.memory_model import matrix_mib
from explain_log.checks.quant import block_of, output_type_of
from explain_log.checks.registry import load_check
from explain_log.facts.models import DeviceMemory, Facts, ModelLoad
from explain_log.facts.record import gpu_devices, lines_of

# A device's weights without the output matrix have to fit its blocks as well as the others' do.
_BLOCK_SIZE_WITHIN = 0.15


@load_check("split.balanced", "split.uneven", needs=("devices",), says_unknown=False)
def split(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """2+ GPUs: layers per GPU, the output layer counted as one, differ by at most 1 or by more.

    Source: llama-model.cpp, load_tensors: item i of act = n_layer + 1 goes to the first device whose
    cumulative share of the splits is greater than i / act.
    """
    gpus = [d for d in gpu_devices(load) if d.layers is not None]
    if len(gpus) < 2 or len(gpus) != len(gpu_devices(load)):
        return
    if load.layers_offloaded == load.layers_total and load.layers_total and not any(d.holds_output for d in gpus):
        return  # one of them has the output layer as well, and the log does not tell which
    items = [(d.layers or 0) + (1 if d.holds_output else 0) for d in gpus]
    totals = [d.total_mib or 0.0 for d in gpus]
    mean = sum(totals) / len(totals)
    most, least = max(gpus, key=lambda d: d.layers or 0), min(gpus, key=lambda d: d.layers or 0)
    holder = next((d for d in gpus if d.holds_output), None)
    values: dict[str, Value] = {f"layers_{d.device}": d.layers or 0 for d in gpus}
    values |= {
        "layers": layers_in_words(gpus),
        "gpus": len(gpus),
        "items": sum(items),
        "items_least": min(items),
        "items_most": max(items),
        "n_layer": sum(d.layers or 0 for d in gpus),
        "device_most": most.device,
        "layers_most": most.layers or 0,
        "device_least": least.device,
        "layers_least": least.layers or 0,
        "kv_layer_mib": round((load.kv_cache.size_mib or 0.0) / (load.kv_cache.n_layer or 1), 2),
        "kv_most_mib": most.kv_mib or 0.0,
        "max_deviation_percent": round(max(abs(t - mean) for t in totals) / mean * 100, 1) if mean else 0.0,
        "output_device": holder.device if holder else "",
    }
    operands = {f"layers({d.device})": f"fact:loads.{load.index}.devices.{d.device}.layers" for d in gpus}
    lines = lines_of(load, *(f"devices.{d.device}.kv_mib" for d in gpus), "kv_cache.n_layer")
    name = "split.balanced" if max(items) - min(items) <= 1 else "split.uneven"
    # One item is left over, and the first GPU has it: the text says just that.
    one_over = sum(items) % len(gpus) == 1 and most is gpus[0] and holder is not None and most is not holder
    variant = "extra_first" if one_over and (most.layers or 0) > (least.layers or 0) else "default"
    yield Observation(name, load.index, values, lines, operands, variant)


def layers_in_words(gpus: list[DeviceMemory]) -> str:
    """`CUDA0 11, CUDA1–CUDA6 10, CUDA7 9`: runs of devices with the same number of layers together."""
    groups: list[tuple[str, str, int]] = []
    for device in gpus:
        layers = device.layers or 0
        if groups and groups[-1][2] == layers:
            groups[-1] = (groups[-1][0], device.device, layers)
        else:
            groups.append((device.device, device.device, layers))
    return ", ".join(f"{a} {n}" if a == b else f"{a}–{b} {n}" for a, b, n in groups)


@load_check("split.output_layer", needs=("devices",), says_unknown=False)
def output_layer(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """Which device holds the output layer and what its matrix takes there: n_vocab · n_embd in its type.

    The type is the quantizer's choice for the file's type (src/llama-quant.cpp, llama_tensor_get_type); it is taken
    only if what remains on the device fits its blocks.
    """
    holder = next((d for d in gpu_devices(load) if d.holds_output), None)
    if holder is None or len(gpu_devices(load)) < 2:
        return
    values: dict[str, Value] = {"device": holder.device, "layers": holder.layers or 0}
    if holder.model_mib is not None:
        values["model_mib"] = holder.model_mib
    lines = lines_of(load, f"devices.{holder.device}.model_mib", f"devices.{holder.device}.kv_mib", "layers_offloaded")
    operands = {"model": f"fact:loads.{load.index}.devices.{holder.device}.model_mib"}
    cost = output_matrix_mib(load, holder)
    if cost is None:
        yield Observation("split.output_layer", load.index, values, lines, operands, "cost_unknown")
        return
    size, type_name = cost
    values |= {
        "output_mib": round(size, 2),
        "output_type": type_name,
        "n_vocab": load.model.n_vocab or 0,
        "n_embd": load.model.n_embd or 0,
        "rest_mib": round((holder.model_mib or 0.0) - size, 2),
    }
    operands |= {n: f"fact:loads.{load.index}.model.{n}" for n in ("n_vocab", "n_embd")}
    yield Observation("split.output_layer", load.index, values, lines, operands)


def output_matrix_mib(load: ModelLoad, holder: DeviceMemory) -> tuple[float, str] | None:
    """(MiB, type) of the output matrix, or None where it cannot be told with certainty."""
    model = load.model
    type_name = output_type_of(model.file_type)
    block = block_of(type_name)
    if (
        block is None
        or type_name is None
        or not model.n_vocab
        or not model.n_embd
        or not holder.layers
        or not holder.model_mib
    ):
        return None
    if model.tensor_types and type_name not in {name.lower() for name in model.tensor_types}:
        return None
    size = matrix_mib(model.n_vocab, model.n_embd, block)
    a_block = (holder.model_mib - size) / holder.layers
    others = [(d.model_mib or 0.0) / d.layers for d in gpu_devices(load) if d is not holder and d.layers]
    if not others or not min(others) * (1 - _BLOCK_SIZE_WITHIN) <= a_block <= max(others) * (1 + _BLOCK_SIZE_WITHIN):
        return None
    return size, type_name
