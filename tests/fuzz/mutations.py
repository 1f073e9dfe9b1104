"""Logs of the repository and ways to damage them: every mutator takes (chance, data, other) and gives bytes.

The same seed gives the same damaged log: `mutated(seed)`.
"""

import importlib.util
import json
import random
import re
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(rb"\d+(?:\.\d+)?")
STRANGE = (
    b"9" * 30, b"9" * 400, b"-1", b"-999999999999", b"0", b"0.0", b"-0.0", b"nan", b"NaN", b"inf", b"-inf", b"1e309", b"1e-400", b"2147483648",
    b"18446744073709551615", b"9223372036854775808", b"4294967295", b"0x7f", b"1.7976931348623157e308", b"1_000", b"", b"%d", "٣٤".encode(), "³".encode(), "１２".encode(),
)
NOISE = (b"\x00", b"\x00" * 40, b"\x1b[31m", b"\x1b[", b"\r", b"\x0b", b"\x0c", b"\x85", "\u2028".encode(), "\u202e".encode(), b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"\\", b"{", b"}}", b"[[[[", b"{0}")
BIGGEST = 24_000
"""Larger results are cut to this: small logs break as well, and quicker."""


def _built_logs():
    spec = importlib.util.spec_from_file_location("fuzz_builder", ROOT / "tests" / "cases" / "builder.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    return [builder.build(log).encode() for log in builder.read_logs()]


@cache
def originals():
    """Every log of the repository, and the small ones of the checks, as bytes."""
    paths = [*sorted((ROOT / "tests" / "facts" / "logs").glob("*.log")), *sorted((ROOT / "examples").glob("*.log"))]
    server = tomllib.loads((ROOT / "tests" / "checks" / "logs" / "server.toml").read_text(encoding="utf-8"))
    small = ["\n".join(server["text"][name] for name in log["lines"]).encode() for log in server["log"]]
    return tuple(log for log in (*(path.read_bytes() for path in paths), *_built_logs(), *small) if log)


def _lines(data):
    return data.split(b"\n")


def flip_bytes(chance, data, other):
    """A few bytes become others."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 20, 200))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def put_noise(chance, data, other):
    """Control characters, quotes and broken UTF-8 are put in."""
    for _ in range(chance.randint(1, 8)):
        place = chance.randint(0, len(data))
        data = data[:place] + chance.choice(NOISE) + data[place:]
    return data


def cut_lines(chance, data, other):
    """Lines are gone."""
    part = chance.random()
    return b"\n".join(line for line in _lines(data) if chance.random() < part)


def shorten_lines(chance, data, other):
    """Lines end too early or begin too late."""
    lines = _lines(data)
    for _ in range(chance.randint(1, 10)):
        place = chance.randrange(len(lines))
        at = chance.randint(0, len(lines[place]))
        lines[place] = lines[place][:at] if chance.random() < 0.5 else lines[place][at:]
    return b"\n".join(lines)


def shuffle_lines(chance, data, other):
    """All lines, or those of a stretch, stand in another order."""
    lines = _lines(data)
    low = chance.randrange(len(lines))
    high = chance.randint(low, len(lines)) if chance.random() < 0.5 else len(lines)
    middle = lines[low:high]
    chance.shuffle(middle)
    return b"\n".join((*lines[:low], *middle, *lines[high:]))


def double_lines(chance, data, other):
    """Some lines, or the whole log, come again."""
    if chance.random() < 0.3:
        return data + b"\n" + data
    return b"\n".join(line for line in _lines(data) for _ in range(chance.choice((1, 1, 1, 2, 5))))


def glue_lines(chance, data, other):
    """Line ends are missing, or are others."""
    end = chance.choice((b"", b" ", b"\r", b"\r\n", b"\\n", b"\n\n", b"\x00"))
    part = chance.choice((0.02, 0.2, 1.0))
    return b"".join(line + (end if chance.random() < part else b"\n") for line in _lines(data))


def strange_numbers(chance, data, other):
    """Numbers become huge, negative, zero or no numbers."""
    part = chance.choice((0.02, 0.1, 0.5))
    value = chance.choice(STRANGE) if chance.random() < 0.5 else None
    return NUMBER.sub(lambda found: (chance.choice(STRANGE) if value is None else value) if chance.random() < part else found[0], data)


def other_numbers(chance, data, other):
    """Numbers become other numbers of the log, or get a sign, more digits or fewer."""
    known = NUMBER.findall(data) or [b"1"]
    ways = (lambda n: chance.choice(known), lambda n: b"-" + n, lambda n: n * 5, lambda n: n[:1], lambda n: n + b".5", lambda n: b"000" + n)
    return NUMBER.sub(lambda found: chance.choice(ways)(found[0]) if chance.random() < 0.1 else found[0], data)


def swap_words(chance, data, other):
    """Two words change places, here and there."""
    words = data.split(b" ")
    for _ in range(chance.randint(1, 20)):
        a, b = chance.randrange(len(words)), chance.randrange(len(words))
        words[a], words[b] = words[b], words[a]
    return b" ".join(words)


def break_encoding(chance, data, other):
    """The log is in another encoding, or in one that breaks off."""
    text = data.decode("utf-8", "replace")
    way = chance.choice(("utf-16", "utf-16-le", "utf-16-be", "gb18030", "latin-1", "utf-8-sig", "cp1252", "utf-32", "odd"))
    if way == "odd":
        return text.encode("utf-16")[: chance.randint(1, 2 * len(text) + 2) | 1]
    return text.encode(way, "replace")


def put_envelope(chance, data, other):
    """A collector's envelope is put on, over all lines or some."""
    form = chance.choice((
        lambda line: b"Feb 11 11:02:03 box ollama[12]: " + line,
        lambda line: b"ollama-1  | " + line,
        lambda line: b"2025-02-11T11:02:03.123456789Z stdout " + chance.choice((b"F ", b"P ")) + line,
        lambda line: json.dumps({"log": line.decode("utf-8", "replace") + "\n", "stream": "stderr", "time": "2025-02-11T11:02:03Z"}).encode(),
        lambda line: b"time=2025-02-11T11:02:03.000Z level=INFO source=x.go:1 msg=" + json.dumps(line.decode("utf-8", "replace")).encode(),
        lambda line: b'{"MESSAGE":' + json.dumps(list(line)).encode() + b',"__REALTIME_TIMESTAMP":"' + chance.choice((b"1739242923000000", b"9" * 40, b"-1", b"x")) + b'"}',
        lambda line: b"\x1b[33m" + line + b"\x1b[0m",
        lambda line: b"> " + line,
        lambda line: b"ollama[1234]: " + line,
        lambda line: b"[INFO] worker " + str(chance.randint(1, 99)).encode() + b": " + line,
        lambda line: json.dumps({"MESSAGE": line.decode("utf-8", "replace"), "_PID": "12"}, indent=chance.choice((1, 4))).encode(),
        lambda line: json.dumps(line.decode("utf-8", "replace")).encode() + b",",
        lambda line: line.replace(b" ", "\xa0".encode()),
        lambda line: b"[0;32m" + line + b"[0m^M$",
    ))
    part = chance.choice((0.3, 1.0))
    return b"\n".join(form(line) if chance.random() < part else line for line in _lines(data))


def interleave(chance, data, other):
    """Two logs run into each other."""
    mine, theirs, mixed = _lines(data), _lines(other), []
    while mine or theirs:
        source = mine if mine and (not theirs or chance.random() < 0.5) else theirs
        mixed.append(source.pop(0))
    return b"\n".join(mixed)


def splice(chance, data, other):
    """The beginning of one log, the end of another."""
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def truncate(chance, data, other):
    """Only a part is there, from anywhere to anywhere."""
    low = chance.randint(0, len(data)) if chance.random() < 0.5 else 0
    return data[low : chance.randint(low, len(data))]


MUTATORS = (
    flip_bytes, put_noise, cut_lines, shorten_lines, shuffle_lines, double_lines, glue_lines, strange_numbers, other_numbers, swap_words,
    break_encoding, put_envelope, interleave, splice, truncate,
)


def mutated(seed):
    """One damaged log, (bytes, what was done to it), the same for the same seed."""
    chance = random.Random(seed)
    logs = originals()
    data, done = chance.choice(logs), []
    for mutator in chance.choices(MUTATORS, k=chance.choice((1, 1, 2, 3))):
        data = mutator(chance, data or b" ", chance.choice(logs))[:BIGGEST]
        done.append(mutator.__name__)
    return data, done
