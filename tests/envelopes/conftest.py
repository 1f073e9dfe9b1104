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


def pretty(make, indent, *, array=False):
    """`journalctl -o json-pretty`, `jq .`, and `jq -s .` with a list around it."""

    def put_on(lines):
        found = [make(number, line) for number, line in enumerate(lines, 1)]
        if array:
            return json.dumps(found, indent=indent, ensure_ascii=False) + "\n"
        return "".join(json.dumps(record, indent=indent, ensure_ascii=False) + "\n" for record in found)

    return put_on


def docker_record(number, line):
    """docker's json-file."""
    return {"log": line + "\n", "stream": "stderr", "time": stamp(number)}


def interleaved(lines):
    """The journal of a machine where other programs print as well."""
    out = []
    for number, line in enumerate(lines, 1):
        out.append(f"Aug 01 10:00:00 host ollama[1234]: {line}\n")
        if number % 3 == 0:
            out.append("Aug 01 10:00:00 host other[99]: hello world\n")
    return "".join(out)


def two_containers(lines):
    """docker compose with a second service, both under CRI's stamps and in parts of 30 characters."""
    out = []
    for number, line in enumerate(lines, 1):
        for at in range(0, max(len(line), 1), 30):
            kind = "P" if at + 30 < len(line) else "F"
            out.append(f"ollama-1  | {stamp(number)} stderr {kind} {line[at : at + 30]}\n")
            out.append(f"web-1     | {stamp(number)} stderr {'P' if at == 0 else 'F'} {'hello ' if at == 0 else 'world'}\n")
        if len(line) <= 30:
            out.append(f"web-1     | {stamp(number)} stderr F world\n")
        elif len(line) % 2:
            out.append(f"web-1     | {stamp(number)} stdout F hello world\n")
    return "".join(out)


def in_details(lines):
    """A bug report of GitHub's."""
    return "\n".join(["<details>", "<summary>hello world</summary>", "", "```log", *lines, "```", "", "</details>", ""])


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
    "journald-short-iso-precise": each("2026-08-01T10:00:00.123456+08:00 host ollama[1234]: {line}"),
    "journald-short-delta": each("[58765.123456 <    0.000123 >] host ollama[1234]: {line}"),
    "journald-with-unit": each("Sat 2026-08-01 10:00:00 CST host ollama.service[1234]: {line}"),
    "journald-without-date": each("ollama[1234]: {line}"),
    "journald-without-date-with-host": each("host ollama[1234]: {line}"),
    "journald-host-made-unreadable": each("Aug 01 10:00:00 <my server> ollama[1234]: {line}"),
    "journald-json-pretty": pretty(journal_record, "\t"),
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
    "docker-json-array": pretty(docker_record, 2, array=True),
    "docker-json-parts": docker_in_parts,
    "router": each("[45001] {line}"),
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
    "details": in_details,
    "interleaved": interleaved,
    "two-containers-in-parts": two_containers,
    "journald-in-compose": each("ollama-1  | Aug 01 10:00:00 host ollama[1234]: {line}"),
    "cri-in-stern": each("ollama-7d9f8b6c5-x2x5z ollama {time} stderr F {line}"),
    "quoted-journald": each("> Aug 01 10:00:00 host ollama[1234]: {line}"),
    "quoted-chinese-journald": each("> 8月 01 10:00:00 主机 ollama[1234]: {line}"),
    "coloured-compose-names-and-lines": each("\x1b[36mollama-1  |\x1b[0m \x1b[33m{line}\x1b[0m"),
    "colours-without-escapes": each("[36mollama-1  | [0m{line}[0m"),
    "syslog-in-cri": each("{time} stdout F <30>Aug  1 10:00:00 host ollama[1234]: {line}"),
    "docker-json-in-journald-json": records(
        lambda n, line: {"MESSAGE": json.dumps(docker_record(n, line)), "_PID": "1", "__REALTIME_TIMESTAMP": "1785578400000000"}
    ),
    "slog-of-a-wrapper-s-compose": each("ollama-1  | {time} stdout F ollama-0 ollama {line}"),
    "cat-n-of-quoted-compose": each("{number:6}\t> ollama-1  | {line}"),
    "stamp-of-a-wrapper": each("2026/08/01 10:00:00 {line}"),
    "bbcode": lambda lines: "\n".join(["[code]", *lines, "[/code]", ""]),
    "cat-v": each("{line}^M$"),
    "html-line-ends": each("{line}<br>"),
    "ideographic-indent": each("\u3000\u3000{line}"),
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
