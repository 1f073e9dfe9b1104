"""What a runner's command line and Ollama's load request say about the load they begin."""

from __future__ import annotations

from explain_log.facts.buffers import flash_attention_word
from explain_log.facts.models import ModelLoad
from explain_log.facts.record import derive, put
from explain_log.statements import Statement


def words_of(command: str) -> list[str]:
    """The words of a printed command line; a path with blanks stays in several words."""
    return command.replace('"', " ").split()


def option(words: list[str], *names: str) -> str | None:
    """The word after the first of these options, or None."""
    for place, word in enumerate(words[:-1]):
        if word in names:
            return words[place + 1]
    return None


def names_a_model(statement: Statement) -> bool:
    """Whether a `starting runner` line loads a model; discovery runs have none, and are whole runners."""
    words = words_of(statement.text("cmd") or "")
    return not words or option(words, "--model", "-m") is not None or "--port" not in words


def is_loading(statement: Statement) -> bool:
    """Whether a load request is a step of a load; `close` ends one."""
    return "{Operation:close" not in (statement.text("request") or "{Operation:close")


def take_command(load: ModelLoad, statement: Statement) -> None:
    """`--model PATH --ctx-size N --parallel N …`: --ctx-size is the total over all slots from 0.1.33 on."""
    words = words_of(statement.text("cmd") or "")
    number = statement.line.number
    path = option(words, "--model", "-m")
    if path is not None:
        put(load, "model.path", path, number)
    parallel = option(words, "--parallel", "-np")
    if parallel is not None and parallel.isdecimal() and len(parallel) < 6:
        load.asked["n_seq_max"] = (int(parallel), number)
    n_ctx = option(words, "--ctx-size", "-c")
    if n_ctx is not None and n_ctx.isdecimal() and len(n_ctx) < 12:
        load.asked["n_ctx"] = (int(n_ctx), number)
    port = option(words, "--port")
    if port is not None and port.isdecimal() and len(port) < 6:
        load.asked["port"] = (int(port), number)
    if "--ollama-engine" in words:
        set_engine(load, "ollama-engine", number)
    elif "--mlx-engine" in words:
        set_engine(load, "mlx", number)
    elif words and words[0].rpartition("/")[2].rpartition("\\")[2] in ("llama-server", "llama-server.exe"):
        set_engine(load, "llama-server", number)


def set_engine(load: ModelLoad, engine: str | None, number: int) -> None:
    """Which program runs the model; the first line that says so counts."""
    put(load, "engine", engine, number)


def take_request(load: ModelLoad, statement: Statement) -> str:
    """`{Operation:commit … Parallel:1 FlashAttention:Enabled KvSize:4096 KvCacheType:q8_0 GPULayers:37[…]}`.

    Sets what the request asks for where the load's own lines do not say it; gives the operation.
    """
    text = (statement.text("request") or "").strip("{}")
    fields = {}
    for word in text.split(" "):
        name, colon, value = word.partition(":")
        if colon and name.isalpha() and name not in fields:
            fields[name] = value
    operation = fields.get("Operation", "")
    if operation in ("fit", "alloc", "commit"):
        _note_request(load, fields, statement.line.number)
    return operation


def _note_request(load: ModelLoad, fields: dict[str, str], number: int) -> None:
    """KvSize is the total over all slots. Source: llm/server.go, LoadRequest."""
    asked = load.asked
    for name, key in (("KvSize", "n_ctx"), ("Parallel", "n_seq_max"), ("BatchSize", "n_ubatch")):
        value = fields.get(name, "")
        if value.isdecimal() and len(value) < 12:
            asked[key] = (int(value), number)
    if (word := flash_attention_word(fields.get("FlashAttention"))) is not None:
        asked["flash_attn"] = (word, number)
    if fields.get("KvCacheType"):
        asked["kv_type"] = (fields["KvCacheType"], number)
    layers = fields.get("GPULayers", "").partition("[")[0]
    asked["gpu_layers"] = (int(layers) if layers.isdecimal() and len(layers) < 9 else 0, number)


def settle_request(load: ModelLoad) -> None:
    """Takes what Ollama's load request asked for where the load's own lines are silent."""
    asked = load.asked
    slots = asked.get("n_seq_max", (1, 0))[0]
    for key, path in (
        ("n_ctx", "context.n_ctx"),
        ("n_seq_max", "context.n_seq_max"),
        ("flash_attn", "context.flash_attn"),
    ):
        if key in asked and _value(load, path) is None and not (key == "flash_attn" and asked[key][0] == "auto"):
            put(load, path, asked[key][0], int(asked[key][1]))
    if load.engine == "ollama-engine" and "n_ctx" in asked and "n_seq_max" in asked:
        n_ctx = load.context.n_ctx
        if n_ctx is not None and isinstance(slots, int) and slots > 0:
            derive(load, "context.n_ctx_per_seq", n_ctx // slots, "KvSize / Parallel of the load request")
    if asked.get("gpu_layers", (None, 0))[0] == 0 and load.layers_offloaded is None:
        derive(load, "layers_offloaded", 0, "GPULayers:[] in the load request")


def _value(load: ModelLoad, path: str) -> object:
    group, _, name = path.partition(".")
    return getattr(getattr(load, group), name)
