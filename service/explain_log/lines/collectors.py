"""The envelopes of log collectors: journald, syslog, docker, CRI, Kubernetes, plain time stamps.

Each function takes one envelope off a line in place and says whether it did. What a collector
prefixed shows within the first characters, so a line without envelopes costs a few comparisons.
"""

from __future__ import annotations

from explain_log.lines.dates import leading_clock, leading_date, of_epoch
from explain_log.lines.line import Line

_LONGEST_NAME = 80
_LONGEST_DATA = 2048
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@/")
_POD_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")
_POD_SUFFIX = frozenset("bcdfghjklmnpqrstvwxz2456789")  # what Kubernetes makes random names of
_STREAMS = ("stdout", "stderr")
_PROGRAMS_WITHOUT_PID = frozenset(("kernel", "systemd", "dockerd", "containerd"))


def take(line: Line, name: str, text: str, time: str | None = None) -> bool:
    """Notes an envelope that was found, with what it holds and when."""
    line.envelope = (*line.envelope, name)
    line.text = line.raw = text.lstrip(" \t")
    if time is not None:
        line.time, line.stamped = time, True
    return True


def dated(line: Line) -> bool:
    """What begins with a date: CRI, journald in its text formats, syslog's files, `docker logs -t`, plain stamps."""
    text = line.text
    found = leading_date(text)
    if found is None:
        return False
    time, end = found
    # Some collectors put the line right behind the stamp; a date of Go's log there is no number that goes on.
    glued = time[-6:-5] in ("+", "-") and _go_date(text[end : end + 11])
    if text[end : end + 1] not in ("", " ", "\t") and not glued:
        return False
    rest = text[end:].lstrip(" \t")
    if rest[:2] == "| ":  # Docker Desktop's `name | stamp | text`
        rest = rest[2:]
    if _cri(line, rest, time) or _journald(line, rest, time) or _labelled(line, rest, time):
        return True
    return take(line, "timestamp", rest, time)


def _go_date(text: str) -> bool:
    """Whether a text is `2025/02/11 `."""
    return text[4:5] == text[7:8] == "/" and text[10:] == " " and text.replace("/", "").strip().isdigit()


def _cri(line: Line, rest: str, time: str) -> bool:
    """`2025-02-11T03:34:37.966Z stderr F text`; `P` marks a line that goes on."""
    stream, kind, blank = rest[:6], rest[7:8], rest[8:9]
    if stream not in _STREAMS or rest[6:7] != " " or kind not in ("F", "P") or blank not in ("", " ", ":"):
        return False
    if blank == ":":  # tags after the first one
        rest = rest[:8] + rest[8:].partition(" ")[1] + rest[8:].partition(" ")[2]
    content = rest[9:] + (line.given[len(line.given.rstrip(" ")) :] if line.given.endswith(" ") else "")
    line.piece = (f"{line.process} {stream}", content, kind == "F")
    return take(line, "cri", rest[9:], time)


def _journald(line: Line, rest: str, time: str | None) -> bool:
    """`host ollama[1234]: text`, `ollama[1234]: text`, `host kernel: text`."""
    for start in (rest.find(" ") + 1, 0):
        colon = rest.find(":", start, start + _LONGEST_NAME)
        token = rest[start:colon]
        if colon < 0 or " " in token or rest[: max(start - 1, 0)].endswith(":") or not _is_program(token):
            continue
        line.process = token
        text = rest[colon + 1 :].lstrip(" ")
        if "#0" in text:
            text = _without_octals(text)
        return take(line, "journald", text, time)
    # A host's name that was made unreadable may have blanks: `<my server> ollama[1234]: text`.
    end = rest.find("]:", 0, _LONGEST_NAME)
    token = rest[rest.rfind(" ", 0, max(end, 0)) + 1 : end + 1]
    if end < 0 or "llama" not in token or not _is_program(token) or ": " in rest[:end]:
        return False
    line.process = token
    return take(line, "journald", rest[end + 2 :].lstrip(" "), time)


