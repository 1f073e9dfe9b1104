"""Every envelope as a function that puts it on: lines of a log → text of a log that wears it."""

import json

import pytest

ZULU = "2026-08-01T10:00:{:02}.{:09}Z"


def stamp(number):
    """A time that goes up from line to line."""
    return ZULU.format(number // 1000 % 60, number * 1_000_000 % 1_000_000_000 + 1)


def each(form):
    """The envelope that wraps each line by a form with {line}, {time} and {number}."""

    def put_on(lines):
        return "".join(form.format(line=line, time=stamp(n), number=n) + "\n" for n, line in enumerate(lines, 1))

    return put_on


def records(make):
    """The envelope that makes a JSON object of each line."""

    def put_on(lines):
        return "".join(json.dumps(make(n, line), ensure_ascii=False) + "\n" for n, line in enumerate(lines, 1))

    return put_on


def cri_in_parts(lines):
    """Lines cut at 40 characters, as a container runtime cuts long ones; the other stream's parts between."""
    out = []
    for number, line in enumerate(lines, 1):
        pieces = [line[at : at + 40] for at in range(0, len(line), 40)] or [""]
        for place, piece in enumerate(pieces):
            kind = "F" if place + 1 == len(pieces) else "P"
            out.append(f"{stamp(number)} stderr {kind} {piece}\n")
            if place == 0 and kind == "P":
                out.append(f"{stamp(number)} stdout P hello \n{stamp(number)} stdout F world\n")
    return "".join(out)


def docker_in_parts(lines):
    """docker's json-file cuts long lines too: only the last part has the line end."""
    out = []
    for number, line in enumerate(lines, 1):
        pieces = [line[at : at + 50] for at in range(0, len(line), 50)] or [""]
        for place, piece in enumerate(pieces):
            end = "\n" if place + 1 == len(pieces) else ""
            out.append(json.dumps({"log": piece + end, "stream": "stderr", "time": stamp(number)}) + "\n")
    return "".join(out)


def fenced(lines):
    """A question in a forum."""
    return "\n".join(["It does not work:", "", "```shell", *lines, "```", "", "Any ideas?", ""])


def numbered(lines):
    """`cat -n`."""
    return "".join(f"{number:6}\t{line}\n" for number, line in enumerate(lines, 1))


def journal_record(number, line):
    """`journalctl -o json`."""
    return {
        "__REALTIME_TIMESTAMP": str(1_785_578_400_000_000 + number), "_PID": "1234", "_HOSTNAME": "host",
        "SYSLOG_IDENTIFIER": "ollama", "PRIORITY": "6", "MESSAGE": line,
    }


def byte_record(number, line):
    """journald gives what is not plain text as a list of bytes."""
    return {"__REALTIME_TIMESTAMP": "1785578400000000", "MESSAGE": list(f"\x1b[0m{line}".encode())}


WRAPPERS = {
    "journald-short": each("Aug 01 10:00:00 host ollama[1234]: {line}"),
    "journald-short-precise": each("Aug 01 10:00:00.123456 host ollama[1234]: {line}"),
    "journald-chinese": each("8月 01 10:00:00 主机 ollama[1234]: {line}"),
    "journald-no-hostname": each("Aug 01 10:00:00 ollama[1234]: {line}"),
    "journald-german": each("Mär 01 10:00:00 host ollama[1234]: {line}"),
    "journald-short-iso": each("2026-08-01T10:00:00+0800 host llama-server[77]: {line}"),
    "journald-short-full": each("Sat 2026-08-01 10:00:00 CST host ollama[1234]: {line}"),
    "journald-short-unix": each("1785578400.123456 host ollama[1234]: {line}"),
    "journald-short-monotonic": each("[ 1234.567890] host ollama[1234]: {line}"),
    "journald-json": records(journal_record),
    "journald-json-bytes": records(byte_record),
    "journald-export": each("MESSAGE={line}"),
    "syslog-3164": each("<30>Aug  1 10:00:00 host ollama[1234]: {line}"),
    "syslog-5424": each('<30>1 {time} host ollama 1234 - [meta a="]" b="c"][x y="z"] {line}'),
    "syslog-5424-bare": each("<30>1 {time} host ollama - - - {line}"),
    "docker-compose": each("ollama-1  | {line}"),
    "docker-compose-timestamps": each("ollama-1  | {time} {line}"),
    "docker-compose-coloured": each("\x1b[36mollama-1  | \x1b[0m{line}"),
    "docker-logs-t": each("{time} {line}"),
    "docker-json": records(lambda n, line: {"log": line + "\n", "stream": "stderr", "time": stamp(n)}),
    "docker-json-parts": docker_in_parts,
    "cri": each("{time} stderr F {line}"),
    "cri-parts": cri_in_parts,
    "kubectl-prefix": each("[pod/ollama-7d9f8b6c5-x2x5z/ollama] {line}"),
    "stern": each("ollama-7d9f8b6c5-x2x5z ollama {line}"),
    "stern-namespace": each("ai ollama-0 ollama {line}"),
    "kail": each("ai/ollama-7d9f8b6c5-x2x5z[ollama]: {line}"),
    "loki-json": records(lambda n, line: {"line": line, "timestamp": "1785578400123456789", "labels": {"app": "ollama"}}),
    "logcli": each('{time} {{app="ollama", pod="ollama-0"}} {line}'),
    "cloud": records(lambda n, line: {"insertId": "x", "textPayload": line, "timestamp": stamp(n)}),
    "fluent-bit": records(
        lambda n, line: {"date": 1.5, "log": line + "\n", "kubernetes": {"pod_name": "ollama-0", "container_name": "ollama"}}
    ),
    "bracketed-time-and-stream": each("[2026-08-01 10:00:00] [stderr] {line}"),
    "clock": each("10:00:00.123 {line}"),
    "pm2": each("0|ollama   | {line}"),
    "ansi": each("\x1b[0;32m{line}\x1b[0m"),
    "quote": each("> {line}"),
    "quote-twice": each("> > {line}"),
    "fence": fenced,
    "cat-n": numbered,
    "grep-n": each("server.log:{number}:{line}"),
    "crlf": each("{line}\r"),
    "carriage-return": each("loading\r{line}"),
    "prompt": each("user@host:~$ {line}"),
    "quoted-compose-cri": each("> ollama-1  | {time} stderr F {line}"),
    "journald-around-compose": each("Aug 01 10:00:00 host docker-compose[9]: ollama-1  | {line}"),
    "journald-around-docker-json": records(
        lambda n, line: {"MESSAGE": json.dumps({"log": line + "\n", "stream": "stderr"}), "_PID": "1"}
    ),
}


@pytest.fixture(scope="session", params=sorted(WRAPPERS))
def put_on(request):
    """Each of the envelopes."""
    return WRAPPERS[request.param]
