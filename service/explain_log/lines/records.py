"""Lines that are JSON objects: docker's json-file, journald, slog's JSON, the C++ server, Loki, clouds."""

from __future__ import annotations

import json
from typing import Any

from explain_log.lines.collectors import take
from explain_log.lines.colours import without_colours
from explain_log.lines.dates import leading_date, of_epoch
from explain_log.lines.line import Line

Record = dict[str, Any]

_TEXT_KEYS = (
    ("log", "docker-json"),
    ("MESSAGE", "journald"),
    ("line", "loki"),
    ("textPayload", "cloud"),
    ("@message", "cloud"),
    ("message", "cloud"),
    ("text", "llama-json"),
    ("content", "llama-json"),
)
_JSONL_KEYS = ("message", "msg", "text", "content")
_TIME_KEYS = ("time", "timestamp", "@timestamp", "ts", "date", "asctime")
_PROCESS_KEYS = ("container_name", "podName", "container_id")
_HEAD_KEYS = frozenset(("function", "level", "line", "msg", "message"))
_LEVELS = {
    "INFO": "info",
    "WARN": "warn",
    "WARNING": "warn",
    "ERR": "error",
    "ERROR": "error",
    "VERB": "debug",
    "DEBUG": "debug",
    "DBG": "debug",
    "TRACE": "trace",
}
_BARE_CHARACTERS = frozenset(' ="\\')


def json_record(line: Line) -> bool:
    """Takes a JSON object off what it holds; an object that is no log record stays as it is."""
    text = line.text.rstrip().rstrip(",")
    if text.startswith("[{") and text.endswith("}]") and _array(line, text):
        return True
    if text.startswith("[{"):
        text = text[1:]
    if text.endswith("}]"):
        text = text[:-1]
    if not text.endswith("}"):
        return False
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(record, dict):
        return False
    return _server(line, record) or _slog(line, record) or _jsonl(line, record) or _collected(line, record)


def _array(line: Line, text: str) -> bool:
    """Several records on one line, as `jq -c -s` writes them: each becomes a line."""
    try:
        records = json.loads(text)
    except (ValueError, RecursionError):
        return False
    records = [record for record in records if isinstance(record, dict)]
    if len(records) < 2:
        return False
    line.piece = ("", "\n".join(map(_dumped, records)), True)
    return take(line, "json", text)


def _server(line: Line, record: Record) -> bool:
    """llama.cpp's server of 2023 and 2024, as its text mode prints it: `INFO [main] text | key=value`."""
    message = record.get("msg", record.get("message"))
    function, level = record.get("function"), record.get("level")
    if not (isinstance(message, str) and isinstance(function, str) and isinstance(level, str)):
        return False
    pairs = "".join(f" {key}={_dumped(value)}" for key, value in record.items() if key not in _HEAD_KEYS)
    # Ollama's copy sorts its keys and prints the name bare; llama.cpp begins with the thread and pads the name.
    first = next(iter(record))
    line.level = _LEVELS.get(level.upper(), line.level)
    stamp = record.get("timestamp")
    if line.time is None and isinstance(stamp, int) and not isinstance(stamp, bool):
        line.time = of_epoch(stamp * 1_000_000)
    pad = " " if first in ("tid", "timestamp") else ""
    return take(line, "llama-json", f"{level} [{pad}{function}] {' '.join(message.split())} |{pairs}")


def _slog(line: Line, record: Record) -> bool:
    """`{"time":"2025-…","level":"INFO","source":{"file":"…","line":12},"msg":"…","key":…}`."""
    message, level, time = record.get("msg"), record.get("level"), record.get("time")
    if not isinstance(message, str) or not (isinstance(level, str) or isinstance(time, str)):
        return False
    source = record.get("source")
    if isinstance(source, dict):
        source = f"{source.get('file', '')}:{source.get('line', '')}"
    if isinstance(source, str) and source:
        line.source = source.replace("\\", "/").rpartition("/")[2]
    if isinstance(level, str):
        from explain_log.lines.envelopes import slog_level

        line.level = slog_level(level)
    pairs: list[str] = []
    _flatten({key: value for key, value in record.items() if key not in ("time", "level", "msg", "source")}, "", pairs)
    line.attrs = " ".join(pairs)
    text = " ".join(message.split())
    if not text and pairs:
        text = f"[{pairs[0].partition('=')[0]}]"
    found = leading_date(time) if isinstance(time, str) else None
    take(line, "slog-json", text, found[0] if found else None)
    line.stamped = line.stamped and found is None
    return True


