"""What the log says about one load: the model, the context, caches, graph, memory on each device, the prediction."""

from __future__ import annotations

from dataclasses import dataclass, field

PerLayer = int | list[int] | None
"""One number for all layers, or a list with one number a layer where they differ."""


@dataclass(eq=False, repr=False)
class Model:
    """What the log says about the model. params is a number (70.55e9); digest is hex without `sha256-`."""

    name: str | None = None
    arch: str | None = None
    params: float | None = None
    size_mib: float | None = None
    bpw: float | None = None
    file_type: str | None = None
    n_layer: int | None = None
    n_ctx_train: int | None = None
    n_embd: int | None = None
    n_head: PerLayer = None
    n_head_kv: PerLayer = None
    n_embd_head_k: int | None = None
    n_embd_head_v: int | None = None
    n_vocab: int | None = None
    n_expert: int | None = None
    n_expert_used: int | None = None
    n_swa: int | None = None
    path: str | None = None
    digest: str | None = None
    tensor_types: dict[str, int] = field(default_factory=dict)
    n_ff: PerLayer = None
    general_file_type: int | None = None
    type_label: str | None = None
    vocab_type: str | None = None
    n_merges: int | None = None
    n_rot: int | None = None
    n_embd_k_gqa: PerLayer = None
    n_embd_v_gqa: PerLayer = None
    kv_lora_rank: int | None = None
    ssm_d_conv: int | None = None
    ssm_d_inner: int | None = None
    ssm_d_state: int | None = None
    ssm_n_group: int | None = None
    causal_attn: bool | None = None
    rope_freq_base_train: float | None = None
    rope_freq_scale_train: float | None = None
    n_kv_pairs: int | None = None
    n_tensors: int | None = None
    gguf_version: str | None = None


@dataclass(eq=False, repr=False)
class Context:
    """The context as it was made. n_ctx_per_seq is what one slot may use."""

    n_ctx: int | None = None
    n_seq_max: int | None = None
    n_ctx_per_seq: int | None = None
    n_batch: int | None = None
    n_ubatch: int | None = None
    flash_attn: str | None = None
    kv_unified: bool | None = None
    freq_base: float | None = None
    freq_scale: float | None = None


@dataclass(eq=False, repr=False)
class KvPart:
    """One of several caches: kind is "attention" (all of n_ctx) or "swa" (the window)."""

    kind: str
    size_mib: float | None = None
    n_cells: int | None = None
    n_layer: int | None = None
    k_type: str | None = None
    v_type: str | None = None
    k_mib: float | None = None
    v_mib: float | None = None
    n_streams: int | None = None


@dataclass(eq=False, repr=False)
class KvCache:
    """The attention caches of a load together; recurrent state is apart."""

    size_mib: float | None = None
    k_type: str | None = None
    v_type: str | None = None
    k_mib: float | None = None
    v_mib: float | None = None
    n_cells: int | None = None
    n_layer: int | None = None
    parts: list[KvPart] = field(default_factory=list)
    recurrent_mib: float | None = None


@dataclass(eq=False, repr=False)
class Graph:
    """The compute graph; splits is for one token (bs=1) where the log tells both."""

    nodes: int | None = None
    splits: int | None = None
    splits_prompt: int | None = None


@dataclass(eq=False, repr=False)
class DeviceMemory:
    """What a load holds on one device. layers: repeating layers there, where that can be derived."""

    device: str
    model_mib: float | None = None
    kv_mib: float | None = None
    recurrent_mib: float | None = None
    compute_mib: float | None = None
    output_mib: float | None = None
    total_mib: float | None = None
    layers: int | None = None
    holds_output: bool | None = None


@dataclass(eq=False, repr=False)
class Estimate:
    """What Ollama predicted before it loaded."""

    layers_requested: int | None = None
    layers_model: int | None = None
    layers_offload: int | None = None
    required_full_mib: float | None = None
    required_partial_mib: float | None = None
    required_kv_mib: float | None = None
    available_mib: list[float] | None = None
    weights_mib: float | None = None
    graph_full_mib: float | None = None


@dataclass(eq=False, repr=False)
class LoadStage:
    """A moment of a load: attempt, metadata, tensors, context, kv, compute, then ready or failed.

    time: when the line that shows it was written, ISO 8601 as far as the log gives it.
    """

    stage: str
    line: int
    time: str | None = None
