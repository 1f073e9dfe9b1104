"""The arithmetic of llama.cpp's buffers, in MiB. Pure functions; each names the source of its formula."""

from __future__ import annotations

from collections.abc import Sequence

MIB = 1024 * 1024
F32_BYTES = 4


def row_bytes(elements: int, block: tuple[int, int]) -> float:
    """Bytes of a row of elements stored in blocks of (elements, bytes). Source: ggml.c, ggml_row_size."""
    per_block, bytes_per_block = block
    return elements / per_block * bytes_per_block


def over_layers(value: int | Sequence[int], n_layer: int) -> int | None:
    """The sum over all layers of one number for all or of a list; None where the list has another length."""
    if isinstance(value, int):
        return value * n_layer
    return sum(value) if len(value) == n_layer else None


def kv_mib(n_cells: int, heads: int, n_embd_head: int, block: tuple[int, int]) -> float:
    """One side (K or V) of an attention cache; heads are the KV heads of all layers together.

    Σ over layers of cells · n_head_kv · n_embd_head · bytes per element. Source: llama-kv-cache.cpp, constructor.
    """
    return n_cells * row_bytes(heads * n_embd_head, block) / MIB


def scores_mib(n_head: int, n_ctx: int, n_ubatch: int) -> float:
    """The attention score matrix of one layer without flash attention: n_head · n_ctx · n_ubatch · 4 bytes.

    Held once a device, since layers run one after the other. Source: llama-graph.cpp, build_attn_mha (kq).
    """
    return n_head * n_ctx * n_ubatch * F32_BYTES / MIB


def mask_mib(n_ctx: int, n_ubatch: int, copies: int) -> float:
    """The attention mask, n_ctx · n_ubatch · 4 bytes, once a pipeline copy.

    Source: llama-graph.cpp, build_attn_inp_kv.
    """
    return n_ctx * n_ubatch * F32_BYTES * copies / MIB


def hidden_state_mib(n_embd: int, n_ubatch: int, copies: int) -> float:
    """The hidden state that comes in from the device before: n_embd · n_ubatch · 4 bytes, once a copy.

    Source: ggml-backend.cpp, ggml_backend_sched_split_graph.
    """
    return n_embd * n_ubatch * F32_BYTES * copies / MIB


def logits_mib(n_vocab: int, n_ubatch: int) -> float:
    """The logits of a whole micro-batch: n_vocab · n_ubatch · 4 bytes. Source: llama-graph.cpp, result_output."""
    return n_vocab * n_ubatch * F32_BYTES / MIB


def matrix_mib(rows: int, columns: int, block: tuple[int, int]) -> float:
    """A weight matrix of rows × columns in a quantized type. Source: ggml.c, ggml_nbytes."""
    return rows * row_bytes(columns, block) / MIB
