"""The context window: what one request may use, and what changing it costs."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import load_check
from explain_log.checks.what_if import Effect, of_n_ctx
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import lines_of

DEFAULT_FOR_ALL = 8192
"""Tokens that hold most prompts: who has less is offered the next step for all clients as well."""
_LONG_SLOTS = frozenset({"one_long_slot", "all_slots_long", "llama_one_slot"})


@load_check("context.below_training", "context.above_training", needs=("context.n_ctx_per_seq", "model.n_ctx_train"))
def against_training(load: ModelLoad, facts: Facts) -> Iterator[Observation]:
    """What one slot may use against what the model was trained with. Source: llama-context.cpp, constructor."""
    per_seq, trained = load.context.n_ctx_per_seq, load.model.n_ctx_train
    if per_seq is None or not trained or per_seq == trained:
        return
    # Ollama's n_ctx is num_ctx times the slots; sequences of a unified cache share all of it.
    slots = 1 if load.context.kv_unified else load.context.n_seq_max or 1
    values: dict[str, Value] = {
        "n_ctx_per_seq": per_seq,
        "n_ctx_train": trained,
        "ratio": round(per_seq / trained, 4),
        "n_seq_max": slots,
    }
    prefix = f"fact:loads.{load.index}."
    operands = {"n_ctx_per_seq": prefix + "context.n_ctx_per_seq", "n_ctx_train": prefix + "model.n_ctx_train"}
    lines = lines_of(load, "context.n_ctx_per_seq", "model.n_ctx_train")
    if per_seq > trained:
        yield Observation("context.above_training", load.index, values, lines, operands)
        return
    doubled = min(per_seq * 2, trained)
    if per_seq < DEFAULT_FOR_ALL and _set_for_all(load, facts) < doubled:
        values["default_for_all"] = doubled
    effect = of_n_ctx(load, doubled * slots)
    if effect is not None:
        values |= {"doubled": doubled, "doubled_n_ctx": doubled * slots} | _effect_values("doubled", effect)
    yield Observation("context.below_training", load.index, values, lines, operands, _variant(effect))


@load_check("context.shared_by_slots", needs=("context.n_ctx", "context.n_seq_max"))
def shared_by_slots(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """n_ctx is split into n_seq_max slots of n_ctx_per_seq tokens each, unless the cache is unified.

    Source: llama-context.cpp, constructor; Ollama sets n_ctx = num_ctx · OLLAMA_NUM_PARALLEL (server/sched.go).
    """
    context = load.context
    slots, n_ctx, per_seq = context.n_seq_max, context.n_ctx, context.n_ctx_per_seq
    if slots is None or n_ctx is None or per_seq is None or slots <= 1 or context.kv_unified:
        return
    values: dict[str, Value] = {
        "n_ctx": n_ctx,
        "n_seq_max": slots,
        "n_ctx_per_seq": per_seq,
        "wide_n_ctx": n_ctx * slots,
    }
    alone, wide = of_n_ctx(load, per_seq), of_n_ctx(load, n_ctx * slots)
    if alone is not None:
        values |= _effect_values("alone", alone)
    if wide is not None:
        values |= _effect_values("wide", wide)
    prefix = f"fact:loads.{load.index}.context."
    operands = {name: prefix + name for name in ("n_ctx", "n_seq_max", "n_ctx_per_seq")}
    lines = lines_of(load, "context.n_seq_max", "context.n_ctx", "context.n_ctx_per_seq")
    trained = load.model.n_ctx_train
    beyond = trained is not None and n_ctx > trained  # Ollama clamps a num_ctx of more than the trained length
    without = _LONG_SLOTS if beyond else frozenset()
    yield Observation(
        "context.shared_by_slots",
        load.index,
        values,
        lines,
        operands,
        _variant(alone or wide),
        without_advice=without,
    )


def _set_for_all(load: ModelLoad, facts: Facts) -> int:
    """OLLAMA_CONTEXT_LENGTH as the server logged it, 0 where it is not set or not in the log."""
    config = facts.server_runs[load.server_run].config if load.server_run is not None else {}
    length = config.get("OLLAMA_CONTEXT_LENGTH", "")
    return int(length) if length.isdecimal() else 0


def _variant(effect: Effect | None) -> str:
    """Where the memory that a change moves lies: on the CPU alone there is no GPU to speak of."""
    return "cpu" if effect is not None and not effect.gpus else "default"


def _effect_values(name: str, effect: Effect) -> dict[str, Value]:
    """The effect's numbers without their sign: the text says whether they come or go."""
    return {
        f"{name}_kv_mib": round(abs(effect.kv_mib), 2),
        f"{name}_compute_each_mib": round(abs(effect.compute_each_mib), 2),
        f"{name}_total_mib": round(abs(effect.total_mib), 2),
        f"{name}_host_mib": round(abs(effect.host_mib), 2),
        "gpus": effect.gpus,
    }
