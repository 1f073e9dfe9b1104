"""Forms: the wording of a statement with typed fields, `llama_context: n_ctx = {n_ctx:int tokens}`.

A form is split once, when the knowledge is compiled, into literal parts and fields. Matching walks
the line once from left to right with `str.find`, so it takes time linear in the line's length, and
nothing has to be compiled at start-up (60 `re.compile` calls cost more than a whole run of grep).
"""

from __future__ import annotations

import re

Field = tuple[str, str, str]
"""(name, type, unit); the unit is "" for texts."""

Part = str | Field

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}:]+):([a-z]+)(?: ([A-Za-z_]+))?\}")

FIELD_TYPES = frozenset("int float hex bool word str path text duration size sizes".split())
NUMBER_UNITS = frozenset(
    (
        "MiB GiB KiB MB GB B ms us s seconds minutes percent tokens layers cells sequences slots heads "
        "experts tensors nodes splits copies bytes bits bpw devices threads requests per_second dims ids "
        "hz count bool ratio params_T params_B params_M params_K"
    ).split(),
)

Value = int | float | str | bool | list[float]

# (power of ten, factor): 12.5 ms is read as 12.5e-3, which is rounded once.
_UNIT_TO_SECONDS = {
    "ns": ("e-9", 1.0), "us": ("e-6", 1.0), "µs": ("e-6", 1.0), "μs": ("e-6", 1.0), "ms": ("e-3", 1.0),
    "s": ("", 1.0), "m": ("", 60.0), "h": ("", 3600.0),
}  # fmt: skip
_UNIT_TO_MIB = {
    "B": 1 / 1024**2, "KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0, "TiB": 1024.0**2, "PiB": 1024.0**3,
    "KB": 1e3 / 1024**2, "MB": 1e6 / 1024**2, "GB": 1e9 / 1024**2, "TB": 1e12 / 1024**2,
}
_TRUE = frozenset(("true", "1", "yes", "on", "enabled"))
_FALSE = frozenset(("false", "0", "no", "off", "disabled"))
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
# A number with more digits is no number that a program measured; int() would also take quadratic time.
_MAX_DIGITS = 40
# No size is nan, infinite or so large that a report could not hold it.
_MOST_UNITS = 1e20
_INFINITE = float("inf")


def split_form(form: str) -> list[Part]:
    """The form's literal parts and fields in order.

    Raises ValueError for an unknown type, a number without a unit, or two fields without text between.
    """
    parts: list[Part] = []
    literal = ""
    position = 0
    for found in _FIELD.finditer(form):
        literal += form[position : found.start()]
        position = found.end()
        if found[0] in ("{{", "}}"):
            literal += found[0][0]
            continue
        name, kind, unit = found[1], found[2], found[3] or ""
        check_field_type(name, kind, unit)
        if not literal and parts:
            raise ValueError(f"two fields without text between them at {found[0]}")
        if literal:
            parts.append(literal)
            literal = ""
        parts.append((name, kind, unit))
    literal += form[position:]
    if "{" in _FIELD.sub("", form):
        raise ValueError(f"a brace that begins no field in {form!r}")
    if literal:
        parts.append(literal)
    return parts


def check_field_type(name: str, kind: str, unit: str) -> None:
    """Raises ValueError if the type is unknown, or if a number has no (or an unknown) unit."""
    if kind not in FIELD_TYPES:
        raise ValueError(f"field {name}: unknown type {kind}")
    if kind in ("int", "float") and unit not in NUMBER_UNITS:
        raise ValueError(f"field {name}: a number needs a known unit, not {unit!r}")
    if kind not in ("int", "float") and unit:
        raise ValueError(f"field {name}: type {kind} takes no unit")


def leading_tokens(parts: list[Part], most: int) -> list[str]:
    """The blank-separated words a line of this form surely begins with, at most so many."""
    first = parts[0] if parts and isinstance(parts[0], str) else ""
    tokens = first.split(" ")
    if len(parts) > 1:
        tokens.pop()  # the last one runs on into a field, or is empty
    return [token for token in tokens if token][:most]


def longest_literal(parts: list[Part]) -> str:
    """The longest literal part: a line without it cannot match."""
    return max((part for part in parts if isinstance(part, str)), key=len, default="")


