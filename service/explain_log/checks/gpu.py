"""Which GPUs the program found, or that it found none, and what restricts the choice."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.facts.models import Facts, RunDevice, ServerRun

MIB_PER_GIB = 1024
_FOUND = "ollama.device.inference_compute"
_LLAMA_DEVICES = ("llama.device.using", "llama.device.cuda_device")
_NONE = ("ollama.device.no_compatible", "ollama.device.gpu_support_warning", "ollama.load.gpu_not_available", "llama.device.no_gpu_offload")
_OVERRIDE = "ollama.device.user_override"
OVERRIDES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "HSA_OVERRIDE_GFX_VERSION", "GGML_VK_VISIBLE_DEVICES")


@log_check
def detected(facts: Facts) -> Iterator[Observation]:
    """The GPUs of the last server run that lists any, else those that llama.cpp names when it loads.

    Source: discover/types.go, LogDetails (`inference compute`); ggml-cuda.cu, ggml_cuda_init; llama.cpp, model devices.
    """
    for place, run in reversed(list(enumerate(facts.server_runs, 1))):
        if run.devices:
            operands = {f"total({number})": f"fact:server_runs.{place}.devices.{number}" for number in range(len(run.devices))}
            lines = sorted({line for name, found in run.lines.items() if name.startswith("devices.") for line in found})
            yield Observation("gpu.detected", None, _device_values(run.devices), lines, operands)
            return
    named: dict[str, RunDevice] = {}
    lines = []
    for event in facts.events_of(*_LLAMA_DEVICES):
        key = str(event.fields.get("device") or event.fields.get("index"))
        if key.upper().startswith("CPU") or (event.statement != _LLAMA_DEVICES[0] and any(not k.isdigit() for k in named)):
            continue
        if key not in named:
            lines.append(event.line)
            total, free = event.fields.get("vram"), event.fields.get("free")
            compute = event.fields.get("compute")
            named[key] = RunDevice(key, str(event.fields.get("name")), compute=str(compute) if compute else None, total_mib=total, available_mib=free)
    if named:
        devices = [d for key, d in named.items() if not key.isdigit()] or list(named.values())
        yield Observation("gpu.detected", None, _device_values(devices), lines)


def _device_values(devices: list[RunDevice]) -> dict[str, Value]:
    values: dict[str, Value] = {"gpus": len(devices)}
    for number, device in enumerate(devices):
        known = {"name": device.name, "compute": device.compute, "total_gib": _gib(device.total_mib), "available_gib": _gib(device.available_mib)}
        values |= {f"device_{number}_{name}": value for name, value in known.items() if value not in (None, "")}
    counts: dict[str, int] = {}
    for device in devices:
        counts[_shown(device)] = counts.get(_shown(device), 0) + 1
    values["devices"] = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counts.items())
    return values


def _shown(device: RunDevice) -> str:
    """`NVIDIA GeForce RTX 3090 (24 GiB)`."""
    name = device.name or device.library or device.id or "GPU"
    return f"{name} ({device.total_mib / MIB_PER_GIB:.1f} GiB)" if device.total_mib else name


def _gib(mib: float | None) -> float | None:
    return None if mib is None else round(mib / MIB_PER_GIB, 2)


@log_check
def none(facts: Facts) -> Iterator[Observation]:
    """The last run that lists devices has only the CPU, or a line says that there is no compatible GPU."""
    said = facts.events_of(*_NONE)
    cpu = [event for event in facts.events_of(_FOUND) if str(event.fields.get("library", "")).lower() == "cpu"]
    if facts.server_runs and any(run.devices for run in facts.server_runs):
        last = _last_listing(facts)
        said = [e for e in said if last is not None and not last.devices and e.line >= last.first_line]
        cpu = [e for e in cpu if last is not None and not last.devices and e.line >= last.first_line]
    elif any(d.model_mib for load in facts.loads for d in load.devices if d.device.startswith(("CUDA", "ROCm", "Metal", "Vulkan")) and "_" not in d.device):
        return
    if said or cpu:
        lines = [event.line for event in (*said, *cpu)]
        yield Observation("gpu.none", None, {"count": len(said) + len(cpu)}, lines, variant="said" if said else "default")


def _last_listing(facts: Facts) -> ServerRun | None:
    """The last run that says which devices there are."""
    listed = [event.line for event in facts.events_of(_FOUND)]
    runs = [run for run in facts.server_runs if any(run.first_line <= line <= run.last_line for line in listed)]
    return runs[-1] if runs else None


@log_check
def override(facts: Facts) -> Iterator[Observation]:
    """A variable restricts which GPUs are seen, or makes one pass for another. Source: envconfig, discover."""
    found: dict[str, str] = {}
    lines: list[int] = []
    for run in facts.server_runs:
        for name in OVERRIDES:
            if run.config.get(name):
                found[name] = run.config[name]
                lines += run.lines.get(f"config.{name}", [])
    for event in facts.events_of(_OVERRIDE, "ollama.device.amd_override"):
        lines.append(event.line)
        found |= {name: str(event.fields[name]) for name in OVERRIDES if event.fields.get(name)}
    if lines:
        settings = ", ".join(f"{name}={value}" for name, value in found.items())
        only_gfx = set(found) == {"HSA_OVERRIDE_GFX_VERSION"}
        yield Observation("gpu.override", None, {"settings": settings, **found}, lines, variant="gfx" if only_gfx else "default")
