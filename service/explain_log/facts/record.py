"""Writes values into records, and where each came from: `lines` for what was read, `derived` for what was computed."""

from __future__ import annotations

from typing import Any

from explain_log.facts.models import DeviceMemory, Estimate, ModelLoad


def put(load: ModelLoad, path: str, value: Any, line: int) -> bool:
    """Sets a fact of a load that was read from a line, unless it is known already: the first counts.

    path is relative to the load: `context.n_ctx`, `devices[CUDA0].kv_mib`, `model.tensor_types[q4_K]`.
    """
    if value is None or not plausible(path, value):
        return False
    owner, name, spelled = _resolve(load, path)
    if isinstance(owner, dict):
        if name in owner:
            return False
        owner[name] = value
    else:
        if getattr(owner, name) is not None:
            return False
        setattr(owner, name, value)
    load.lines.setdefault(spelled, []).append(line)
    return True


def add(load: ModelLoad, path: str, value: float, line: int) -> None:
    """Adds to a sum that is read over several lines, such as the buffers of a split file."""
    if not plausible(path, value):
        return
    owner, name, spelled = _resolve(load, path)
    setattr(owner, name, round((getattr(owner, name) or 0.0) + value, 4))
    load.lines.setdefault(spelled, []).append(line)


# What no program can have measured: a damaged or forged line, which then tells nothing.
_MOST = 1e15
_MOST_LAYERS = 100_000
_MAY_BE_NEGATIVE = ("estimate.layers_requested",)


def plausible(path: str, value: Any) -> bool:
    """Whether a number can be what a program measured: finite, not negative, not beyond any machine."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    most = _MOST_LAYERS if "layer" in path.rpartition(".")[2] else _MOST
    least = -1 if path in _MAY_BE_NEGATIVE else 0
    return least <= value <= most  # also false for nan


def derive(load: ModelLoad, path: str, value: Any, how: str) -> bool:
    """Sets a fact that was computed, unless it was read; `how` says how, in plain words."""
    owner, name, spelled = _resolve(load, path)
    if value is None or not plausible(path, value) or getattr(owner, name) is not None:
        return False
    setattr(owner, name, value)
    load.derived[spelled] = how
    return True


def _resolve(load: ModelLoad, path: str) -> tuple[Any, str, str]:
    """The record that holds a path's last step, that step, and the path as reports spell it."""
    spelled = path.replace("[", ".").replace("]", "")
    head, bracket, rest = path.partition("[")
    if bracket:
        key, _, tail = rest.rpartition("]")
        spelled = f"{head}.{key}{tail}"
        if head == "devices":
            return load.device(key), tail.lstrip("."), spelled
        return getattr(load.model, head.rpartition(".")[2]), key, spelled
    group, dot, name = path.rpartition(".")
    if not dot:
        return load, name, spelled
    if group == "estimate" and load.estimate is None:
        load.estimate = Estimate()
    return getattr(load, group), name, spelled


def lines_of(load: ModelLoad, *paths: str) -> list[int]:
    """The lines of several facts, in order, each once."""
    return sorted({number for path in paths for number in load.lines.get(path, [])})


def gpu_devices(load: ModelLoad) -> list[DeviceMemory]:
    """The load's GPU devices, by name: neither CPU memory nor pinned host memory is one."""
    return sorted(
        (d for d in load.devices if is_gpu(d.device)), key=lambda d: (d.device.rstrip("0123456789"), _number(d.device))
    )


_CPU_SIDE = ("CPU", "BLAS", "AMX", "ACCEL", "REPACK")


def is_gpu(device: str) -> bool:
    """Whether a buffer's name is that of a GPU: not CPU_Mapped, CPU_REPACK, CUDA_Host, Vulkan_Host …"""
    return not device.upper().startswith(_CPU_SIDE) and not device.endswith(("_Host", "_HOST"))


def _number(device: str) -> int:
    digits = device[len(device.rstrip("0123456789")) :]
    return int(digits) if digits and len(digits) < 9 else -1
