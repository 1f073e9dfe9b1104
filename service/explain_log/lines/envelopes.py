"""Takes off what other programs and log formats put around a statement.

Each envelope is one function: it looks at the line's text and, if the text wears that envelope,
takes it off and notes what it tells (time, level, source). They are tried until none applies, so
envelopes may be nested in any way.
"""

from __future__ import annotations

from collections.abc import Callable

from explain_log.lines import collectors, quoting
from explain_log.lines.line import Line
from explain_log.lines.logfmt import scan_value
from explain_log.lines.pasting import looks_pasted, plain

_MOST_ENVELOPES = 8
_LEVELS = {"I": "info", "W": "warn", "E": "error", "D": "debug", "T": "trace"}
_SLOG_KEYS = frozenset(("time", "level", "source", "msg"))
_SLOG_LEVELS = ("trace", "debug", "info", "warn", "error")
# The µ of `65µs` after a console or an editor took UTF-8 for something else.
_GARBLED_MICRO = ("┬╡s", "Âµs", "碌s", "\ufffd\ufffds", "\ufffds")
_INNERMOST = frozenset(("slog", "slog-json", "llama-json", "gin"))
_GO_LEVELS = ("INFO ", "WARN ", "ERROR ", "DEBUG ")
_EDGES = "\x00 \t\ufeff\u3000"
_FRAMES = ("│", "┃", "║")  # the right edge of a window in a terminal, copied with the line

Envelope = Callable[[Line], bool]


def unwrapped(number: int, raw: str) -> Line:
    """The line of this number without its envelopes."""
    line = Line(number, raw)
    if "\x1b" in line.raw:
        from explain_log.lines.colours import without_colours

        line.given = line.raw = line.text = without_colours(line.raw)
        line.envelope = ("ansi",)
    if looks_pasted(line.raw):
        line.given = line.raw = line.text = plain(line.raw)
    unwrap_text(line)
    return line


def unwrap_text(line: Line) -> None:
    """Takes off the envelopes that a line's text wears, until one holds only a part of a line, or several."""
    line.text = line.text.strip(_EDGES)
    if line.text.endswith(_FRAMES):
        line.text = line.text.rstrip("".join(_FRAMES) + _EDGES)
    for _ in range(_MOST_ENVELOPES):
        text = line.text
        if not text:
            return
        for take_off in _BY_FIRST.get(text[0], _OTHERS):
            if take_off(line):
                break
        else:
            return
        if line.envelope[-1] in _INNERMOST:
            if line.text[:1].isdigit():  # a message that quotes a line of llama.cpp
                _llama_prefix(line)
            return
        piece = line.piece
        if piece is not None and (not piece[2] or "\n" in piece[1]):
            return


def _slog(line: Line) -> bool:
    """`time=2025-02-11T11:34:37.966+08:00 level=INFO source=server.go:594 msg="…" key=value`."""
    text = line.text
    head: dict[str, str] = {}
    position = 0
    while "msg" not in head:
        equals = text.find("=", position)
        key = text[position:equals]
        if equals < 0 or key not in _SLOG_KEYS or key in head:
            return False
        head[key], position = scan_value(text, equals + 1)
        position += 1
    if looks_like_time(head.get("time", "")):
        line.time, line.stamped = head["time"], False
    if "level" in head:
        line.level = slog_level(head["level"])
    if "source" in head:
        line.source = head["source"].replace("\\", "/").rpartition("/")[2]
    line.text = " ".join(head["msg"].split()) or _first_key(text[position:])
    line.attrs = text[position:]
    line.envelope = (*line.envelope, "slog")
    return True


def _epoch(line: Line) -> bool:
    """`[1705188185] `: llama-server of 2023 and early 2024 stamps its lines with seconds since 1970."""
    text = line.text
    if text[11:12] != "]" or not text[1:11].isdigit():
        return False
    from time import gmtime, strftime

    if line.time is None:
        line.time = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(int(text[1:11])))
    line.text = text[12:].lstrip()
    line.envelope = (*line.envelope, "llama.cpp")
    return True


def _first_key(attrs: str) -> str:
    """What stands for an empty message: the first attribute's key, `[architecture]`."""
    key, equals, _ = attrs.strip().partition("=")
    return f"[{key}]" if equals and " " not in key else ""


def looks_like_time(text: str) -> bool:
    """Whether a text has the shape of an ISO 8601 time: `2025-02-11T11:34:37…`."""
    return len(text) >= 19 and text[4] == text[7] == "-" and text[10] in "T " and text[13] == text[16] == ":"


def slog_level(value: str) -> str:
    """The level that slog writes as `INFO`, `DEBUG-4` (trace before it had a name), `WARN+1`."""
    name, offset = value.lower(), ""
    for sign in "+-":
        if sign in name:
            name, _, offset = name.partition(sign)
            offset = sign + offset
    if name == "debug" and offset.startswith("-"):
        return "trace"
    return name if name in _SLOG_LEVELS else "info"


def _go_log(line: Line) -> bool:
    """`2023/12/18 10:00:00 routes.go:895: text`, also `… routes.go:1187: INFO server config env=…`."""
    text = line.text
    if len(text) < 20 or text[4] + text[7] + text[10] + text[13] + text[16] != "// ::":
        return False
    stamp = text[:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19]
    if not (stamp.isascii() and stamp.isdigit()):
        return False
    rest = text[19:]
    if rest.startswith("."):
        rest = rest.lstrip(".0123456789")
    if not rest.startswith(" "):
        return False
    line.time, line.stamped = f"{text[:4]}-{text[5:7]}-{text[8:10]}T{text[11:19]}", False
    rest = rest.lstrip()
    source, colon, after = rest.partition(": ")
    file, _, number = source.rpartition(":")
    if colon and file.endswith(".go") and number.isdigit() and " " not in file:
        line.source = source.rpartition("/")[2]
        rest = after
    elif not rest.startswith(_GO_LEVELS) or rest.partition(" ")[2].startswith("["):
        # No file and no level: a stamp of somebody else's around what a program printed.
        return collectors.take(line, "timestamp", rest, line.time)
    level, _, message = rest.partition(" ")
    if level in ("INFO", "WARN", "ERROR", "DEBUG") and message:
        line.level = level.lower()
        rest, line.attrs = _split_attrs(message)
    line.text = " ".join(rest.split())
    line.envelope = (*line.envelope, "go-log")
    return True