def _flatten(record: Record, prefix: str, pairs: list[str], depth: int = 0) -> None:
    """Groups become `group.key=value`, as slog's text format writes them."""
    for key, value in record.items():
        if isinstance(value, dict) and depth < 8:
            _flatten(value, f"{prefix}{key}.", pairs, depth + 1)
        else:
            name = prefix + key
            pairs.append(f"{_quoted(name)}={_quoted(value if isinstance(value, str) else _plain(value))}")


def _plain(value: object) -> str:
    """A value as Go prints it: `[a b]`, `true`, `5.1`."""
    if isinstance(value, list):
        return f"[{' '.join(item if isinstance(item, str) else _dumped(item) for item in value)}]"
    return _dumped(value)


def _quoted(text: str) -> str:
    return text if text and text.isprintable() and _BARE_CHARACTERS.isdisjoint(text) else _dumped(text)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _jsonl(line: Line, record: Record) -> bool:
    """llama.cpp's --log-jsonl of 2026: `{"type":"log","level":"info",…}`; other types hold data of their own."""
    if not isinstance(record.get("type"), str) or record.keys() & {"_PID", "log", "kubernetes"}:
        return False
    inner = record.get("data")
    holder = {**inner, **record} if isinstance(inner, dict) else record
    text = next((holder[key] for key in _JSONL_KEYS if isinstance(holder.get(key), str)), None)
    if text is None:
        return False
    level = record.get("level")
    if isinstance(level, str):
        line.level = _LEVELS.get(level.upper(), line.level)
    return _held(line, "llama-json", text, None)


def _collected(line: Line, record: Record) -> bool:
    """A collector's record around what a program printed."""
    for key, name in _TEXT_KEYS:
        text = record.get(key)
        if isinstance(text, list) and text and all(isinstance(byte, int) and 0 <= byte < 256 for byte in text):
            text = bytes(text).decode("utf-8", "replace")  # journald's form of what is not plain text
        if not isinstance(text, str) or (len(record) == 1 and key != "log"):
            continue
        line.process = _process(record) or line.process
        part = str(record.get("stream", "")) if name == "docker-json" else None
        return _held(line, name, text, part, _time(record))
    return False


def _held(line: Line, name: str, text: str, stream: str | None, time: str | None = None) -> bool:
    """What a record holds: a line, several lines, or (docker's, without its line end) a part of one."""
    if "\x1b" in text:
        text = without_colours(text)
    content = text.removesuffix("\n")
    if stream is not None or "\n" in content:
        line.piece = (f"{line.process} {stream}", content, stream is None or text.endswith("\n"))
    return take(line, name, content, time)


def _time(record: Record) -> str | None:
    stamp = record.get("__REALTIME_TIMESTAMP")
    if isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) < 20:
        return of_epoch(int(stamp))
    for key in _TIME_KEYS:
        value = record.get(key)
        if isinstance(value, str):
            found = leading_date(value)
            if found is not None:
                return found[0]
            if value.isascii() and value.isdigit() and len(value) == 19:  # Loki counts nanoseconds
                return of_epoch(int(value) // 1000)
    return None


def _process(record: Record) -> str | None:
    program, pid = record.get("SYSLOG_IDENTIFIER"), record.get("_PID")
    if isinstance(program, str):
        return f"{program}[{pid}]" if isinstance(pid, str) else program
    kubernetes = record.get("kubernetes")
    if isinstance(kubernetes, dict) and isinstance(kubernetes.get("pod_name"), str):
        return f"{kubernetes['pod_name']}/{kubernetes.get('container_name', '')}"
    return next((record[key] for key in _PROCESS_KEYS if isinstance(record.get(key), str)), None)
