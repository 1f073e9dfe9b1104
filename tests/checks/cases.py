"""Reads the tables of cases: a case is a few facts of a load, and what the checks say of them.

    [[case]]
    name    = "…"                  what the case shows
    base    = "eight_gpus"         optional: facts of cases/bases.toml that it starts from
    without = ["context.n_ubatch"] optional: facts of the base that this log lacks
    of      = ["load.slow"]        the findings that the case decides about
    expect  = "load.slow"          the one that is there; absent: none of them
    variant = "slow_storage"       optional: how it is worded
    values  = { … }                optional: some of its values
    unknown = ["load_seconds"]     optional: what the check says that it lacks
    bug     = "…"                  optional: what is wrong in the code today
    [case.load]                    facts of the load;  [case.facts], [[case.run]], [[case.event]]: of the log
"""

import copy
import tomllib
from dataclasses import is_dataclass
from pathlib import Path

from reading import values_of

from explain_log.facts.completion import complete
from explain_log.facts.models import DeviceMemory, Event, Facts, KvPart, ModelLoad, RunDevice, ServerRun
from explain_log.knowledge import load as load_knowledge

FOLDER = Path(__file__).parent / "cases"
BASES = tomllib.loads((FOLDER / "bases.toml").read_text(encoding="utf-8"))
LISTS = {"devices": DeviceMemory, "parts": KvPart}


def read_cases():
    """All cases of all tables, in the order of the files."""
    return [
        case
        for path in sorted(FOLDER.glob("*.toml"))
        if path.name != "bases.toml"
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]


def facts_of(case):
    """The facts that a case is about; each value stands on a line of its own."""
    base = copy.deepcopy(BASES.get(case.get("base"), {}))
    for path in case.get("without", []):
        remove(base, path)
    table = merged(base, case.get("load", {}))
    load = ModelLoad(index=1, first_line=1, last_line=200)
    fill(load, table)
    facts = Facts(loads=[load], line_count=200)
    number_lines(load, facts)
    complete(facts.loads, load_knowledge())
    for name, value in case.get("facts", {}).items():
        setattr(facts, name, {int(k): v for k, v in value.items()} if name == "texts" else value)
    for place, table in enumerate(case.get("run", [])):
        devices = [RunDevice(**device) for device in table.get("devices", [])]
        run = ServerRun(first_line=1, last_line=200, **(table | {"devices": devices}))
        run.lines = {name: [201 + place] for name in table}
        run.lines |= {f"devices.{number}.id": [201 + place] for number in range(len(devices))}
        run.fingerprint_lines = [201 + place]
        facts.server_runs.append(run)
        load.server_run = place
    facts.events = [Event(**table) for table in case.get("event", [])]
    return facts


def merged(base, own):
    """Two tables in one; where both have a value the second's counts."""
    result = copy.deepcopy(base)
    for name, value in own.items():
        result[name] = merged(result[name], value) if isinstance(value, dict) and name in result else value
    return result


def remove(table, path):
    """Takes a dotted path out of a table."""
    group, _, name = path.rpartition(".")
    for step in group.split(".") if group else []:
        table = table[step]
    del table[name]


def fill(record, table):
    """Writes a table into a record."""
    for name, value in table.items():
        if name in LISTS:
            setattr(record, name, [LISTS[name](**item) for item in value])
        elif is_dataclass(getattr(record, name)):
            fill(getattr(record, name), value)
        else:
            setattr(record, name, value)


def number_lines(load, facts):
    """Gives each fact a line: n for the n-th."""
    for number, (path, _) in enumerate(values_of(load), 1):
        load.lines[path] = [number]
        facts.texts[number] = f"a line that says {path}"
