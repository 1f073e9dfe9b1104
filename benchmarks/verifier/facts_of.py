"""The corpus' logs and their reports: values by path, by the log's name."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "service"))

from explain_log.citations import facts_at, finding_at, lines_of_cite, split_cite
from explain_log.knowledge import load
from explain_log.lines import Origin
from explain_log.pipeline import make_report
from explain_log.report import Report

FOLDER = Path(__file__).resolve().parent
GPU = re.compile(r"(CUDA|ROCm|Vulkan|Metal|MTL)\d*")
Value = float | int | str | bool


@cache
def names() -> tuple[str, ...]:
    """The logs, by name."""
    return tuple(sorted(path.stem for path in (FOLDER / "logs").glob("*.log")))


@cache
def text_of(log: str) -> str:
    """A log's text."""
    return (FOLDER / "logs" / f"{log}.log").read_text(encoding="utf-8")


@cache
def report_of(log: str, language: str = "en") -> Report:
    """The report on a log."""
    return make_report([Origin(str(FOLDER / "logs" / f"{log}.log"))], language)


def value_at(log: str, path: str) -> Value | None:
    """The one value at a path, or None."""
    found = facts_at(report_of(log), path)
    return found[0].value if len(found) == 1 and found[0].path == path else None


def resolves(log: str, cite: str) -> bool:
    """Whether an id names something of the log's report."""
    kind, name = split_cite(cite) or ("", "")
    if kind == "fact":
        return bool(facts_at(report_of(log), name))
    if kind == "finding":
        return finding_at(report_of(log), name) is not None
    if kind == "term":
        return load().term(name) is not None
    return kind == "line" and bool(lines_of_cite(report_of(log), cite))


@dataclass(frozen=True)
class Load:
    """One load that serves, and its GPUs by name."""

    log: str
    index: int
    gpus: tuple[str, ...]

    def path(self, short: str) -> str:
        """The full path of a fact of this load; those of requests and servers stand as they are."""
        if short.startswith(("requests.", "server_runs.")):
            return short
        device, _, field = short.partition(".")
        if GPU.fullmatch(device) or device.startswith("CPU") or device.endswith("_Host"):
            return f"loads.{self.index}.devices.{device}.{field}"
        return f"loads.{self.index}.{short}"

    def get(self, short: str) -> Value | None:
        """The value of a fact of this load, or None."""
        return value_at(self.log, self.path(short))

    def number(self, short: str) -> float | None:
        """The value where it is a number."""
        value = self.get(short)
        return None if value is None or isinstance(value, (str, bool)) else float(value)


@cache
def loads_of(log: str) -> tuple[Load, ...]:
    """The loads of a log that serve."""
    return tuple(
        Load(log, load.index, tuple(d.device for d in load.devices if GPU.fullmatch(d.device)))
        for load in report_of(log).loads
        if load.purpose == "serve"
    )
