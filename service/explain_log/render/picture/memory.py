"""What the bars show: what a load takes on each device, what was taken before, what is free."""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.checks.memory_use import run_device_of
from explain_log.facts.models import DeviceMemory, Facts, ModelLoad, RunDevice
from explain_log.facts.record import gpu_devices, is_gpu
from explain_log.render.safe import visible
from explain_log.report import Report

LOADED = ("weights", "kv", "compute", "other")
"""The kinds of memory that a load takes, in the order of the bars."""

_LEAST_MIB = 0.01  # sizes are printed with two decimals


@dataclass(eq=False)
class Segment:
    """A piece of a bar. kind: weights, kv, compute, other (recurrent state, output), taken (by others) or free.

    Where it is not known what the load took, what was free before it is `free_before`.
    """

    kind: str
    mib: float


@dataclass(eq=False)
class Bar:
    """One device, or all system memory together. total_mib: what the load takes; None is unknown.

    product: the device's product name. buffers: the names that are added up, with their sizes.
    over: whether the load takes more than was free when the server started.
    """

    name: str
    product: str = ""
    is_host: bool = False
    segments: list[Segment] = field(default_factory=list)
    total_mib: float | None = None
    capacity_mib: float | None = None
    layers: int | None = None
    holds_output: bool = False
    over: bool = False
    buffers: list[tuple[str, float]] = field(default_factory=list)

    @property
    def length_mib(self) -> float:
        """How much the whole bar stands for."""
        return max(sum(segment.mib for segment in self.segments), self.capacity_mib or 0.0)


def bars_of(report: Report, load: ModelLoad) -> list[Bar]:
    """A bar for each GPU of the load and one for system memory; without any, the server's devices."""
    facts = Facts(server_runs=report.server_runs)
    gpus = [d for d in gpu_devices(load) if _total(d) is not None]
    bars = [_gpu_bar(device, run_device_of(load, device.device, facts)) for device in gpus]
    host = [d for d in load.devices if not is_gpu(d.device) and _total(d) is not None]
    if host:
        bars.append(_host_bar(host))
    return bars or _idle_bars(report, load)


def _gpu_bar(device: DeviceMemory, known: RunDevice | None) -> Bar:
    bar = Bar(visible(device.device), layers=device.layers, holds_output=bool(device.holds_output))
    bar.total_mib = _total(device)
    bar.segments = _loaded([device])
    if known is not None:
        _set_capacity(bar, known)
    return bar


def _host_bar(devices: list[DeviceMemory]) -> Bar:
    """System memory: CPU buffers, mapped files and pinned host memory together."""
    totals = [(visible(d.device), _total(d) or 0.0) for d in devices]
    layers = [d.layers for d in devices if d.layers is not None]
    return Bar(
        "",
        is_host=True,
        segments=_loaded(devices),
        total_mib=sum(mib for _, mib in totals),
        layers=sum(layers) if layers else None,
        holds_output=any(d.holds_output for d in devices),
        buffers=totals,
    )


def _idle_bars(report: Report, load: ModelLoad) -> list[Bar]:
    """The devices that the server found, for a load of which no memory is known."""
    if load.server_run is None or load.server_run >= len(report.server_runs):
        return []
    bars = []
    for place, known in enumerate(report.server_runs[load.server_run].devices):
        bar = Bar(visible(known.name or known.library or known.id or str(place)))
        _set_capacity(bar, known)
        bar.product = ""
        bars.append(bar)
    return bars


def _set_capacity(bar: Bar, known: RunDevice) -> None:
    """What the device has in all, what others had taken when the server started, what the load leaves free."""
    bar.product = visible(known.name or "")
    capacity = known.total_mib or known.available_mib
    if not capacity or capacity < 0:
        return
    bar.capacity_mib = capacity
    taken = max(0.0, capacity - known.available_mib) if known.available_mib is not None else 0.0
    used = sum(segment.mib for segment in bar.segments)
    bar.over = used + taken > capacity + _LEAST_MIB
    taken = min(taken, max(0.0, capacity - used))
    free = capacity - used - taken
    if taken > _LEAST_MIB:
        bar.segments.append(Segment("taken", taken))
    if free > _LEAST_MIB and (bar.total_mib is not None or known.available_mib is not None):
        bar.segments.append(Segment("free" if bar.total_mib is not None else "free_before", free))


def _loaded(devices: list[DeviceMemory]) -> list[Segment]:
    """What the load takes by kind; what is known only as a total is other."""
    sizes = dict.fromkeys(LOADED, 0.0)
    for device in devices:
        parts = {
            "weights": device.model_mib or 0.0,
            "kv": device.kv_mib or 0.0,
            "compute": device.compute_mib or 0.0,
            "other": (device.recurrent_mib or 0.0) + (device.output_mib or 0.0),
        }
        parts["other"] += max(0.0, (_total(device) or 0.0) - sum(parts.values()))
        for kind, mib in parts.items():
            sizes[kind] += mib
    return [Segment(kind, mib) for kind, mib in sizes.items() if mib >= _LEAST_MIB]


def _total(device: DeviceMemory) -> float | None:
    """What a load takes on a device: as the report has it, else the sum of its parts."""
    if device.total_mib is not None:
        return device.total_mib
    parts = (device.model_mib, device.kv_mib, device.recurrent_mib, device.compute_mib, device.output_mib)
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
