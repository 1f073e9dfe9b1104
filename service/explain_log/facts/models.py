"""The facts of a log, in the contract's names: server runs, model loads, requests.

All memory is MiB, all durations are seconds, all line numbers are 1-based. A value that the log does
not show and that cannot be derived with certainty is None. `lines` says where a read value stands,
`derived` how a computed one was computed; each value that is not None is in one of the two.

Plain dataclasses, not pydantic models: importing pydantic alone takes longer than a whole run may.
The borders to the outside (knowledge files, HTTP bodies, a model's answer, settings) are pydantic's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from explain_log.facts.load_parts import (
    Context,
    DeviceMemory,
    Estimate,
    Graph,
    KvCache,
    KvPart,
    LoadStage,
    Model,
    PerLayer,
)

__all__ = [
    "Context", "DeviceMemory", "Estimate", "Event", "Facts", "Graph", "KvCache", "KvPart", "LoadError", "LoadStage",
    "LoadsOmitted", "Model", "ModelLoad", "PerLayer", "Repeats", "RequestMarks", "RequestSummary", "RequestTiming",
    "RunDevice", "ServerRun", "Truncated", "as_json",
]

Purpose = Literal["serve", "vocab_only", "fit_probe", "draft"]
Outcome = Literal["ready", "failed", "unknown"]
Json = Any


@dataclass(eq=False, repr=False)
class LoadError:
    """Why a load failed; kind is a finding id."""

    kind: str
    message: str
    line: int


@dataclass(eq=False, repr=False)
class ModelLoad:
    """One attempt to load a model."""

    index: int
    server_run: int | None = None
    first_line: int = 0
    last_line: int = 0
    engine: str | None = None
    purpose: Purpose = "serve"
    outcome: Outcome = "unknown"
    error: LoadError | None = None
    model: Model = field(default_factory=Model)
    layers_offloaded: int | None = None
    layers_total: int | None = None
    context: Context = field(default_factory=Context)
    kv_cache: KvCache = field(default_factory=KvCache)
    graph: Graph = field(default_factory=Graph)
    pipeline_copies: int | None = None
    devices: list[DeviceMemory] = field(default_factory=list)
    estimate: Estimate | None = None
    load_seconds: float | None = None
    lines: dict[str, list[int]] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    first_time: str | None = None
    last_time: str | None = None
    stages: list[LoadStage] = field(default_factory=list)
    placeholder_type: bool = field(default=False, metadata={"internal": True})  # the model's type was printed as ?B
    asked: dict[str, tuple[int | str, int]] = field(default_factory=dict, metadata={"internal": True})

    def device(self, name: str) -> DeviceMemory:
        """The entry of a device, made where there is none yet."""
        for known in self.devices:
            if known.device == name:
                return known
        new = DeviceMemory(name)
        self.devices.append(new)
        return new


@dataclass(eq=False, repr=False)
class RunDevice:
    """A device that a server found. name is the product name."""

    id: str | None = None
    name: str | None = None
    library: str | None = None
    compute: str | None = None
    driver: str | None = None
    total_mib: float | None = None
    available_mib: float | None = None


@dataclass(eq=False, repr=False)
class ServerRun:
    """One start of a server, or the rest of one in a log that begins inside it."""

    first_line: int
    last_line: int
    product: str = "ollama"
    version: str | None = None
    version_range: list[str] | None = None
    listen: str | None = None
    config: dict[str, str] = field(default_factory=dict)
    devices: list[RunDevice] = field(default_factory=list)
    lines: dict[str, list[int]] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    fingerprint_lines: list[int] = field(default_factory=list, metadata={"internal": True})


@dataclass(eq=False, repr=False)
class Truncated:
    """Prompts that were cut."""

    count: int = 0
    max_prompt_tokens: int | None = None
    limit: int | None = None


@dataclass(eq=False, repr=False)
class RequestMarks:
    """Requests of one kind, such as those answered 5xx: how many, on which paths, and some of their lines."""

    count: int = 0
    by_path: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    max_seconds: float | None = None


@dataclass(eq=False, repr=False)
class RequestTiming:
    """One request as llama-server timed it: tokens, and tokens a second, of the prompt and of the answer."""

    line: int
    task: int | None = None
    prompt_tokens: int | None = None
    prompt_tokens_per_second: float | None = None
    tokens: int | None = None
    tokens_per_second: float | None = None


@dataclass(eq=False, repr=False)
class RequestSummary:
    """All requests of the log together."""

    count: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    by_path: dict[str, int] = field(default_factory=dict)
    median_seconds: float | None = None
    p95_seconds: float | None = None
    max_seconds: float | None = None
    truncated: Truncated = field(default_factory=Truncated)
    prefill_tokens_per_second: float | None = None
    generation_tokens_per_second: float | None = None
    timings: list[RequestTiming] = field(default_factory=list)
    first_line: int | None = None
    last_line: int | None = None
    lines: dict[str, list[int]] = field(default_factory=dict)
    marks: dict[str, RequestMarks] = field(default_factory=dict, metadata={"internal": True})
    answered: list[tuple[int, str]] = field(default_factory=list, metadata={"internal": True})


@dataclass(eq=False, repr=False)
class Event:
    """A statement that says something happened which findings may be about, kept with its line.

    load: index of the load that it is about.  among: of those that it may be about where that is not known.
    """

    statement: str
    line: int
    text: str
    fields: dict[str, Any]
    load: int | None = None
    among: list[int] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Repeats:
    """How often a model was loaded among the loads that are left out, and how long that took together."""

    count: int = 0
    seconds: float = 0.0


@dataclass(eq=False, repr=False)
class LoadsOmitted:
    """Loads of a long log that are counted only.

    served, failed: how many of them were to serve, and failed.  repeats: by run and model.
    """

    count: int = 0
    first_line: int = 0
    last_line: int = 0
    by_model: dict[str, int] = field(default_factory=dict)
    served: int = field(default=0, metadata={"internal": True})
    failed: int = field(default=0, metadata={"internal": True})
    repeats: dict[tuple[int | None, str], Repeats] = field(default_factory=dict, metadata={"internal": True})


@dataclass(eq=False, repr=False)
class Facts:
    """Everything the checks may know."""

    server_runs: list[ServerRun] = field(default_factory=list)
    loads: list[ModelLoad] = field(default_factory=list)
    loads_omitted: LoadsOmitted | None = None
    omitted_examples: list[Any] = field(default_factory=list)  # what checks say of loads that are left out
    requests: RequestSummary | None = None
    debug_line: int | None = None  # the first line that Ollama prints only with OLLAMA_DEBUG
    events: list[Event] = field(default_factory=list)
    event_counts: dict[str, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    line_count: int = 0
    starts_inside: int | None = None
    ends_inside: int | None = None
    secrets: dict[str, int] = field(default_factory=dict)  # kind → how many different ones
    secret_lines: list[int] = field(default_factory=list)

    def events_of(self, *statements: str) -> list[Event]:
        """The events of these statements, in log order."""
        return [event for event in self.events if event.statement in statements]


_FIELD_NAMES: dict[type, tuple[str, ...]] = {}


def as_json(value: Json) -> Json:
    """A record as plain dicts, lists and scalars."""
    kind = type(value)
    if kind in (str, int, float, bool, type(None)):
        return value
    if kind is dict:
        return {key: as_json(item) for key, item in value.items()}
    if kind in (list, tuple):
        return [as_json(item) for item in value]
    names = _FIELD_NAMES.get(kind)
    if names is None:
        if not is_dataclass(kind):
            raise TypeError(f"no JSON form for {kind.__name__}")
        names = _FIELD_NAMES[kind] = tuple(f.name for f in fields(kind) if not f.metadata)
    return {name: as_json(getattr(value, name)) for name in names}