def match_parts(parts: list[Part], text: str) -> dict[str, Value] | None:
    """The fields of `text` (blanks collapsed and trimmed) under a form's parts, or None.

    Each field runs to the first place where the next literal stands (the last for type `path`); the
    literal that closes a form closes the line as well. A number that is nan or infinite is left out.
    """
    last = parts[-1] if parts else ""
    if not isinstance(last, str) and last[1] == "text" and len(parts) > 1 and str(parts[-2]).endswith(" "):
        text += " "  # the blank before an empty text was trimmed away
    fields: dict[str, Value] = {}
    position = 0
    for number, part in enumerate(parts):
        if isinstance(part, str):
            if not text.startswith(part, position):
                return None
            position += len(part)
            continue
        name, kind, _unit = part
        end = _field_end(parts, number, text, position)
        value = convert(kind, text[position:end]) if end >= position else None
        if value is None:
            return None
        if is_measured(value):
            fields[name] = value
        position = end
    return fields if position == len(text) else None


def is_measured(value: Value) -> bool:
    """False for nan and infinity: programs print them, but they are no facts, and JSON has no word for them."""
    return not isinstance(value, float) or abs(value) < _INFINITE


def _field_end(parts: list[Part], number: int, text: str, start: int) -> int:
    """Where the field that begins at `start` ends; less than `start` where what follows it is not there."""
    if number + 1 == len(parts):
        return len(text)
    following, kind = str(parts[number + 1]), parts[number][1]
    if number + 2 == len(parts):
        return len(text) - len(following) if text.endswith(following) else -1
    return (text.rfind if kind == "path" else text.find)(following, start if kind == "text" else start + 1)


def convert(kind: str, raw: str) -> Value | None:
    """The typed value of a field's text, or None where it is not of that type.

    `size` and `sizes` give MiB, `duration` seconds.
    """
    if kind == "text":
        return raw.strip()
    raw = raw.strip()
    if not raw:
        return None
    if kind in ("str", "path"):
        return raw
    return _CONVERTERS[kind](raw)


def _to_int(raw: str) -> int | None:
    digits = raw[1:] if raw[0] == "-" else raw
    return int(raw) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS else None


def _to_float(raw: str) -> float | None:
    if len(raw) > _MAX_DIGITS or "_" in raw or not raw.isascii():
        return None
    try:
        return float(raw)
    except ValueError:
        return None


def _to_hex(raw: str) -> str | None:
    digits = raw[2:] if raw[:2] in ("0x", "0X") else raw
    return raw if digits and _HEX_DIGITS.issuperset(digits) else None


def _to_bool(raw: str) -> bool | None:
    low = raw.lower()
    return True if low in _TRUE else False if low in _FALSE else None


def _to_word(raw: str) -> str | None:
    return raw if " " not in raw else None


def _to_duration(raw: str) -> float | None:
    """Seconds of a Go duration such as `1m31.5s`; `0` and `0s` are 0."""
    if raw == "0":
        return 0.0
    if len(raw) > _MAX_DIGITS:
        return None
    seconds, number, unit = 0.0, "", ""
    sign, raw = (-1.0, raw[1:]) if raw[0] == "-" else (1.0, raw)
    for char in raw + "0":
        if char.isdigit() or char == ".":
            if unit:
                scale = _UNIT_TO_SECONDS.get(unit)
                value = _to_float(number + scale[0]) if number and scale else None
                if scale is None or value is None:
                    return None
                seconds += scale[1] * value
                number, unit = "", ""
            number += char
        else:
            unit += char
    return sign * seconds if number == "0" and not unit and raw[-1:].isalpha() else None


def _to_size(raw: str) -> float | None:
    """MiB of `23.7 GiB`, `0 B`, `36 GB`."""
    number, _, unit = raw.partition(" ")
    if not unit:
        stripped = raw.rstrip("BKMGTPi")
        number, unit = stripped, raw[len(stripped) :]
    value, scale = _to_float(number) if number else None, _UNIT_TO_MIB.get(unit)
    return None if value is None or scale is None or not abs(value) < _MOST_UNITS else value * scale


def _to_sizes(raw: str) -> list[float] | None:
    """MiB of each of `[23.7 GiB 22.1 GiB]`."""
    if raw[0] != "[" or raw[-1] != "]":
        return None
    words = raw[1:-1].replace(",", " ").split()
    if len(words) % 2:
        return None
    sizes = [_to_size(f"{number} {unit}") for number, unit in zip(words[::2], words[1::2], strict=True)]
    return [size for size in sizes if size is not None] if None not in sizes else None


_CONVERTERS = {
    "int": _to_int, "float": _to_float, "hex": _to_hex, "bool": _to_bool, "word": _to_word,
    "duration": _to_duration, "size": _to_size, "sizes": _to_sizes,
}
