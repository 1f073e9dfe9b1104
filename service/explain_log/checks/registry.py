"""Registers checks: small pure functions from facts to observations.

A check names the facts it needs. Where one is missing the check is not run; its answer is `Unknown`,
which says what is missing, so that the report can say what the log cannot tell and how to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from explain_log.checks.finding import Observation, Unknown
from explain_log.facts.models import Facts, ModelLoad

LoadFunction = Callable[[ModelLoad, Facts], Iterable[Observation]]
LogFunction = Callable[[Facts], Iterable[Observation]]


@dataclass(frozen=True)
class LoadCheck:
    """A check of one load; it runs for the loads whose purpose is among `purposes`."""

    ids: tuple[str, ...]
    needs: tuple[str, ...]
    purposes: tuple[str, ...]
    function: LoadFunction
    says_unknown: bool


LOAD_CHECKS: list[LoadCheck] = []
LOG_CHECKS: list[LogFunction] = []


def load_check(
    *ids: str, needs: tuple[str, ...] = (), purposes: tuple[str, ...] = ("serve",), says_unknown: bool = True
) -> Callable[[LoadFunction], LoadFunction]:
    """Registers a check of a load that decides about these finding ids and needs these facts of it.

    says_unknown: whether a missing fact is worth telling the reader (the first id stands for the check).
    """

    def register(function: LoadFunction) -> LoadFunction:
        LOAD_CHECKS.append(LoadCheck(ids, needs, purposes, function, says_unknown))
        return function

    return register


def log_check(function: LogFunction) -> LogFunction:
    """Registers a check of the whole log."""
    LOG_CHECKS.append(function)
    return function


def fact(load: ModelLoad, path: str) -> Any:
    """The value at a dotted path of a load, or None."""
    value: Any = load
    for step in path.split("."):
        value = getattr(value, step)
    return value


def run_checks(facts: Facts) -> tuple[list[Observation], list[Unknown]]:
    """All observations and all unknowns of a log, in the order of the loads."""
    observations: list[Observation] = []
    unknowns: list[Unknown] = []
    for load in facts.loads:
        for check in LOAD_CHECKS:
            if load.purpose not in check.purposes:
                continue
            missing = tuple(path for path in check.needs if fact(load, path) in (None, [], {}))
            if not missing:
                observations += check.function(load, facts)
            elif check.says_unknown:
                unknowns.append(Unknown(check.ids[0], load.index, missing))
    for function in LOG_CHECKS:
        observations += function(facts)
    return observations, unknowns
