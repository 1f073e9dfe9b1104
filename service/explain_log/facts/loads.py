"""Assembles model loads from statements: which line belongs to which load, and what it adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from explain_log.facts.models import Estimate, KvPart, ModelLoad
from explain_log.facts.record import add, put
from explain_log.statements import Statement

STAGES = ("attempt", "metadata", "tensors", "context", "kv", "compute", "ready")
_RANK = {stage: rank for rank, stage in enumerate(STAGES)}


class LoadAssembler:
    """Takes statements in log order; `loads` are the loads so far, the last one perhaps unfinished."""

    def __init__(self, stages: dict[str, str]) -> None:
        self._stages = stages
        self.loads: list[ModelLoad] = []
        self.current: ModelLoad | None = None
        self.starts_inside: int | None = None
        self._rank = -1
        self._pending_estimate: Estimate | None = None
        self._pending_lines: dict[str, list[int]] = {}
        self._part: KvPart | None = None

    def take(self, statement: Statement) -> None:
        """Adds what a statement says about a load."""
        stage = self._stages.get(statement.id)
        if stage is not None:
            self._reach(stage, statement)
        facts = [(path, value) for path, value in statement.facts() if path.startswith("load.")]
        handler = _HANDLERS.get(statement.id)
        if not facts and handler is None:
            if self.current is not None and stage is not None:
                self.current.last_line = statement.line.number
            return
        if all(path.startswith("load.estimate.") for path, _ in facts) and handler is None:
            self._note_estimate(statement, facts)
            return
        load = self.current or self._latest_ready(statement) or self._open(statement)
        load.last_line = max(load.last_line, statement.line.number)
        for path, value in facts:
            put(load, path.removeprefix("load."), value, statement.line.number)
        if handler is not None:
            handler(self, load, statement)

    def _latest_ready(self, statement: Statement) -> ModelLoad | None:
        """After a load got ready, its last lines may still follow (`load_seconds` itself is such a fact)."""
        if self._stages.get(statement.id) == "ready" and self.loads:
            return self.loads[-1]
        return None

    def _reach(self, stage: str, statement: Statement) -> None:
        """Moves on to a stage; going back to an earlier one means that another load has begun."""
        if stage == "vocab_only":
            if statement.fields.get("vocab_only") in (True, 1):
                (self.current or self._open(statement)).purpose = "vocab_only"
            return
        if stage == "vocab_done":
            load = self.current or self._open(statement)
            load.purpose = "vocab_only"
            load.outcome = "ready"
            load.last_line = statement.line.number
            load.lines.setdefault("purpose", []).append(statement.line.number)
            load.lines.setdefault("outcome", []).append(statement.line.number)
            self._close()
            return
        if stage == "ready":
            self._ready(statement)
            return
        rank = _RANK[stage]
        new = self.current is None or (rank < _RANK["tensors"] and rank <= self._rank)
        if new:
            self._close()
            self._open(statement)
            if rank > _RANK["metadata"] and len(self.loads) == 1:
                self.starts_inside = statement.line.number
        self._rank = max(self._rank, rank)

    def _ready(self, statement: Statement) -> None:
        load = self.current
        if load is None:
            if self.loads and self.loads[-1].purpose == "serve" and self.loads[-1].outcome == "ready":
                return  # printed twice for one load
            load = self._open(statement)
            if len(self.loads) == 1:
                self.starts_inside = statement.line.number
        load.outcome = "ready"
        load.last_line = statement.line.number
        load.lines.setdefault("outcome", []).append(statement.line.number)
        self._close()

    def _open(self, statement: Statement) -> ModelLoad:
        load = ModelLoad(index=len(self.loads) + 1, first_line=statement.line.number, last_line=statement.line.number)
        self.loads.append(load)
        self.current = load
        self._rank = -1
        if self._pending_estimate is not None:
            load.estimate, self._pending_estimate = self._pending_estimate, None
            load.lines |= self._pending_lines
            self._pending_lines = {}
        return load

    def _close(self) -> None:
        self.current = None
        self._part = None
        self._rank = -1

    def _note_estimate(self, statement: Statement, facts: list[tuple[str, Any]]) -> None:
        """Ollama predicts before it loads: the prediction belongs to the load that follows."""
        if self.current is not None and self._rank <= _RANK["attempt"]:
            for path, value in facts:
                put(self.current, path.removeprefix("load."), value, statement.line.number)
            return
        self._pending_estimate = estimate = Estimate()
        self._pending_lines = {}
        for path, value in facts:
            name = path.rpartition(".")[2]
            setattr(estimate, name, value)
            self._pending_lines[f"estimate.{name}"] = [statement.line.number]

    @property
    def ends_inside(self) -> int | None:
        """The first line of a load that had begun and whose end the log does not show."""
        return self.current.first_line if self.current is not None and self._rank >= 0 else None

    # What single statements add. Sizes that occur several times in one load are summed.

    def model_buffer(self, load: ModelLoad, statement: Statement) -> None:
        """A buffer of weights; a split file has one line a part."""
        _add_buffer(load, statement, "model_mib")

    def kv_buffer(self, load: ModelLoad, statement: Statement) -> None:
        """A KV buffer; a model with two caches (iSWA) has one a cache."""
        _add_buffer(load, statement, "kv_mib")

    def recurrent_buffer(self, load: ModelLoad, statement: Statement) -> None:
        """The state of recurrent layers, which is no attention cache."""
        _add_buffer(load, statement, "recurrent_mib")

    def compute_buffer(self, load: ModelLoad, statement: Statement) -> None:
        """Scratch memory; printed again when the graph is reserved anew, so the last one counts."""
        device, size = statement.text("device"), statement.number("size")
        if device is not None and size is not None:
            path = f"devices.{device}.compute_mib"
            load.device(device).compute_mib = size
            load.lines[path] = [statement.line.number]

    def output_buffer(self, load: ModelLoad, statement: Statement) -> None:
        """Where the logits go."""
        device, size = statement.text("device"), statement.number("size")
        if device is not None and size is not None:
            put(load, f"devices[{device}].output_mib", size, statement.line.number)

    def kv_init(self, load: ModelLoad, statement: Statement) -> None:
        """The cache's shape, printed before its buffers in the eras that have this line."""
        for field, path in (("kv_size", "n_cells"), ("n_layer", "n_layer"), ("type_k", "k_type"), ("type_v", "v_type")):
            value = statement.fields.get(field)
            if value is not None:
                put(load, f"kv_cache.{path}", value, statement.line.number)

    def kv_begins(self, load: ModelLoad, statement: Statement) -> None:  # noqa: ARG002
        """A cache of its own kind is being made: attention over everything, or over a window."""
        kind = "swa" if statement.id == "llama.kv.iswa_swa" else "attention"
        self._part = KvPart(kind, n_cells=statement.integer("size"))

    def kv_size(self, load: ModelLoad, statement: Statement) -> None:
        """The total of one cache; with several caches their sum is the load's."""
        part = self._part or KvPart("attention")
        self._part = None
        number = statement.line.number
        part.size_mib = statement.number("size")
        part.n_cells = statement.integer("n_cells") or part.n_cells
        part.n_layer = statement.integer("n_layer")
        part.n_streams = statement.integer("n_streams")
        part.k_type, part.v_type = statement.text("k_type"), statement.text("v_type")
        part.k_mib, part.v_mib = statement.number("k"), statement.number("v")
        load.kv_cache.parts.append(part)
        place = len(load.kv_cache.parts) - 1
        for name in ("size_mib", "n_cells", "n_layer", "n_streams", "k_type", "v_type", "k_mib", "v_mib", "kind"):
            if getattr(part, name) is not None:
                load.lines[f"kv_cache.parts.{place}.{name}"] = [number]
        for name in ("size_mib", "k_mib", "v_mib"):
            value = getattr(part, name)
            if value is not None:
                add(load, f"kv_cache.{name}", value, number)
        for name in ("k_type", "v_type"):
            put(load, f"kv_cache.{name}", getattr(part, name), number)
        if len(load.kv_cache.parts) == 1 and part.n_cells is not None and load.kv_cache.n_cells is None:
            streams = part.n_streams or 1
            load.kv_cache.n_cells = part.n_cells * streams
            load.lines["kv_cache.n_cells"] = [number]
        if part.n_layer is not None:
            if load.kv_cache.n_layer is None or len(load.kv_cache.parts) > 1:
                load.kv_cache.n_layer = (load.kv_cache.n_layer or 0) + part.n_layer
                load.lines.setdefault("kv_cache.n_layer", []).append(number)

    def recurrent_size(self, load: ModelLoad, statement: Statement) -> None:
        """The total of the recurrent state."""
        size = statement.number("size")
        if size is not None:
            add(load, "kv_cache.recurrent_mib", size, statement.line.number)

    def flash_attention(self, load: ModelLoad, statement: Statement) -> None:
        """What was asked for (0, 1, auto, enabled, disabled); the outcome overrides it."""
        value = (statement.text("flash_attn") or statement.text("value") or "").lower()
        spoken = {"0": "disabled", "false": "disabled", "1": "enabled", "true": "enabled", "-1": "auto"}.get(value, value)
        if spoken in ("auto", "enabled", "disabled"):
            put(load, "context.flash_attn", spoken, statement.line.number)

    def flash_attention_result(self, load: ModelLoad, statement: Statement) -> None:
        """What the program decided for auto."""
        value = (statement.text("result") or statement.text("value") or "").lower()
        if value in ("enabled", "disabled"):
            load.context.flash_attn = value
            load.lines["context.flash_attn"] = [statement.line.number]

    def pipeline(self, load: ModelLoad, statement: Statement) -> None:
        """How often the inputs of each split are held."""
        copies = statement.integer("n_copies") or statement.integer("copies")
        if copies is not None and copies > 1:
            put(load, "pipeline_copies", copies, statement.line.number)

    def graph(self, load: ModelLoad, statement: Statement) -> None:
        """Nodes and splits where one line gives one number of each."""
        for name in ("nodes", "splits"):
            value = statement.integer(name)
            if value is not None:
                put(load, f"graph.{name}", value, statement.line.number)

    def splits_two(self, load: ModelLoad, statement: Statement) -> None:
        """Splits for a prompt and for one token; the latter is what counts while generating."""
        splits = statement.integer("splits_bs1")
        if splits is not None:
            put(load, "graph.splits", splits, statement.line.number)
            put(load, "graph.splits_prompt", statement.integer("splits"), statement.line.number)


