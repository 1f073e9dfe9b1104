"""Which GPUs the program found, or that it found none, and what restricts the choice."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import log_check
from explain_log.facts.models import Facts, RunDevice, ServerRun
from explain_log.facts.record import gpu_devices

MIB_PER_GIB = 1024
_FOUND = "ollama.device.inference_compute"
_LLAMA_DEVICES = ("llama.device.using", "llama.device.cuda_device")
_NONE = ("ollama.device.no_compatible", "ollama.device.gpu_support_warning", "ollama.load.gpu_not_available")
_NO_RUNTIME = "llama.device.cuda_none"
_NO_DEVICE = "-capable device"  # `no CUDA-capable device is detected`; other reasons have findings of their own
_OVERRIDE = "ollama.device.user_override"
OVERRIDES = (
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "HSA_OVERRIDE_GFX_VERSION",
    "GGML_VK_VISIBLE_DEVICES",
)


@log_check
def detected(facts: Facts) -> Iterator[Observation]:
    """The GPUs of the last server run that lists any, else those that llama.cpp names when it loads.

    Source: discover/types.go, LogDetails (`inference compute`); ggml-cuda.cu, ggml_cuda_init; llama.cpp, model devices.
    """
    for place, run in reversed(list(enumerate(facts.server_runs, 1))):
        if run.devices:
            path = f"fact:server_runs.{place}.devices"
            operands = {f"total({number})": f"{path}.{number}" for number in range(len(run.devices))}
            lines = sorted({line for name, found in run.lines.items() if name.startswith("devices.") for line in found})
            yield Observation("gpu.detected", None, _device_values(run.devices), lines, operands, _placed(facts))
            return
    for statement in _LLAMA_DEVICES:
        devices, lines = _named(facts, statement)
        if devices:
            yield Observation("gpu.detected", None, _device_values(devices), lines, variant=_placed(facts))
            return


def _placed(facts: Facts) -> str:
    """Whether the log also tells where a model went; else it has to be said that found does not mean used."""
    return "placed" if any(load.layers_offloaded is not None for load in facts.loads) else "default"


def _named(facts: Facts, statement: str) -> tuple[list[RunDevice], list[int]]:
    """The devices that llama.cpp's lines of one kind name, each once."""
    named: dict[str, RunDevice] = {}
    lines = []
    for event in facts.events_of(statement):
        fields = event.fields
        key = str(fields.get("device") if fields.get("device") is not None else fields.get("index"))
        if key not in named and not key.upper().startswith("CPU"):
            lines.append(event.line)
            compute = str(fields["compute"]) if fields.get("compute") else None
            name, total, free = str(fields.get("name")), fields.get("vram"), fields.get("free")
            named[key] = RunDevice(key, name, compute=compute, total_mib=total, available_mib=free)
    return list(named.values()), lines


def _device_values(devices: list[RunDevice]) -> dict[str, Value]:
    values: dict[str, Value] = {"gpus": len(devices)}
    for number, device in enumerate(devices):
        known = {"name": device.name, "compute": device.compute}
        sizes = {"total_gib": _gib(device.total_mib), "available_gib": _gib(device.available_mib)}
        for name, value in (known | sizes).items():
            if value not in (None, ""):
                values[f"device_{number}_{name}"] = value
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
    if any(run.devices for run in facts.server_runs):
        last = _last_listing(facts)
        if last is None or last.devices:
            return
        said = [event for event in said if event.line >= last.first_line]
        cpu = [event for event in cpu if event.line >= last.first_line]
    elif any(device.model_mib for load in facts.loads for device in gpu_devices(load)):
        return
    else:
        said += [event for event in facts.events_of(_NO_RUNTIME) if _NO_DEVICE in str(event.fields.get("reason"))]
    if said or cpu:
        values: dict[str, Value] = {"count": len(said) + len(cpu)}
        lines = [event.line for event in (*said, *cpu)]
        yield Observation("gpu.none", None, values, lines, variant="said" if said else "default")


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
        variant = "gfx" if set(found) == {"HSA_OVERRIDE_GFX_VERSION"} else "default"
        yield Observation("gpu.override", None, {"settings": settings, **found}, lines, variant=variant)
