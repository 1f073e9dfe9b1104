"""Flash attention: on or off, and what it would bring here."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import load_check
from explain_log.checks.what_if import of_flash_attention, of_kv_type
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import lines_of

Q8_0_BYTES_PER_ELEMENT = 34 / 32


@load_check("flash_attention.off", "flash_attention.on", needs=("context.flash_attn",))
def flash_attention(load: ModelLoad, facts: Facts) -> Iterator[Observation]:  # noqa: ARG001
    """The outcome, where the log tells it; `auto` without an outcome says neither."""
    state = load.context.flash_attn
    lines = lines_of(load, "context.flash_attn")
    operands = {"flash_attn": f"fact:loads.{load.index}.context.flash_attn"}
    if state == "enabled":
        yield Observation("flash_attention.on", load.index, {"flash_attn": state}, lines, operands)
    if state != "disabled":
        return
    values: dict[str, Value] = {"flash_attn": state}
    variant = "default"
    freed = of_flash_attention(load)
    context = load.context
    if freed is not None and isinstance(load.model.n_head, int):
        each, at_output, in_all = freed
        values |= {
            "scores_mib": round(each, 2),
            "at_output_mib": round(at_output, 2),
            "freed_mib": round(in_all, 2),
            "n_head": load.model.n_head,
            "n_ctx": context.n_ctx or 0,
            "n_ubatch": context.n_ubatch or 0,
        }
        variant = "several" if in_all > each else "one"
    q8_0 = of_kv_type(load, Q8_0_BYTES_PER_ELEMENT)
    if q8_0 is not None and load.kv_cache.size_mib is not None:
        values |= {
            "kv_mib": load.kv_cache.size_mib,
            "kv_q8_0_mib": round(load.kv_cache.size_mib - q8_0, 2),
            "kv_saved_mib": round(q8_0, 2),
        }
    yield Observation("flash_attention.off", load.index, values, lines, operands, variant)
