"""What single statements add to a load: buffers, caches, graph. Sizes that occur several times are summed."""

from __future__ import annotations

from collections.abc import Callable

from explain_log.facts.models import KvPart, ModelLoad
from explain_log.facts.record import add, plausible, put
from explain_log.statements import Statement


class LoadParts:
    """Adds statements to one load; remembers what a line means by the lines before it."""

    def __init__(self, load: ModelLoad) -> None:
        self.load = load
        self._part: KvPart | None = None
        self.summary: dict[tuple[str, str], tuple[float, int]] = {}
        self._summary_closed = False
        self._allocated = False

    def take(self, statement: Statement) -> bool:
        """Adds the statement if it is about buffers, caches or the graph; whether it was."""
        handler = _HANDLERS.get(statement.id)
        if handler is None:
            return False
        handler(self, statement)
        return True

    def model_buffer(self, statement: Statement) -> None:
        """A buffer of weights; a split file has one line a part."""
        self._add_buffer(statement, "model_mib")

    def repeating_layers(self, statement: Statement) -> None:
        """How many of the model's own layers go to GPUs: with a full offload, all of them."""
        layers = statement.integer("layers")
        if layers is not None:
            self.load.asked["repeating"] = (layers, statement.line.number)

    def kv_buffer(self, statement: Statement) -> None:
        """A KV buffer; a model with two caches (iSWA) has one a cache."""
        self._add_buffer(statement, "kv_mib")

    def recurrent_buffer(self, statement: Statement) -> None:
        """The state of recurrent layers, which is no attention cache."""
        self._add_buffer(statement, "recurrent_mib")

    def _add_buffer(self, statement: Statement, kind: str) -> None:
        device, size = statement.text("device"), statement.number("size")
        if device is not None and size is not None:
            add(self.load, f"devices[{device}].{kind}", size, statement.line.number)

    def compute_buffer(self, statement: Statement) -> None:
        """Scratch memory; printed again when the graph is reserved anew, so the last one counts."""
        device, size = statement.text("device"), statement.number("size")
        if device is not None and size is not None and plausible("compute_mib", size):
            self.load.device(device).compute_mib = size
            self.load.lines[f"devices.{device}.compute_mib"] = [statement.line.number]

    def output_buffer(self, statement: Statement) -> None:
        """Where the logits go."""
        device, size = statement.text("device"), statement.number("size")
        if device is not None and size is not None:
            put(self.load, f"devices[{device}].output_mib", size, statement.line.number)

    def kv_init(self, statement: Statement) -> None:
        """The cache's shape, printed before its buffers in the eras that have this line."""
        for field, path in (("kv_size", "n_cells"), ("n_layer", "n_layer"), ("type_k", "k_type"), ("type_v", "v_type")):
            value = statement.fields.get(field)
            if value is not None:
                put(self.load, f"kv_cache.{path}", value, statement.line.number)

    def kv_begins(self, statement: Statement) -> None:
        """A cache of its own kind is being made: attention over everything, or over a window."""
        kind = "swa" if statement.id == "llama.kv.iswa_swa" else "attention"
        self._part = KvPart(kind, n_cells=statement.integer("size"))

    def kv_size(self, statement: Statement) -> None:
        """The total of one cache; with several caches their sum is the load's."""
        load, number = self.load, statement.line.number
        part, self._part = self._part or KvPart("attention"), None
        part.size_mib = statement.number("size")
        part.n_cells = statement.integer("n_cells") or part.n_cells
        part.n_layer = statement.integer("n_layer")
        part.n_streams = statement.integer("n_streams")
        part.k_type, part.v_type = statement.text("k_type"), statement.text("v_type")
        part.k_mib, part.v_mib = statement.number("k"), statement.number("v")
        load.kv_cache.parts.append(part)
        place = len(load.kv_cache.parts) - 1
        for name in ("kind", "size_mib", "n_cells", "n_layer", "n_streams", "k_type", "v_type", "k_mib", "v_mib"):
            if getattr(part, name) is not None:
                load.lines[f"kv_cache.parts.{place}.{name}"] = [number]
        for name in ("size_mib", "k_mib", "v_mib"):
            value = getattr(part, name)
            if value is not None:
                add(load, f"kv_cache.{name}", value, number)
        for name in ("k_type", "v_type"):
            if getattr(part, name) is not None:
                put(load, f"kv_cache.{name}", getattr(part, name), number)
        if part.n_cells is not None and not place:
            put(load, "kv_cache.n_cells", part.n_cells * (part.n_streams or 1), number)
        if part.n_layer is not None and (place or load.kv_cache.n_layer is None):
            load.kv_cache.n_layer = (load.kv_cache.n_layer or 0) + part.n_layer
            load.lines.setdefault("kv_cache.n_layer", []).append(number)

    def recurrent_size(self, statement: Statement) -> None:
        """The total of the recurrent state."""
        size = statement.number("size")
        if size is not None:
            add(self.load, "kv_cache.recurrent_mib", size, statement.line.number)

    def flash_attention(self, statement: Statement) -> None:
        """What was asked for (0, 1, auto, enabled, disabled); the outcome overrides it."""
        spoken = flash_attention_word(statement.text("flash_attn") or statement.text("value"))
        if spoken is not None:
            put(self.load, "context.flash_attn", spoken, statement.line.number)

    def flash_attention_result(self, statement: Statement) -> None:
        """What the program decided for auto."""
        value = (statement.text("result") or statement.text("value") or "").lower()
        if value in ("enabled", "disabled"):
            self.load.context.flash_attn = value
            self.load.lines["context.flash_attn"] = [statement.line.number]
            self.load.derived.pop("context.flash_attn", None)

    def pipeline(self, statement: Statement) -> None:
        """How often the inputs of each split are held."""
        copies = statement.integer("n_copies") or statement.integer("copies")
        if copies is not None and copies > 1:
            put(self.load, "pipeline_copies", copies, statement.line.number)

    def graph(self, statement: Statement) -> None:
        """Nodes and splits; where there are two numbers, the one for a single token counts."""
        number = statement.line.number
        for name in ("nodes", "splits"):
            one_token = statement.integer(f"{name}_tg")
            value = one_token if one_token is not None else statement.integer(name)
            if value is not None:
                put(self.load, f"graph.{name}", value, number)
        if statement.integer("splits_tg") is not None and statement.integer("splits") is not None:
            put(self.load, "graph.splits_prompt", statement.integer("splits"), number)

    def splits_two(self, statement: Statement) -> None:
        """Splits for a prompt and for one token; the latter is what counts while generating."""
        splits = statement.integer("splits_bs1")
        if splits is not None:
            put(self.load, "graph.splits", splits, statement.line.number)
            put(self.load, "graph.splits_prompt", statement.integer("splits"), statement.line.number)

    # Ollama's own engine prints rounded sums per device, once for every layout it tries: the last ones count.

    def summary_line(self, statement: Statement) -> None:
        """`model weights`, `kv cache` or `compute graph` of a device."""
        if self._summary_closed:
            self.summary.clear()
            self._summary_closed = False
        device = (
            statement.text("device")
            or statement.text("buffer")
            or statement.text("buffer_type")
            or statement.text("backend")
        )
        size = statement.number("size")
        if device is not None and size is not None:
            kind = _SUMMARY[statement.id]
            self.summary[kind, device] = (size, statement.line.number)
            # Ollama's own engine says what it has allocated; what the server sums up may be what it wanted.
            self._allocated = (statement.line.source or "").startswith("ggml.go:")

    def summary_end(self, _: Statement) -> None:
        """`total memory` closes a summary; the next line begins another."""
        self._summary_closed = True

    def settle_summary(self) -> None:
        """Takes the rounded sums for what no buffer line says; of a load that failed they may be what was wanted."""
        load = self.load
        wanted = load.outcome == "failed" and not self._allocated
        if wanted or any(device.model_mib is not None for device in load.devices):
            return
        total = 0.0
        lines = []
        for (kind, device), (size, line) in self.summary.items():
            put(load, f"devices[{device}].{kind}", round(size, 2), line)
            if kind == "kv_mib":
                total += size
                lines.append(line)
        if lines and load.kv_cache.size_mib is None:
            load.kv_cache.size_mib = round(total, 2)
            load.lines["kv_cache.size_mib"] = lines