def _split_attrs(message: str) -> tuple[str, str]:
    """slog's default handler writes `message key=value` with nothing between: cut at the first key."""
    words = message.split(" ")
    for index, word in enumerate(words):
        key, equals, _ = word.partition("=")
        if index and equals and key and key.replace("_", "").replace(".", "").isalnum():
            return " ".join(words[:index]), " ".join(words[index:])
    return message, ""


def _gin(line: Line) -> bool:
    """`[GIN] 2025/01/31 - 12:34:56 | 200 | 1.2s | 127.0.0.1 | POST "/api/chat"` keeps its text, tells its time."""
    text = line.text
    if not text.startswith("[GIN] ") or "gin" in line.envelope:
        return False
    stamp = text[6:27]
    if len(stamp) == 21 and stamp[4] == stamp[7] == "/" and stamp[10:13] == " - ":
        line.time, line.stamped = f"{stamp[:4]}-{stamp[5:7]}-{stamp[8:10]}T{stamp[13:]}", False
    if not text.isascii():
        for garbled in _GARBLED_MICRO:
            line.text = line.text.replace(garbled, "µs")
    line.envelope = (*line.envelope, "gin")
    return True


def _llama_prefix(line: Line) -> bool:
    """`0.00.123.456 I ` and `I `: minutes.seconds.milliseconds.microseconds since start, and a level."""
    text = line.text
    if text[0].isdigit():
        stamp, blank, rest = text.partition(" ")
        parts = stamp.split(".")
        if not blank or len(parts) != 4 or not all(map(str.isdigit, parts)):
            return False
        text = rest.lstrip()
        # Without a level only the program's own widths count; with one, also what anonymizing made of an "address".
        if list(map(len, parts[1:])) != [2, 3, 3] and (text[1:2] != " " or text[0] not in _LEVELS):
            return False
        if text[1:2] == " " and text[0] in _LEVELS:
            line.level = _LEVELS[text[0]]
            text = text[2:]
    elif text[1:2] == " " and text[0] in _LEVELS and line.envelope[-1:] != ("llama.cpp",):
        line.level = _LEVELS[text[0]]
        text = text[2:]
    else:
        return False
    line.text = text.lstrip()
    line.envelope = (*line.envelope, "llama.cpp")
    return True


def _dots(line: Line) -> bool:
    """Progress dots, however many, are read as three; the line as given shows how many there were."""
    if len(line.text) != 3 and not line.text.strip("."):
        line.text = "..."
    return False


def _lettered(line: Line) -> bool:
    """What begins with a letter: a bar, a clock, a dash or an at-sign early on tells which envelope it may be."""
    text = line.text
    blank = text.find(" ")
    if blank > 1 and text[blank - 1] == ":" and text[blank - 2] != "]" and text.find(".log:", 0, blank) < 0:
        return False  # a function's name: most lines of llama.cpp end here
    colon = text.find(":", 4, 32)
    if colon > 0 and text[colon + 3 : colon + 4] == ":" and collectors.dated(line):
        return True
    if text.find("|", 1, 80) > 0 and collectors.compose(line):
        return True
    if text.find(" : ", 1, 20) > 0 and quoting.powershell(line):
        return True
    if text.find(".log:", 1, 128) > 0 and quoting.file_numbered(line):
        return True
    if text.find("]:", 3, 80) > 0 and collectors.unit(line):
        return True
    if blank < 1:
        return False
    if "-" in text[: text.find(" ", blank + 1)] and collectors.stern(line):
        return True
    return "@" in text[:blank] and quoting.prompted(line)


def _json(line: Line) -> bool:
    if "{" not in line.text[:2]:
        return False
    from explain_log.lines.records import json_record

    return json_record(line)


_OTHERS: tuple[Envelope, ...] = (_lettered,)
_DIGITS: tuple[Envelope, ...] = (
    _go_log,
    _llama_prefix,
    collectors.dated,
    collectors.clocked,
    collectors.epoch,
    quoting.numbered,
    *_OTHERS,
)
_BY_FIRST: dict[str, tuple[Envelope, ...]] = {
    "t": (_slog, _lettered),
    "l": (_slog, _lettered),
    "m": (_slog, _lettered),
    "s": (collectors.streamed, _lettered),
    "M": (collectors.exported, _lettered),
    "C": (quoting.prompted, _lettered),
    "P": (quoting.prompted, _lettered),
    "D": (_llama_prefix, quoting.prompted, _lettered),
    ".": (_dots,),
    "$": (quoting.prompted,),
    "(": (quoting.prompted,),
    "[": (_gin, _epoch, collectors.bracketed, quoting.marked, _json),
    "{": (quoting.marked, _json),
    "<": (collectors.syslog, quoting.tagged),
    ">": (quoting.quoted,),
    "`": (quoting.fenced,),
    "~": (quoting.fenced,),
    **dict.fromkeys("0123456789", _DIGITS),
    **dict.fromkeys("IWET", (_llama_prefix, _lettered)),
}