def unit(line: Line) -> bool:
    """`ollama[1234]: text` and `host ollama[1234]: text`: journald's short format after its date was cut away."""
    token, _, rest = line.text.partition(" ")
    if not token.endswith("]:"):
        token = rest.partition(" ")[0]
    name, _, pid = token.removesuffix("]:").partition("[")
    by_process = len(pid) > 2 and pid.isdigit() and _NAME_CHARACTERS.issuperset(name) and "_" not in name
    return by_process and token.endswith("]:") and _journald(line, line.text, None)


def _is_program(token: str) -> bool:
    """`ollama[1234]`, `kernel`; a function's name of llama.cpp with a colon is none."""
    if token.endswith("]"):
        name, bracket, pid = token[:-1].rpartition("[")
        hidden = "llama" in name and not pid.strip("*xX.?#")  # a number that was taken out, `ollama[]` or `ollama[***]`
        return bool(bracket and name) and (pid.isdigit() or hidden)
    named = "llama" in token and "_" not in token and _NAME_CHARACTERS.issuperset(token)
    return named or token in _PROGRAMS_WITHOUT_PID


def _without_octals(text: str) -> str:
    """rsyslog writes control characters as `#011`; a colour's escape goes as a whole."""
    from explain_log.lines.colours import without_colours

    text = text.replace("#033", "\x1b").replace("#011", "\t").replace("#012", " ")
    return without_colours(text) if "\x1b" in text else text


def _labelled(line: Line, rest: str, time: str) -> bool:
    """logcli's `2025-02-11T03:34:37Z {app="ollama"} text`."""
    end = rest.find('"} ', 0, 400)
    if end < 0 or rest[:1] != "{" or '="' not in rest[:end]:
        return False
    return take(line, "loki", rest[end + 3 :], time)


def clocked(line: Line) -> bool:
    """`11:34:37.966 text`: a time of day alone says nothing that a report could use."""
    end = leading_clock(line.text)
    return end > 0 and line.text[end : end + 1] in (" ", "\t") and take(line, "timestamp", line.text[end:])


def epoch(line: Line) -> bool:
    """journald's short-unix: `1739273677.123456 host ollama[1234]: text`."""
    text = line.text
    if text[10:11] != "." or text[17:18] != " " or not (text[:10] + text[11:17]).isdigit() or not text[:17].isascii():
        return False
    return _journald(line, text[18:], of_epoch(int(text[:10] + text[11:17])))


def syslog(line: Line) -> bool:
    """RFC 3164 `<30>Feb 11 11:34:37 host ollama[1]: text`, RFC 5424 `<30>1 2025-… host app pid id [data] text`."""
    priority, closed, rest = line.text[1:6].partition(">")
    if not closed or not priority.isdigit():
        return False
    rest = line.text[len(priority) + 2 :]
    if not rest:
        return False
    if rest[:2] != "1 ":
        return take(line, "syslog", rest) and dated(line)
    found = leading_date(rest[2:])
    fields = rest[2 + found[1] :].split(" ", 5) if found else []
    if found is None or len(fields) < 5:
        return False
    program, pid = fields[2], fields[3]
    line.process = program if pid == "-" else f"{program}[{pid}]"
    text = fields[5] if len(fields) > 5 else ""
    text = _after_structured_data(text)
    return take(line, "syslog", text.removeprefix("\ufeff"), found[0])


def _after_structured_data(text: str) -> str:
    """What follows `-` or `[id key="value"][…]`."""
    if text[:1] == "-":
        return text[1:]
    while text[:1] == "[":
        end = text.find("]")
        while 0 < end < _LONGEST_DATA and text[:end].count('"') % 2:
            end = text.find("]", end + 1)
        if end < 0:
            break
        text = text[end + 1 :]
    return text


def compose(line: Line) -> bool:
    """docker compose's `ollama-1  | text`; pm2's and honcho's prefixes have the same shape."""
    text = line.text
    bar = text.find("|", 1, _LONGEST_NAME)
    if bar < 0 or text[bar - 1] != " " or text[bar + 1 : bar + 2] not in (" ", ""):
        return _pm2(line) if bar > 0 and text[:bar].isdigit() else False
    name = text[:bar].rstrip()
    if not _NAME_CHARACTERS.issuperset(name) or name.isdigit():
        return False
    line.process = name
    return take(line, "docker-compose", text[bar + 1 :])


