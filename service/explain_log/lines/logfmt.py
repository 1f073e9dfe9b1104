"""Reads slog's text format: `key=value key="quoted \\"value\\""`, with Go's escapes."""

from __future__ import annotations

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


def scan_value(text: str, start: int) -> tuple[str, int]:
    """The value that begins at `start`, unquoted, and where it ends. An unclosed quote runs to the end."""
    if text[start : start + 1] != '"':
        end = text.find(" ", start)
        end = len(text) if end < 0 else end
        return text[start:end], end
    position = start + 1
    while True:
        quote = text.find('"', position)
        if quote < 0:
            return unescape(text[start + 1 :]), len(text)
        backslashes = 0
        while text[quote - 1 - backslashes] == "\\":
            backslashes += 1
        if backslashes % 2 == 0:
            return unescape(text[start + 1 : quote]), quote + 1
        position = quote + 1


def unescape(quoted: str) -> str:
    """The text of a Go string literal's inside; an escape that is none stays as it is."""
    if "\\" not in quoted:
        return quoted
    out: list[str] = []
    position = 0
    while True:
        slash = quoted.find("\\", position)
        if slash < 0:
            out.append(quoted[position:])
            return "".join(out)
        out.append(quoted[position:slash])
        kind = quoted[slash + 1 : slash + 2]
        if kind in _ESCAPES:
            out.append(_ESCAPES[kind])
            position = slash + 2
        elif kind in _HEX_ESCAPES:
            digits = quoted[slash + 2 : slash + 2 + _HEX_ESCAPES[kind]]
            char = _character(digits) if len(digits) == _HEX_ESCAPES[kind] else None
            out.append(char or "\\")
            position = slash + 2 + len(digits) if char else slash + 1
        else:
            out.append("\\")
            position = slash + 1


def _character(digits: str) -> str | None:
    """The character of a code in hexadecimal; half of a surrogate pair is none that could be printed."""
    if not _HEX_DIGITS.issuperset(digits):
        return None
    code = int(digits, 16)
    if 0xD800 <= code < 0xE000:
        return "\ufffd"
    return chr(code) if code < 0x110000 else None


def parse(text: str) -> dict[str, str]:
    """All pairs of a run of `key=value`. Keys may be quoted or empty (`""="…"`); other text is no pair."""
    pairs: dict[str, str] = {}
    position, length = 0, len(text)
    while position < length:
        if text[position] == " ":
            position += 1
            continue
        if text[position] == '"':
            key, position = scan_value(text, position)
        else:
            equals = text.find("=", position)
            if equals < 0:
                break
            key, position = text[position:equals].rpartition(" ")[2], equals
        if text[position : position + 1] != "=":
            continue
        value, position = scan_value(text, position + 1)
        pairs.setdefault(key, value)
    return pairs
