"""Which loads are looked at: those that serve, the one that leads, the only one that is wanted (`--load N`)."""

from __future__ import annotations

from collections.abc import Iterable

from explain_log.errors import InputError
from explain_log.facts.models import Facts, ModelLoad


def serving(loads: Iterable[ModelLoad]) -> list[ModelLoad]:
    """The loads that are for requests: no vocab-only pass, no trial for an estimate."""
    return [load for load in loads if load.purpose == "serve"]


def leading(loads: Iterable[ModelLoad], crashed: int | None = None) -> ModelLoad | None:
    """The load that a reader wants to hear about: the latest failure, else the latest one that serves.

    crashed: the index of a load whose model failed while it was serving, which is a failure as well.
    """
    served = serving(loads)
    failed = [load for load in served if load.outcome == "failed" or load.index == crashed]
    return next(reversed(failed or served), None)


def only_load(facts: Facts, index: int) -> None:
    """Keeps of the loads this one, a vocab-only pass right beside it, and what is not about another load.

    The load keeps its index. Raises InputError where there is none of this index, saying which there are.
    """
    wanted = next((load for load in facts.loads if load.index == index), None)
    if wanted is None:
        raise _no_such(index, [load.index for load in facts.loads])
    others = [load for load in facts.loads if not _belongs(load, wanted)]
    facts.events = [event for event in facts.events if not any(_holds(load, event.line) for load in others)]
    facts.loads = [load for load in facts.loads if _belongs(load, wanted)]
    facts.loads_omitted = None
    facts.omitted_examples = []
    if facts.starts_inside is not None and not any(_holds(load, facts.starts_inside) for load in facts.loads):
        facts.starts_inside = None
    if facts.ends_inside is not None and not any(_holds(load, facts.ends_inside) for load in facts.loads):
        facts.ends_inside = None


def _belongs(load: ModelLoad, wanted: ModelLoad) -> bool:
    beside = abs(load.index - wanted.index) == 1
    return load is wanted or (beside and load.purpose == "vocab_only" and wanted.purpose == "serve")


def _holds(load: ModelLoad, line: int) -> bool:
    return load.first_line <= line <= load.last_line


def _no_such(index: int, known: list[int]) -> InputError:
    if not known:
        return InputError("part.no_loads", index=index)
    if len(known) == 1:
        return InputError("part.only_load", index=index, first=known[0])
    return InputError("part.no_such_load", index=index, first=known[0], last=known[-1])