def _add_buffer(load: ModelLoad, statement: Statement, kind: str) -> None:
    device, size = statement.text("device"), statement.number("size")
    if device is not None and size is not None:
        add(load, f"devices[{device}].{kind}", size, statement.line.number)


Handler = Callable[[LoadAssembler, ModelLoad, Statement], None]

_HANDLERS: dict[str, Handler] = {
    "llama.tensors.model_buffer": LoadAssembler.model_buffer,
    "llama.kv.buffer": LoadAssembler.kv_buffer,
    "llama.kv.recurrent_buffer": LoadAssembler.recurrent_buffer,
    "llama.compute.buffer": LoadAssembler.compute_buffer,
    "llama.compute.output_buffer": LoadAssembler.output_buffer,
    "llama.kv.init": LoadAssembler.kv_init,
    "llama.kv.iswa_full": LoadAssembler.kv_begins,
    "llama.kv.iswa_swa": LoadAssembler.kv_begins,
    "llama.kv.self_size": LoadAssembler.kv_size,
    "llama.kv.size": LoadAssembler.kv_size,
    "llama.kv.recurrent_size": LoadAssembler.recurrent_size,
    "llama.context.flash_attn": LoadAssembler.flash_attention,
    "llama.context.flash_attn_result": LoadAssembler.flash_attention_result,
    "llama.graph.splits_two": LoadAssembler.splits_two,
    "llama.graph.nodes": LoadAssembler.graph,
    "llama.graph.splits": LoadAssembler.graph,
    "llama.compute.pipeline": LoadAssembler.pipeline,
    "llama.compute.reserve_took": LoadAssembler.pipeline,
}
