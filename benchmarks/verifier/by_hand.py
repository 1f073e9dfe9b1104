"""Reads the statements written by hand: by_hand/, misread/ and fresh/LOG.LANGUAGE.txt.

@ IDS          what a model would cite for the sentences that follow, in short: context.n_ctx is of load 1,
               2.outcome of load 2, CUDA0.kv_mib of a device, *.kv_mib of every GPU, f:NAME a finding, t:NAME a
               term, line:N a line, r.count of the requests, s.version of the first server run
+ TEXT         a true sentence
- KIND TEXT    a false one, made from the true one above it
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from facts_of import FOLDER, Load, loads_of, names, report_of, resolves


@dataclass(frozen=True)
class Statement:
    """One sentence about a log and whether it is true of it."""

    log: str
    language: str
    text: str
    cites: tuple[str, ...]
    truth: bool
    kind: str
    was: str = ""
    origin: str = ""


def read(folder: str) -> Iterator[Statement]:
    """The statements of a folder, in the files' order."""
    for path in sorted((FOLDER / folder).glob("*.txt")):
        log, language = path.stem.split(".")
        if log not in names() or language not in ("zh", "en"):
            raise ValueError(f"{path.name}: no such log or language")
        yield from _statements(log, language, path.read_text(encoding="utf-8"), folder)


def _statements(log: str, language: str, text: str, folder: str) -> Iterator[Statement]:
    cites: tuple[str, ...] = ()
    was = ""
    for line in text.splitlines():
        mark, _, rest = line.strip().partition(" ")
        if not mark or mark == "#":
            continue
        if mark == "@":
            cites, was = tuple(full_cites(log, rest)), ""
        elif mark == "+":
            was = rest
            kind = "term" if folder == "misread" else "by_hand"
            yield Statement(log, language, rest, cites, truth=True, kind=kind, origin=folder)
        elif mark == "-":
            kind, _, wrong = rest.partition(" ")
            if not kind.isupper():
                raise ValueError(f"{log}.{language}: no kind in {line!r}")
            yield Statement(log, language, wrong, cites, truth=False, kind=kind.lower(), was=was, origin=folder)
        else:
            raise ValueError(f"{log}.{language}: {line!r}")


def full_cites(log: str, short: str) -> list[str]:
    """The ids of a line of short ones; ValueError where one names nothing."""
    cites = [cite for part in short.split() for cite in _full(log, part)]
    for cite in cites:
        if not resolves(log, cite):
            raise ValueError(f"{log}: {cite} names nothing")
    return cites


def _full(log: str, part: str) -> list[str]:
    if part.startswith("line:"):
        return [part]
    if part.startswith("t:"):
        return [f"term:{part[2:]}"]
    if part.startswith("f:"):
        name = part[2:]
        ids = [finding.fact_id for finding in report_of(log).findings]
        full = next((i for i in (f"finding:{name}", f"finding:{name}@1", f"finding:{name}@2") if i in ids), None)
        return [full or f"finding:{name}"]
    if part.startswith("r."):
        return [f"fact:requests.{part[2:]}"]
    if part.startswith("s."):
        return [f"fact:server_runs.1.{part[2:]}"]
    head, _, rest = part.partition(".")
    index = int(head) if head.isdigit() else 1
    short = rest if head.isdigit() else part
    load = next((load for load in loads_of(log) if load.index == index), Load(log, index, ()))
    if short.startswith("*."):
        paths = [f"{gpu}.{short[2:]}" for gpu in load.gpus]
        return [f"fact:{load.path(path)}" for path in paths if load.get(path) is not None]
    return [f"fact:{load.path(short)}"]
