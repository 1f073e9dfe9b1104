"""Builds a case's log: lines written in short, in the envelope that the case's platform had.

    INFO sched.go:646 msg=…          a line of slog at that level from that place of the source
    std routes.go:895: text          a line of Go's log, as Ollama printed before 0.1.21
    GIN 200 | 1.2s | POST /api/chat  a line of gin's
    +30                              thirty seconds pass (otherwise a tenth of a second a line)
    $A, $B, $C                       the path of a model's file
    anything else                    as it stands: what llama.cpp prints
"""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent
STEP = timedelta(milliseconds=100)
SLOG = re.compile(r"(TRACE|DEBUG|INFO|WARN|ERROR) (\w+\.go:\d+) (.*)")
GIN = re.compile(r"GIN (\d+) \| (\S+) \| (\w+) (\S+)")
BLOBS = {"$A": "3a1f", "$B": "b7c2", "$C": "c90e"}
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def read_mapping():
    """What each case asks of the findings, by its number."""
    cases = tomllib.loads((FOLDER / "mapping.toml").read_text(encoding="utf-8"))["case"]
    return {case["number"]: case for case in cases}


def read_logs():
    """Every log with what its test asks: of the cases by number, then our own."""
    return [log for path in sorted((FOLDER / "logs").glob("*.toml")) for log in tomllib.loads(path.read_text(encoding="utf-8"))["log"]]


def build(log):
    """The text of a log."""
    now = datetime.fromisoformat(log.get("at", "2025-03-01T10:00:00")).replace(tzinfo=UTC)
    lines = []
    for short in log["text"].strip("\n").split("\n"):
        if re.fullmatch(r"\+\d+", short):
            now += timedelta(seconds=int(short))
            continue
        now += STEP
        lines.append(_wrapped(_spelled(_with_paths(short), now), now, log.get("envelope", "none")))
    return "\n".join(lines) + "\n"


def _with_paths(text):
    for name, start in BLOBS.items():
        text = text.replace(name, f"/root/.ollama/models/blobs/sha256-{start * 16}")
    return text


def _spelled(text, now):
    if match := SLOG.fullmatch(text):
        level, place, rest = match.groups()
        return f"time={now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z level={level} source={place} {rest}"
    if match := GIN.fullmatch(text):
        status, took, method, path = match.groups()
        return f'[GIN] {now:%Y/%m/%d - %H:%M:%S} | {status} | {took:>13} | {"127.0.0.1":>15} | {method:<8} "{path}"'
    return f"{now:%Y/%m/%d %H:%M:%S} {text[4:]}" if text.startswith("std ") else text


def _wrapped(text, now, envelope):
    match envelope:
        case "journald":
            return f"{MONTHS[now.month - 1]} {now:%d %H:%M:%S} box ollama[1234]: {text}"
        case "journald-zh":
            return f"{now.month}月 {now:%d %H:%M:%S} box ollama[1234]: {text}"
        case "docker-compose":
            return f"ollama  | {text}"
        case "docker":
            return f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z {text}"
        case "unit":
            return f"ollama[1234]: {text}"
        case "elapsed":
            seconds = now.hour * 3600 + now.minute * 60 + now.second
            return f"{seconds // 60 % 60}.{seconds % 60:02}.{now.microsecond // 1000:03}.000 I {text}"
    return text
