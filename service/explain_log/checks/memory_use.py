"""How full the GPUs are, and how far Ollama's prediction was off."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.facts.models import DeviceMemory, Facts, ModelLoad, RunDevice
from explain_log.facts.record import gpu_devices, lines_of

NEARLY_FULL = 0.95
IMPLAUSIBLE = 1.5
_LEAVES_ROOM = 0.9
MOST_DEVIATION = 0.15
SAME_SIZE = 0.02
_METAL_ALLOCATED = "llama.device.metal_allocated"
_KINDS = ("model_mib", "kv_mib", "recurrent_mib", "compute_mib", "output_mib")


@log_check
def memory_use(facts: Facts) -> Iterator[Observation]:
    """Both for each load that serves."""
    for load in facts.loads:
        if load.purpose == "serve":
            yield from list(gpu_nearly_full(load, facts)) or metal_nearly_full(load, facts)
            yield from estimate_off(load)


def gpu_nearly_full(load: ModelLoad, facts: Facts) -> Iterator[Observation]:
    """The load takes over 95 % of what the log says a device has; the fullest device stands for all."""
    fullest: tuple[float, DeviceMemory, RunDevice] | None = None
    for device in gpu_devices(load):
        run_device = run_device_of(load, device.device, facts)
        if run_device is None or not run_device.total_mib or not device.total_mib or device.kv_mib is None:
            continue
        share = device.total_mib / run_device.total_mib
        if NEARLY_FULL < share < IMPLAUSIBLE and (fullest is None or share > fullest[0]):
            fullest = (share, device, run_device)
    if fullest is None:
        return
    share, device, run_device = fullest
    values: dict[str, Value] = {
        "device": device.device,
        "name": run_device.name or device.device,
        "used_mib": round(device.total_mib or 0.0, 2),
        "total_mib": round(run_device.total_mib or 0.0, 2),
        "share": round(share, 4),
    }
    if run_device.available_mib is not None:
        values["free_before_mib"] = run_device.available_mib
    lines = lines_of(load, *(f"devices.{device.device}.{kind}" for kind in _KINDS))
    operands = {"used": f"fact:loads.{load.index}.devices.{device.device}.total_mib"}
    yield _full(load, values, lines, operands)


def _full(load: ModelLoad, values: dict[str, Value], lines: list[int], operands: dict[str, str]) -> Observation:
    """Nearly full, or more than full; and about how many layers would leave a tenth free."""
    share, layers = values["share"], load.layers_offloaded
    if layers and isinstance(share, float):
        values |= {"layers_offloaded": layers, "fewer_layers": min(int(layers * _LEAVES_ROOM / share), layers - 1)}
    over = isinstance(share, float) and share > 1
    variant = "over" if over else "default"
    without = frozenset({"llama_fewer_layers"} if "fewer_layers" in values else ())
    return Observation("memory.gpu_nearly_full", load.index, values, lines, operands, variant, without_advice=without)


def metal_nearly_full(load: ModelLoad, facts: Facts) -> Iterator[Observation]:
    """Metal prints after each buffer what it has allocated in all and what it should at most.

    Source: ggml-metal.m, ggml_backend_metal_log_allocated_size.
    """
    events = [event for event in facts.events_of(_METAL_ALLOCATED) if event.load == load.index]
    sizes = [(event.line, event.fields.get("used"), event.fields.get("most")) for event in events]
    known = [(used, most, line) for line, used, most in sizes if isinstance(used, float) and isinstance(most, float)]
    if not known:
        return
    used, most, line = max(known)
    if most > 0 and used / most > NEARLY_FULL:
        share = round(used / most, 4)
        values: dict[str, Value] = {
            "device": "Metal",
            "name": "Metal",
            "used_mib": used,
            "total_mib": most,
            "share": share,
        }
        yield _full(load, values, [line], {})


def run_device_of(load: ModelLoad, name: str, facts: Facts) -> RunDevice | None:
    """The device of the server run that a load calls CUDA1: the second CUDA one.

    Ollama may hand devices on in another order, so among devices of different sizes it is not known which one is meant.
    """
    if load.server_run is None or name.endswith(("_Split", "_Mapped")):
        return None
    library, number = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    wanted = {"mtl": "metal"}.get(library.lower(), library.lower())
    devices = facts.server_runs[load.server_run].devices
    same = [d for d in devices if d.library is None or d.library.lower() == wanted]
    place = int(number) if number and len(number) < 4 else 0
    sizes = [d.total_mib for d in same if d.total_mib]
    if place >= len(same) or len(sizes) != len(same) or max(sizes) - min(sizes) > SAME_SIZE * max(sizes):
        return None
    return same[place]


def estimate_off(load: ModelLoad) -> Iterator[Observation]:
    """What Ollama predicted for the GPUs against what the load took there: more than 15 % apart.

    Source: llm/memory.go, EstimateGPULayers: required.partial is what is to go to GPUs, required.full all of it.
    """
    estimate = load.estimate
    gpus = gpu_devices(load)
    if estimate is None or load.outcome != "ready" or not gpus or not estimate.layers_offload:
        return
    predicted, path = estimate.required_partial_mib, "estimate.required_partial_mib"
    if not predicted and estimate.layers_offload == estimate.layers_model:
        predicted, path = estimate.required_full_mib, "estimate.required_full_mib"
    real = sum(d.total_mib or 0.0 for d in gpus)
    complete = all(d.model_mib is not None and d.compute_mib is not None for d in gpus if d.total_mib)
    if not predicted or not real or not complete or load.layers_offloaded != estimate.layers_offload:
        return
    off = (predicted - real) / real
    if abs(off) <= MOST_DEVIATION:
        return
    values: dict[str, Value] = {
        "predicted_mib": round(predicted, 2),
        "real_mib": round(real, 2),
        "difference_mib": round(abs(predicted - real), 2),
        "deviation": round(abs(off), 4),
        "gpus": len(gpus),
    }
    prefix = f"fact:loads.{load.index}."
    totals = {f"total({d.device})": f"{prefix}devices.{d.device}.total_mib" for d in gpus}
    lines = lines_of(load, path, *(f"devices.{d.device}.{kind}" for d in gpus for kind in _KINDS))
    variant = "too_much" if off > 0 else "too_little"
    yield Observation("memory.estimate_off", load.index, values, lines, {"predicted": prefix + path, **totals}, variant)