def _pm2(line: Line) -> bool:
    """`0|ollama  | text`."""
    number, _, rest = line.text.partition("|")
    bar = rest.find("| ", 0, _LONGEST_NAME)
    name = rest[:bar].rstrip()
    if bar < 1 or not name or not _NAME_CHARACTERS.issuperset(name):
        return False
    line.process = f"{name}[{number}]"
    return take(line, "docker-compose", rest[bar + 2 :])


def bracketed(line: Line) -> bool:
    """`[pod/ollama-0/ollama] `, `[2024-12-05 01:56:09] `, `[stderr] `, `[11:34:37] `, `[   12.345678] host …`.

    Of journald's short-delta, `[   12.345678 <    0.000123 >] host …`, as well; and of a router's children.
    """
    text = line.text
    end = text.find("] ", 1, 3 * _LONGEST_NAME)
    if end < 0:
        return False
    inside, rest = text[1:end], text[end + 2 :]
    if inside in _STREAMS:
        return take(line, "stream", rest)
    found = leading_date(inside)
    if found is not None and found[1] == len(inside):
        return take(line, "timestamp", rest, found[0])
    if inside.startswith("pod/") or _is_pod(inside.partition(" ")[0]):
        line.process = inside.removeprefix("pod/")
        return take(line, "kubernetes", rest)
    if 0 < leading_clock(inside) == len(inside):
        return take(line, "timestamp", rest)
    number = inside.partition("<")[0].strip(" *")
    if number.isdigit():
        return 4 <= len(number) <= 5 and number.isascii() and _of_child(line, number, rest)
    return "." in number and number.replace(".", "", 1).isdigit() and _journald(line, rest, None)


def _of_child(line: Line, port: str, rest: str) -> bool:
    """`[45001] text`: llama-server as a router prints its children's lines behind the port that each listens on."""
    line.process = f"llama-server:{port}"
    return take(line, "router", rest)


def stern(line: Line) -> bool:
    """stern's `pod-name container text`, also behind a namespace, and kail's `namespace/pod[container]: text`."""
    words = line.text.split(" ", 3)
    for place in (0, 1):
        pod, container = words[place : place + 1], words[place + 1 : place + 2]
        if pod and container and _is_pod(pod[0]) and _is_container(container[0], pod[0]):
            line.process = f"{pod[0]}/{container[0]}"
            return take(line, "kubernetes", line.text.split(" ", place + 2)[-1] if len(words) > place + 2 else "")
    name, bracket, container_name = words[0].removesuffix("]:").partition("[")
    if bracket and words[0].endswith("]:") and _is_pod(name.rpartition("/")[2]) and "/" in name:
        line.process = f"{name}/{container_name}"
        return take(line, "kubernetes", line.text[len(words[0]) :])
    return False


def _is_pod(name: str) -> bool:
    """Pods are called `app-7d9f8b6c5-x2x5z`, `app-x2x5z` or `app-0`."""
    app, dash, tail = name.rpartition("-")
    if not dash or not app or not _POD_CHARACTERS.issuperset(name):
        return False
    if not name[0].isalpha():
        return False
    return tail.isdigit() if len(tail) < 4 else len(tail) == 5 and _POD_SUFFIX.issuperset(tail)


def _is_container(name: str, pod: str) -> bool:
    return bool(name) and _POD_CHARACTERS.issuperset(name) and (pod.startswith(name + "-") or "llama" in name)


def streamed(line: Line) -> bool:
    """`stderr: text`, `stdout | text` of process supervisors."""
    rest = line.text[6:].lstrip(" ")
    return line.text[:6] in _STREAMS and rest[:2] in (": ", "| ") and take(line, "stream", rest[2:])


def exported(line: Line) -> bool:
    """journald's export and verbose formats: `MESSAGE=text`."""
    return line.text.startswith("MESSAGE=") and take(line, "journald", line.text[8:])
