"""How the service is to run: everything that `explain-log serve` can be told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from explain_log.folders import data_folder
from explain_log.narration.options import ModelOptions
from explain_log.store import default_url

MEBIBYTE = 1024 * 1024


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class ServiceOptions:
    """database: URL.  store: whether reports are kept.  folder: of raw logs that wait, and of uploads.

    keys_required: nothing is answered without a key, also before the first one was made.  open_to_all: keys do not
    count.  beyond_loopback: it listens on other addresses than this machine's own.  hosts: names it may be called.
    rate: requests of one key, as `limits` writes it; "" is no limit.  days, store_bytes: what is kept at most.
    model: what to ask, of which Ollama; llm: whether a model is asked at all.
    """

    database: str = field(default_factory=default_url)
    store: bool = True
    folder: str = field(default_factory=lambda: os.path.join(data_folder(), "spool"))
    keys_required: bool = False
    open_to_all: bool = False
    beyond_loopback: bool = False
    hosts: tuple[str, ...] = ()
    rate: str = ""
    days: float = 30.0
    store_bytes: int = 2048 * MEBIBYTE
    most_bytes: int = 64 * MEBIBYTE
    most_requests: int = 4096
    workers: int = field(default_factory=_cores)
    parses_waiting: int = 32
    parse_seconds: float = 60.0
    body_idle_seconds: float = 15.0
    model_slots: int = 1
    models_waiting: int = 64
    most_jobs: int = 10_000
    shutdown_seconds: float = 20.0
    llm: bool = True
    cache: bool = True
    model: ModelOptions = field(default_factory=ModelOptions)
