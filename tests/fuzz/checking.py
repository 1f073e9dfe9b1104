"""What must hold for any input: a report or a refusal, in time, as strict JSON, every number of a load accounted for."""

import json
import math
import time

from explain_log.errors import InputError
from explain_log.lines import Origin
from explain_log.pipeline import make_report
from explain_log.report import report_json

SECONDS = 5.0
# What an entry is about is no value of the log; of a load's stages the lines are looked at as lines.
OWN = {"index", "server_run", "first_line", "last_line", "lines", "derived", "error", "stages"}


def numbers_of(value, path=""):
    """(dotted path, number) of everything in plain values; devices go by name."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, (int, float)):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_of(item, f"{path}.{key}" if path else str(key))
    else:
        for place, item in enumerate(value):
            name = item["device"] if isinstance(item, dict) and "device" in item else place
            yield from numbers_of(item, f"{path}.{name}")


def accounted(path, places):
    """Whether a number or the list or table that it is in has its place; a table's key may have dots."""
    return path in places or any(path.startswith(f"{place}.") for place in places)


def problems_of(report):
    """What is wrong with a report as plain values."""
    json.dumps(report, allow_nan=False, ensure_ascii=False).encode("utf-8")
    last = report["source"]["lines"]
    owners = [*report["loads"], *report["server_runs"]]
    for owner in owners:
        places = owner["lines"] | owner["derived"]
        for path, number in numbers_of({name: value for name, value in owner.items() if name not in OWN}):
            if not accounted(path, places):
                yield f"{path} = {number} of {owner.get('index', 'a run')} is neither in lines nor in derived"
            if not math.isfinite(number):
                yield f"{path} = {number}"
        both = set(owner["lines"]) & set(owner["derived"])
        if both:
            yield f"in lines and in derived: {sorted(both)}"
        if not 1 <= owner["first_line"] <= owner["last_line"] <= last:
            yield f"lines {owner['first_line']} to {owner['last_line']} of {last}"
    numbers = [number for owner in owners for places in owner["lines"].values() for number in places]
    numbers += [row["line"] for finding in report["findings"] for row in finding["evidence"]]
    numbers += [stage["line"] for load in report["loads"] for stage in load.get("stages", ())]
    numbers += [load["error"]["line"] for load in report["loads"] if load["error"]]
    wrong = sorted({number for number in numbers if not 1 <= number <= last})
    if wrong:
        yield f"lines {wrong[:5]} of {last}"
    if not 0 <= report["source"]["recognised_lines"] <= last:
        yield f"{report['source']['recognised_lines']} recognised lines of {last}"


def check(path, data, language):
    """Explains data by way of a file, as the command would, and gives all problems as texts; a refusal is none."""
    path.write_bytes(data)
    started = time.perf_counter()
    try:
        found = list(problems_of(report_json(make_report([Origin(str(path))], language))))
    except InputError as refusal:
        found = [] if str(refusal).strip() and "\n" not in str(refusal) else [f"refused with {str(refusal)!r}"]
    except Exception as error:  # noqa: BLE001 - any exception is what is looked for
        trace, place = error.__traceback__, ""
        while trace is not None:
            place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
        found = [f"{type(error).__name__}: {error} at {place}"]
    taken = time.perf_counter() - started
    return [*found, *([f"took {taken:.1f} s"] if taken > SECONDS else [])]
