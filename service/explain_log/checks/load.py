"""Whether a load finished, how fast, and passes that only look like loads."""

from __future__ import annotations

from collections.abc import Iterator

from explain_log.checks.finding import Observation, Value
from explain_log.checks.registry import load_check, log_check
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import lines_of

SLOW_SECONDS = 60.0
SHORT_SECONDS = 2.0
SLOW_MIB_PER_SECOND = 500.0
FOREVER_SECONDS = 1e9


@load_check("load.finished", needs=("load_seconds",), says_unknown=False)
def finished(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """The load got ready: how long it took and how many MiB of weights a second that is."""
    if load.load_seconds is None or load.outcome != "ready":
        return
    values = _rate(load)
    lines = lines_of(load, "load_seconds", "outcome")
    operands = {"seconds": f"fact:loads.{load.index}.load_seconds"}
    if "mib_per_second" in values:
        operands["size"] = f"fact:loads.{load.index}.model.size_mib"
    variant = "rate" if "mib_per_second" in values else "default"
    yield Observation("load.finished", load.index, values, lines, operands, variant)


@load_check("load.slow", needs=("load_seconds",), says_unknown=False)
def slow(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """Over 60 s, or over 2 s and under 500 MiB/s."""
    seconds = load.load_seconds
    if seconds is None or not 0 <= seconds < FOREVER_SECONDS:
        return
    values = _rate(load)
    rate = values.get("mib_per_second")
    slow_rate = bool(load.model.size_mib) and (load.model.size_mib or 0.0) < SLOW_MIB_PER_SECOND * seconds
    if not (seconds > SLOW_SECONDS or (seconds > SHORT_SECONDS and slow_rate)):
        return
    operands = {"seconds": f"fact:loads.{load.index}.load_seconds"}
    if rate is not None:
        operands["size"] = f"fact:loads.{load.index}.model.size_mib"
    variant = "default" if rate is None else "slow_storage" if slow_rate else "big_model"
    if seconds > 4:
        values["twice_seconds"] = seconds * 2
        # Go duration with room to spare: whole minutes, at least 10.
        values["timeout_minutes"] = max(10, int(seconds * 2 // 60) + 1)
    yield Observation("load.slow", load.index, values, lines_of(load, "load_seconds"), operands, variant)


def _rate(load: ModelLoad) -> dict[str, Value]:
    seconds, size = load.load_seconds or 0.0, load.model.size_mib
    values: dict[str, Value] = {"seconds": round(seconds, 2)}
    if size and seconds:
        values |= {"size_mib": round(size, 2), "mib_per_second": round(size / seconds, 1)}
    return values


@load_check("load.vocab_only", purposes=("vocab_only",))
def vocab_only(load: ModelLoad, _: Facts) -> Iterator[Observation]:
    """A pass that reads only the tokenizer: it takes no memory for weights and is no second model.

    Source: src/llama-model.cpp, load_tensors (vocab_only); Ollama: llm/server.go, Tokenize.
    """
    values: dict[str, Value] = {
        "model": load.model.name or "",
        "first_line": load.first_line,
        "last_line": load.last_line,
    }
    lines = [*lines_of(load, "purpose", "outcome")]
    variant = "placeholder" if load.placeholder_type else "default"
    yield Observation("load.vocab_only", load.index, values, lines, {}, variant)


@log_check
def partial(facts: Facts) -> Iterator[Observation]:
    """The log starts or ends inside a load, so some facts are missing."""
    values: dict[str, Value] = {}
    lines = []
    if facts.starts_inside is not None:
        values["starts_at"] = facts.starts_inside
        lines.append(facts.starts_inside)
    if facts.ends_inside is not None:
        values["ends_in_load_from"] = facts.ends_inside
        lines.append(facts.line_count)
    if lines:
        variant = "both" if len(values) == 2 else "start" if "starts_at" in values else "end"
        yield Observation("log.partial", None, values, lines, {}, variant)


@log_check
def version_inferred(facts: Facts) -> Iterator[Observation]:
    """The release is not logged, but the source lines of its messages tell which ones it can be."""
    for number, run in enumerate(facts.server_runs, 1):
        if run.version is None and run.version_range is not None:
            first, last = run.version_range
            values: dict[str, Value] = {"first": first, "last": last, "run": number}
            operands = {"range": f"fact:server_runs.{number}.version_range"}
            variant = "one" if first == last else "default"
            yield Observation("server.version_inferred", None, values, run.fingerprint_lines, operands, variant)


@log_check
def eos_not_eog(facts: Facts) -> Iterator[Observation]:
    """The tokenizer's EOS token was not in the set of tokens that end generation; llama.cpp adds it.

    Source: src/llama-vocab.cpp, llama_vocab::impl::load.
    """
    events = facts.events_of("llama.vocab.eos_not_eog")
    if events:
        values: dict[str, Value] = {"count": len(events)}
        yield Observation("tokenizer.eos_not_eog", events[0].load, values, [e.line for e in events])
