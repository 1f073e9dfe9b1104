"""Fills templates.toml with the facts of every log: true sentences, and false ones by slot, number or device."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from by_hand import Statement
from facts_of import FOLDER, Load, Value, loads_of, names, report_of
from numbers_shown import other_digits, shown

PLACE = re.compile(r"\{([^{}|]+)(?:\|(\w+))?\}")
SLOT = re.compile(r"\[(\w+):([^|\]]*)\|([^\]]*)\]")
FIELDS = ("model_mib", "kv_mib", "compute_mib", "total_mib")
TABLE = tomllib.loads((FOLDER / "templates.toml").read_text(encoding="utf-8"))
Values = dict[str, Value]


def from_templates(seed: int) -> Iterator[Statement]:
    """Statements for every log, load, template and language, each true one followed by false ones."""
    for log in names():
        for nth, load in enumerate(loads_of(log) or (Load(log, 0, ()),)):
            for number, template in enumerate(TABLE["template"]):
                rng = random.Random(f"{seed} {log} {load.index} {number}")
                if template.get("once") and nth:
                    continue
                for values, cites in _fillings(template, load, rng):
                    for language in ("zh", "en"):
                        yield from _said(template, load, values, cites, language, rng)


def _said(
    template: dict[str, Any], load: Load, values: Values, cites: tuple[str, ...], language: str, rng: random.Random
) -> Iterator[Statement]:
    filled = dict(values)
    if template.get("device"):
        filled["label"] = TABLE["label"][language][str(values["field"])]
    texts = list(template[language])
    for said in rng.sample(texts, min(len(texts), 2 if len(texts) > 2 else 1)):
        text = _named(template, load, language) + said
        true = _fill(_slots(text), filled)
        yield Statement(load.log, language, true, cites, truth=True, kind="template")
        wrongs = list(_wrongs(template, load, text, filled, language, rng))
        for kind, wrong in rng.sample(wrongs, min(len(wrongs), 2)):
            yield Statement(load.log, language, wrong, cites, truth=False, kind=kind, was=true)


def _named(template: dict[str, Any], load: Load, language: str) -> str:
    """Which load is meant, where a log has several."""
    if template.get("once") or len(loads_of(load.log)) < 2:
        return ""
    return f"第 {load.index} 次加载：" if language == "zh" else f"Load {load.index}: "


def _slots(text: str, wrong: int = -1) -> str:
    """The text with the right part of every slot, but the wrong one of that slot."""
    places = iter(range(len(text)))
    return SLOT.sub(lambda match: match[3] if next(places) == wrong else match[2], text)


def _fill(text: str, values: Values) -> str:
    filled = PLACE.sub(lambda match: shown(values[match[1]], match[2] or ""), text)
    return filled.strip().replace("： ", "：")


def _wrongs(
    template: dict[str, Any], load: Load, text: str, values: Values, language: str, rng: random.Random
) -> Iterator[tuple[str, str]]:
    """The ways in which this sentence can be made false."""
    for place, slot in enumerate(SLOT.finditer(text)):
        yield slot[1], _fill(_slots(text, place), values)
    plain = _slots(text)
    for match in PLACE.finditer(plain):
        value = values[match[1]]
        if isinstance(value, str) or not value:
            continue
        changed = other_digits(shown(value, match[2] or ""), rng, hedged=bool(re.search("约|about|oughly", plain)))
        if changed:
            yield "number", _fill(plain[: match.start()] + changed + plain[match.end() :], values)
    if template.get("device"):
        yield from _other_subject(load, plain, values, language)
    if template.get("pair"):
        swapped = {**values, "A": values["B"], "B": values["A"]}
        yield "device", _fill(plain, swapped)


def _other_subject(load: Load, plain: str, values: Values, language: str) -> Iterator[tuple[str, str]]:
    """The right number said of another device or of another buffer, where that one has another value."""
    device, field, value = str(values["A"]), str(values["field"]), float(values["value"])
    for gpu in load.gpus:
        there = load.number(f"{gpu}.{field}")
        if there is not None and abs(there - value) > 0.01 * value:
            yield "device", _fill(plain, {**values, "A": gpu})
            break
    for other in FIELDS:
        there = load.number(f"{device}.{other}")
        if other != field and there is not None and abs(there - value) > 0.05 * value:
            yield "subject", _fill(plain, {**values, "label": TABLE["label"][language][other]})
            break


def _fillings(template: dict[str, Any], load: Load, rng: random.Random) -> Iterator[tuple[Values, tuple[str, ...]]]:
    """The values and ids that a template can be said with."""
    if "pair" in template:
        yield from _pairs(template["pair"], load, rng)
    elif "device" in template:
        yield from _devices(load, rng)
    elif _applies(template, load):
        values = _values(template["needs"], load)
        if values is not None:
            short = [need for need in template["needs"] if not need.startswith("d.")]
            short += [f"{gpu}.{c[2:]}" for c in template.get("cites", []) for gpu in load.gpus]
            cites = tuple(f"fact:{load.path(s)}" for s in short if load.get(s) is not None)
            whole = "layers_offloaded" in template.values() and load.get("layers_offloaded") is not None
            yield values, (*cites, f"fact:{load.path('layers_offloaded')}") if whole else cites


def _applies(template: dict[str, Any], load: Load) -> bool:
    number = load.number
    if any(load.get(path) != value for path, value in template.get("when", {}).items()):
        return False
    if "below" in template:
        low, high = (number(path) for path in template["below"])
        if low is None or high is None or low >= high:
            return False
    if "equal" in template and (number(template["equal"][0]) or 0) != (number(template["equal"][1]) or 1):
        return False
    if "some" in template and not number(template["some"]):
        return False
    if "none" in template and number(template["none"]) != 0:
        return False
    if template.get("split"):
        slots, each, whole = (number(f"context.{name}") for name in ("n_seq_max", "n_ctx_per_seq", "n_ctx"))
        if not slots or not each or not whole or slots < 2 or abs(slots * each - whole) > 1:
            return False
    if template.get("healthy") and any(finding.severity == "error" for finding in report_of(load.log).findings):
        return False
    if template.get("standing") and load.get("outcome") == "failed":
        return False
    return not template.get("ready") or load.get("outcome") == "ready"


def _values(needs: list[str], load: Load) -> Values | None:
    values: Values = dict(_derived(load))
    for need in needs:
        if need.startswith("d."):
            if need not in values:
                return None
        else:
            value = load.get(need)
            if value is None:
                return None
            values[need] = value
    return values


def _derived(load: Load) -> Iterator[tuple[str, Value]]:
    """Counts and sums over the GPUs of a load; sums only where there are several."""
    off, all_layers = load.number("layers_offloaded"), load.number("layers_total")
    if off is not None and all_layers is not None:
        yield "d.layers_cpu", int(all_layers - off)
    yield "d.gpus", len(load.gpus)
    for field in FIELDS[:3]:
        parts = [load.number(f"{gpu}.{field}") for gpu in load.gpus]
        held = [part for part in parts if part]
        if len(held) > 1 and len(held) == len(load.gpus):
            yield f"d.sum_{field}", round(sum(held), 2)


def _pairs(field: str, load: Load, rng: random.Random) -> Iterator[tuple[Values, tuple[str, ...]]]:
    """Two GPUs of which the first has clearly more of this."""
    held = [(gpu, value) for gpu in load.gpus if (value := load.number(f"{gpu}.{field}"))]
    pairs = [(a, b) for a in held for b in held if a[1] > b[1] * 1.01]
    for (a, more), (b, less) in rng.sample(pairs, min(len(pairs), 2)):
        difference = round(more - less, 2)
        values: Values = {"A": a, "B": b, f"A.{field}": more, f"B.{field}": less, "d.diff": difference}
        yield values, tuple(f"fact:{load.path(f'{gpu}.{field}')}" for gpu in (a, b))


def _devices(load: Load, rng: random.Random) -> Iterator[tuple[Values, tuple[str, ...]]]:
    """Buffers of single GPUs."""
    held = [(gpu, f) for gpu in load.gpus for f in FIELDS if (load.number(f"{gpu}.{f}") or 0) > 20]
    for gpu, field in rng.sample(held, min(len(held), 4)):
        value = load.number(f"{gpu}.{field}") or 0.0
        yield {"A": gpu, "field": field, "value": value}, (f"fact:{load.path(f'{gpu}.{field}')}",)
