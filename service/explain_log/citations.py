"""What an id names: the contract's fact ids, finding ids, terms and lines, resolved in a report."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal

from explain_log.checks.finding import Finding
from explain_log.facts.models import DeviceMemory, Json, ModelLoad, RunDevice, ServerRun
from explain_log.facts.record import gpu_devices
from explain_log.knowledge import load as load_knowledge
from explain_log.report import Report

CiteKind = Literal["fact", "finding", "term", "line"]
KINDS: tuple[CiteKind, ...] = ("fact", "finding", "term", "line")
Scalar = float | int | str | bool


@dataclass(frozen=True)
class Fact:
    """One value of a report; path is its fact id without `fact:`."""

    path: str
    value: Scalar

    @property
    def id(self) -> str:
        """The fact id."""
        return f"fact:{self.path}"

    @property
    def kind(self) -> str:
        """The path without its indexes and names: `loads.devices.kv_mib`."""
        return path_kind(self.path)


@lru_cache(maxsize=1)
def fact_labels() -> dict[str, dict[str, Any]]:
    """What facts are called, by their kind: the rows of knowledge/fact_labels.toml."""
    return {row["path"]: row for row in load_knowledge().table("fact_labels")["fact"]}


def path_kind(path: str) -> str:
    """A fact's path without indexes, device names and keys, as knowledge/fact_labels.toml spells it."""
    steps = path.split(".")
    kept = steps[:1] + steps[2:] if steps[0] in ("loads", "server_runs") else steps
    if len(kept) > 2 and kept[1] == "devices":
        del kept[2]
    elif len(kept) > 2 and kept[1] in ("config", "by_status", "by_path"):
        kept = kept[:2]
    return ".".join(kept)


def split_cite(cite: str) -> tuple[CiteKind, str] | None:
    """The kind of an id and what it names, or None where it is no id."""
    head, colon, rest = cite.partition(":")
    for kind in KINDS:
        if head == kind and colon and rest:
            return kind, rest
    return None


def facts_at(report: Report, path: str) -> list[Fact]:
    """The facts that a path names: one, or those of a record (`loads.1.context`). Empty: there is none."""
    head, _, rest = path.partition(".")
    if head == "loads":
        number, _, rest = rest.partition(".")
        owner: Json = next((load for load in report.loads if str(load.index) == number), None)
    elif head == "server_runs":
        number, _, rest = rest.partition(".")
        position = int(number) if number.isdigit() else 0
        owner = report.server_runs[position - 1] if 1 <= position <= len(report.server_runs) else None
    elif head in ("requests", "source"):
        owner = getattr(report, head)
    else:
        return []
    if owner is None or not rest:
        return []
    return _leaves(_walk(owner, rest), path)


def _walk(owner: Json, rest: str) -> Json:
    """The value at the end of a path below a record, or None."""
    while rest and owner is not None:
        if isinstance(owner, dict):
            return owner.get(rest)
        step, _, rest = rest.partition(".")
        if isinstance(owner, list):
            owner = _member(owner, step)
        else:
            owner = getattr(owner, step, None) if is_dataclass(owner) and not step.startswith("_") else None
    return owner


def _member(items: list[Json], step: str) -> Json:
    """A device by its name or id; a server's device also by its place, counted from 0, as devices number themselves."""
    for item in items:
        names = (item.id, item.name) if isinstance(item, RunDevice) else (getattr(item, "device", None),)
        if step in names:
            return item
    place = int(step) if step.isdigit() else len(items)
    if items and isinstance(items[0], RunDevice):
        return items[place] if place < len(items) else None
    return items[place - 1] if 1 <= place <= len(items) else None


def _leaves(value: Json, path: str) -> list[Fact]:
    """The scalars of a value: itself, the numbers of a list, the fields of a record one level deep."""
    if isinstance(value, (str, int, float)):
        return [Fact(path, value)]
    if isinstance(value, list) and value and isinstance(value[0], DeviceMemory):
        return [fact for device in value for fact in _leaves(device, f"{path}.{device.device}")]
    if isinstance(value, list):
        return [Fact(path, item) for item in value if isinstance(item, (str, int, float))]
    if isinstance(value, dict):
        return [Fact(f"{path}.{key}", item) for key, item in value.items() if isinstance(item, (str, int, float))]
    if is_dataclass(value) and not isinstance(value, type):
        pairs = [(f.name, getattr(value, f.name)) for f in fields(value)]
        return [Fact(f"{path}.{name}", item) for name, item in pairs if isinstance(item, (str, int, float))]
    return []


def finding_at(report: Report, name: str) -> Finding | None:
    """The finding of an id such as `offload.full@1`."""
    return next((finding for finding in report.findings if finding.fact_id == f"finding:{name}"), None)


def load_of(report: Report, cite: str) -> ModelLoad | None:
    """The load that a fact id or finding id is about."""
    kind, _, rest = cite.partition(":")
    number = rest.rpartition("@")[2] if kind == "finding" else rest.split(".")[1] if rest.startswith("loads.") else ""
    return next((load for load in report.loads if str(load.index) == number), None)


def lines_of_cite(report: Report, cite: str) -> set[int]:
    """The log lines behind an id: a finding's evidence, where a fact was read, a cited line itself."""
    parts = split_cite(cite)
    if parts is None:
        return set()
    kind, name = parts
    if kind == "line":
        return {int(name)} if name.isdigit() and 1 <= int(name) <= report.source.lines else set()
    if kind == "finding":
        finding = finding_at(report, name)
        return {evidence.line for evidence in finding.evidence} if finding else set()
    if kind != "fact":
        return set()
    owner, rest = _owner(report, name)
    if owner is None:
        return set()
    return {n for path, lines in owner.lines.items() if path == rest or path.startswith(rest + ".") for n in lines}


def _owner(report: Report, path: str) -> tuple[ModelLoad | ServerRun | None, str]:
    head, _, rest = path.partition(".")
    number, _, rest = rest.partition(".")
    if head == "loads":
        return next((load for load in report.loads if str(load.index) == number), None), rest
    if head == "server_runs" and number.isdigit() and 1 <= int(number) <= len(report.server_runs):
        return report.server_runs[int(number) - 1], rest
    return None, ""


def gpu_count(load: ModelLoad) -> int:
    """How many GPUs hold something of a load."""
    return len(gpu_devices(load))
