"""Whether a setting works in the server that wrote the log."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.facts.models import Facts
from explain_log.facts.versions import version_key
from explain_log.knowledge import load as load_knowledge

_FIRST: tuple[int, ...] = ()
_LAST: tuple[int, ...] = (10**9,)


@dataclass(frozen=True)
class Server:
    """The product, and the first and last version that it can be."""

    product: str
    first: tuple[int, ...] = _FIRST
    last: tuple[int, ...] = _LAST

    @classmethod
    def of(cls, facts: Facts, load_index: int | None) -> Server:
        """The server of a load, else the log's last one; without any, Ollama where it printed what happened.

        Else the llama.cpp command-line tools.
        """
        run = facts.server_runs[-1] if facts.server_runs else None
        engine = None
        for load in facts.loads:
            if load.index == load_index and load.server_run is not None:
                run = facts.server_runs[load.server_run]
                engine = load.engine if "engine" in load.lines else None
        if run is None:
            by_ollama = any(event.statement.startswith("ollama.") for event in facts.events)
            return cls("ollama" if by_ollama else "llama.cpp")
        if run.version:
            key = build_key(run.version)
            return cls(run.product, key, key)
        if run.version_range:
            return cls(run.product, build_key(run.version_range[0]), build_key(run.version_range[1]))
        return cls(run.product, *_releases_with(engine)) if run.product == "ollama" else cls(run.product)


def _releases_with(engine: str | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first and the last release of Ollama that runs models by this program, which a line names."""
    eras = [era for era in load_knowledge().table("engines")["ollama"] if era["engine"] == engine]
    return (build_key(eras[0]["from"]), build_key(eras[-1]["to"])) if eras else (_FIRST, _LAST)


def build_key(version: str) -> tuple[int, ...]:
    """Orders Ollama's versions (0.5.13) and llama.cpp's builds (b6050)."""
    if version.startswith("b") and version[1:].isdecimal() and len(version) < 10:
        return (int(version[1:]),)
    return version_key(version)


def offered(product: str, versions: str, server: Server) -> bool:
    """Whether the setting is for this product and works in at least one version that the server can be.

    versions: comma-separated bounds such as `>=0.3.10,<0.30`.
    """
    if product != server.product:
        return False
    return all(_holds(bound.strip(), server) for bound in versions.split(","))


def _holds(bound: str, server: Server) -> bool:
    """Whether one bound leaves a version that the server can be."""
    operator = bound.rstrip("0123456789.b")
    key = build_key(bound[len(operator) :])
    holds = {
        ">=": server.last >= key,
        ">": server.last > key,
        "<=": server.first <= key,
        "<": server.first < key,
    }
    return holds.get(operator, True)
