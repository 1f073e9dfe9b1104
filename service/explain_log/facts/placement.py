"""Derives which layers lie on which device, where the log allows it."""

from __future__ import annotations

from explain_log.facts.models import DeviceMemory, ModelLoad
from explain_log.facts.record import derive, gpu_devices, is_gpu

# Sizes are printed with two decimals; a count of layers found from them has to be this close to whole.
_WHOLE_WITHIN = 0.02


def derive_placement(load: ModelLoad) -> None:
    """Sets `layers` and `holds_output` of the load's GPU devices, or leaves them None.

    The KV cache of a layer lies where the layer lies, and every layer's has the same size, so
    layers = KV on the device · n_layer / KV in all. Source: llama-kv-cache.cpp (constructor), llama-model.cpp
    (load_tensors, dev_layer).
    """
    counts = _layers_from_kv(load)
    if counts is None:
        return
    total, n_layer = load.kv_cache.size_mib, load.kv_cache.n_layer
    for device, layers in counts:
        derive(
            load,
            f"devices[{device.device}].layers",
            layers,
            f"{device.kv_mib:g} MiB of KV cache / ({total:g} MiB / {n_layer} layers)",
        )
    _derive_output(load, counts)


def _layers_from_kv(load: ModelLoad) -> list[tuple[DeviceMemory, int]] | None:
    """Layers of every device that holds KV cache, or None where sizes do not tell them."""
    cache = load.kv_cache
    if cache.n_layer is not None and load.model.n_layer not in (None, cache.n_layer):
        return None  # a hybrid model: only its attention layers have a KV cache
    if (
        not cache.size_mib
        or not 0 < cache.size_mib < float("inf")
        or not cache.n_layer
        or len(cache.parts) > 1
        or isinstance(load.model.n_head_kv, list)
    ):
        return None
    per_layer = cache.size_mib / cache.n_layer
    counts = []
    for device in load.devices:
        if device.kv_mib is None:
            continue
        if not 0 <= device.kv_mib < float("inf"):
            return None
        layers = device.kv_mib / per_layer
        if abs(layers - round(layers)) > _WHOLE_WITHIN:
            return None
        counts.append((device, round(layers)))
    on_gpus = sum(layers for device, layers in counts if is_gpu(device.device))
    if load.layers_offloaded and not load.layers_offloaded - 1 <= on_gpus <= load.layers_offloaded:
        return None  # the cache is not where the layers are (--no-kv-offload)
    return counts if counts and sum(layers for _, layers in counts) == cache.n_layer else None


def _derive_output(load: ModelLoad, counts: list[tuple[DeviceMemory, int]]) -> None:
    """The output layer counts as one more item after the last block: it goes to the last device.

    Where all items lie on GPUs (offloaded a of a), the last GPU holds it. With equal splits, item i of
    n goes to GPU ⌊i · devices / n⌋, which is then checked against the layers found.
    """
    gpus = gpu_devices(load)
    if not gpus or load.layers_offloaded is None or load.layers_offloaded != load.layers_total:
        return
    if len({device.device.rstrip("0123456789") for device in gpus}) > 1:
        return  # GPUs of several backends: the log does not tell their order
    layers = {device.device: count for device, count in counts}
    if any(device.device not in layers for device in gpus if device.model_mib):
        return
    last = gpus[-1]
    items = load.layers_total or 0
    how = f"all {items} items (n_layer + output) are on GPUs in order, the last, the output layer, on {last.device}"
    if items == sum(layers.values()) + 1 and _equal_split(items, len(gpus)) == _with_output(
        [layers.get(d.device, 0) for d in gpus]
    ):
        how = (
            f"{items} items over {len(gpus)} equal splits, item i on GPU floor({len(gpus)}·i/{items}): "
            f"item {items - 1}, the output layer, is on {last.device}"
        )
    for device in gpus:
        derive(load, f"devices[{device.device}].holds_output", device is last, how)


def _equal_split(items: int, devices: int) -> list[int]:
    counts = [0] * devices
    for item in range(items):
        counts[item * devices // items] += 1
    return counts


def _with_output(layers: list[int]) -> list[int]:
    return [*layers[:-1], layers[-1] + 1]