def flash_attention_word(value: str | None) -> str | None:
    """enabled, disabled or auto, however a program spells it; None for anything else."""
    low = (value or "").lower()
    spoken = {
        "0": "disabled",
        "false": "disabled",
        "off": "disabled",
        "1": "enabled",
        "true": "enabled",
        "on": "enabled",
    }
    word = spoken.get(low, "auto" if low == "-1" else low)
    return word if word in ("auto", "enabled", "disabled") else None


_SUMMARY = {
    "ollama.load.model_weights": "model_mib",
    "ollama.load.kv_cache": "kv_mib",
    "ollama.load.compute_graph": "compute_mib",
}

_HANDLERS: dict[str, Callable[[LoadParts, Statement], None]] = {
    "llama.tensors.model_buffer": LoadParts.model_buffer,
    "llama.tensors.offloading_repeating": LoadParts.repeating_layers,
    "llama.kv.buffer": LoadParts.kv_buffer,
    "llama.kv.recurrent_buffer": LoadParts.recurrent_buffer,
    "llama.compute.buffer": LoadParts.compute_buffer,
    "llama.compute.output_buffer": LoadParts.output_buffer,
    "llama.kv.init": LoadParts.kv_init,
    "llama.kv.iswa_full": LoadParts.kv_begins,
    "llama.kv.iswa_swa": LoadParts.kv_begins,
    "llama.kv.self_size": LoadParts.kv_size,
    "llama.kv.size": LoadParts.kv_size,
    "llama.kv.recurrent_size": LoadParts.recurrent_size,
    "llama.context.flash_attn": LoadParts.flash_attention,
    "llama.context.flash_attn_result": LoadParts.flash_attention_result,
    "llama.graph.splits_two": LoadParts.splits_two,
    "llama.graph.nodes": LoadParts.graph,
    "llama.graph.splits": LoadParts.graph,
    "llama.graph.summary": LoadParts.graph,
    "llama.compute.pipeline": LoadParts.pipeline,
    "llama.compute.reserve_took": LoadParts.pipeline,
    "ollama.load.model_weights": LoadParts.summary_line,
    "ollama.load.kv_cache": LoadParts.summary_line,
    "ollama.load.compute_graph": LoadParts.summary_line,
    "ollama.load.total_memory": LoadParts.summary_end,
}


def is_about_buffers(statement_id: str) -> bool:
    """Whether LoadParts takes statements of this id."""
    return statement_id in _HANDLERS
