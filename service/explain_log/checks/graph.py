"""How the compute graph is cut, and whether GPUs work in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.kv_place import kv_on_cpu
from explain_log.checks.memory_model import hidden_state_mib, mask_mib
from explain_log.checks.registry import load_check
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import gpu_devices, lines_of


@load_check("graph.splits_expected", "graph.splits_high", needs=("graph.splits",), says_unknown=False)
def splits(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """A split is a run of operations on one device; more than 2 · (devices + 1) for one token is many.

    Full offload over N GPUs with a layer split gives N + 1: the embedding lookup on the CPU, then one a GPU.
    Source: ggml-backend.cpp, ggml_backend_sched_split_graph.
    """
    count = load.graph.splits
    if count is None:
        return
    gpus = [d for d in gpu_devices(load) if d.model_mib or d.kv_mib or d.compute_mib]
    partial = load.layers_offloaded is None or load.layers_offloaded != load.layers_total
    if partial and load.graph.splits_prompt is None and gpus:
        return  # one number, which is the prompt's: it says nothing about generation
    limit = 2 * (len(gpus) + 1)
    values: dict[str, Value] = {"splits": count, "gpus": len(gpus), "expected": len(gpus) + 1, "limit": limit}
    operands = {"splits": f"fact:loads.{load.index}.graph.splits"}
    lines = lines_of(load, "graph.splits", "graph.nodes")
    if count > limit:
        yield Observation("graph.splits_high", load.index, values, lines, operands)
        return
    weights = [d for d in gpus if d.model_mib]
    on_cpu = kv_on_cpu(load)
    if weights and not partial:
        values["expected"] = len(weights) + 1 + (2 * (load.model.n_layer or 0) if on_cpu else 0)
    exact = count == values["expected"] and not partial and gpus and not on_cpu
    fewer = weights and not partial and count < int(values["expected"])
    variant = "exact" if exact else "cpu" if count == 1 and not gpus else "fewer" if fewer else "default"
    yield Observation("graph.splits_expected", load.index, values, lines, operands, variant)


@load_check("graph.pipeline_parallel", needs=("pipeline_copies",), says_unknown=False)
def pipeline(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """The inputs of each split are held n_copies times, so that GPUs work on different batches at once.

    Source: ggml-backend.cpp (GGML_SCHED_MAX_COPIES), llama-context.cpp, constructor (pipeline_parallel).
    """
    copies = load.pipeline_copies
    if copies is None or copies < 2:
        return
    values: dict[str, Value] = {"copies": copies, "gpus": len(gpu_devices(load))}
    context, model = load.context, load.model
    variant = "default"
    if context.n_ctx is not None and context.n_ubatch is not None and model.n_embd is not None:
        one = mask_mib(context.n_ctx, context.n_ubatch, 1) + hidden_state_mib(model.n_embd, context.n_ubatch, 1)
        if context.flash_attn == "disabled":
            values |= {
                "mask_mib": round(mask_mib(context.n_ctx, context.n_ubatch, 1), 2),
                "hidden_mib": round(hidden_state_mib(model.n_embd, context.n_ubatch, 1), 2),
                "copies_mib": round(one * copies, 2),
                "extra_mib": round(one * (copies - 1), 2),
            }
            variant = "sizes"
    operands = {"n_copies": f"fact:loads.{load.index}.pipeline_copies"}
    yield Observation(
        "graph.pipeline_parallel", load.index, values, lines_of(load, "pipeline_copies"), operands, variant
    )
