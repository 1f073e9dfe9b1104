"""The loads of a report as tables: one that lists them, and one a load with what each device holds."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.facts.models import DeviceMemory, ModelLoad
from explain_log.facts.selection import serving
from explain_log.render.safe import visible
from explain_log.render.words import Words
from explain_log.report import Report

MOST_PLACEMENTS = 3
MOST_LOADS = 12

_OUTCOME_STYLES = {"ready": "good", "failed": "error"}
_PARTS = ("model_mib", "kv_mib", "recurrent_mib", "compute_mib", "output_mib")
_ALWAYS = ("model_mib", "kv_mib", "compute_mib")


@dataclass(eq=False)
class LoadTable:
    """Several loads: header, rows and the style of each row; `note` says what is left out."""

    header: list[str]
    rows: list[list[str]]
    styles: list[str]
    note: str


@dataclass(eq=False)
class DeviceRow:
    """One device: name, layers, MiB by column, total, and the sizes that its bar shows."""

    name: str
    layers: str
    cells: list[str]
    total: str
    weights: float
    kv: float
    compute: float


@dataclass(eq=False)
class Placement:
    """Where a model sits; the title is empty where there is one load.

    columns: the names of the cells, keys of `table.` in the messages.
    """

    title: str
    columns: list[str]
    rows: list[DeviceRow]


def model_name(load: ModelLoad) -> str:
    """What the model is called, else its file's name; "" where the log tells neither."""
    return visible(load.model.name or (load.model.path or "").replace("\\", "/").rpartition("/")[2])


def load_table(report: Report, words: Words) -> LoadTable | None:
    """The list of the loads that serve; None where there is just one."""
    loads = serving(report.loads)
    if len(loads) < 2:
        return None
    shown = loads[-MOST_LOADS:]
    missing = len(loads) - len(shown) + int((report.loads_omitted or {}).get("count", 0))
    return LoadTable(
        header=[words(f"loads.{name}") for name in ("load", "lines", "model", "outcome", "layers", "seconds")],
        rows=[_load_row(load, words) for load in shown],
        styles=[_OUTCOME_STYLES.get(load.outcome, "plain") for load in shown],
        note=words("loads.earlier", count=missing) if missing else "",
    )


def _load_row(load: ModelLoad, words: Words) -> list[str]:
    offloaded = "" if load.layers_offloaded is None else f"{load.layers_offloaded}/{_number(load.layers_total)}"
    outcome = words(f"outcome.{load.outcome}")
    if load.error is not None:
        outcome += words("punctuation.colon") + load.error.kind
    return [
        str(load.index),
        f"L{load.first_line}–{load.last_line}",
        visible(load.model.name or ""),
        outcome,
        offloaded,
        "" if load.load_seconds is None else f"{load.load_seconds:g}",
    ]


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def placements(report: Report, words: Words) -> list[Placement]:
    """A table of devices for each of the last loads that tell what they hold."""
    served = serving(report.loads)
    holding = [load for load in served if any(map(_holds, load.devices))]
    return [placement_of(load, words, several=len(served) > 1) for load in holding[-MOST_PLACEMENTS:]]


def placement_of(load: ModelLoad, words: Words, *, several: bool) -> Placement:
    """The table of one load; several: whether its title says which load it is."""
    devices = [device for device in load.devices if _holds(device)]
    columns = [
        part for part in _PARTS if part in _ALWAYS or any(getattr(device, part) is not None for device in devices)
    ]
    return Placement(
        title=words("table.title_load", index=load.index) if several else "",
        columns=columns,
        rows=[_device_row(device, columns, words) for device in devices],
    )


def _holds(device: DeviceMemory) -> bool:
    return any(getattr(device, part) is not None for part in _PARTS)


def _device_row(device: DeviceMemory, columns: list[str], words: Words) -> DeviceRow:
    return DeviceRow(
        name=visible(device.device),
        layers=_layers(device, words),
        cells=[_mib(getattr(device, column)) for column in columns],
        total=_mib(device.total_mib),
        weights=device.model_mib or 0.0,
        kv=(device.kv_mib or 0.0) + (device.recurrent_mib or 0.0),
        compute=(device.compute_mib or 0.0) + (device.output_mib or 0.0),
    )


def _layers(device: DeviceMemory, words: Words) -> str:
    parts = ["" if device.layers is None else str(device.layers), words("table.output") if device.holds_output else ""]
    return "+".join(filter(None, parts))


def _mib(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
