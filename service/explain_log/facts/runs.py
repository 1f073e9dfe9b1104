"""Assembles server runs: one per start, and one for a log that begins inside a run."""

from __future__ import annotations

from explain_log.facts.models import RunDevice, ServerRun
from explain_log.facts.versions import Fingerprint
from explain_log.knowledge import Knowledge
from explain_log.statements import Statement

_UNKNOWN_VERSION = "0.0.0"  # what a self-built Ollama calls itself


class RunAssembler:
    """Takes statements in log order; `runs` are the server runs so far."""

    def __init__(self, knowledge: Knowledge, marks: dict[str, str]) -> None:
        self._knowledge = knowledge
        self._marks = marks
        self.runs: list[ServerRun] = []
        self._fingerprint = Fingerprint(knowledge)
        self._listens = False

    def take(self, statement: Statement) -> None:
        """Adds what a statement says about the server itself."""
        mark = self._marks.get(statement.id)
        number = statement.line.number
        if mark == "start" or (mark == "listening" and (not self.runs or self._listens)):
            self._start(number)
        elif not self.runs and statement.id.startswith("ollama."):
            self._start(number)
        if not self.runs:
            return
        run = self.runs[-1]
        run.last_line = number
        if mark == "listening":
            self._listens = True
        for path, value in statement.facts():
            name = path.removeprefix("run.")
            if path.startswith("run.") and getattr(run, name, self) is None and value != _UNKNOWN_VERSION:
                setattr(run, name, value)
                run.lines[name] = [number]
        if statement.line.source is not None:
            self._fingerprint.add(statement.line)
        self._special(run, statement)

    def _start(self, number: int) -> None:
        self._finish()
        self.runs.append(ServerRun(number, number))
        self._fingerprint = Fingerprint(self._knowledge)
        self._listens = False

    def _special(self, run: ServerRun, statement: Statement) -> None:
        if statement.id == "ollama.server.config":
            for name, value in parse_go_map(statement.text("env") or "").items():
                if name not in run.config:
                    run.config[name] = value
                    run.lines[f"config.{name}"] = [statement.line.number]
        elif statement.id == "ollama.device.inference_compute":
            _add_device(run, statement)

    def _finish(self) -> None:
        if not self.runs:
            return
        run = self.runs[-1]
        if run.version is None and (span := self._fingerprint.range()) is not None:
            run.version_range = span
            run.lines["version_range"] = self._fingerprint.lines
            run.derived["version_range"] = "the releases that print these messages from these lines of their source"

    def finish(self, first_line: int | None) -> None:
        """Closes the last run; one that was under way when the log began starts with the log's first statement."""
        self._finish()
        if self.runs and not self.runs[0].listen and not self.runs[0].config and first_line is not None:
            self.runs[0].first_line = min(self.runs[0].first_line, first_line)


def _add_device(run: ServerRun, statement: Statement) -> None:
    """`inference compute`: the product name is `name` up to 0.12.3 and `description` from 0.12.4 on."""
    library = statement.text("library")
    if (library or "").lower() == "cpu":
        return
    device = RunDevice(
        id=statement.text("id"),
        name=statement.text("description") or statement.text("name"),
        library=library,
        compute=statement.text("compute"),
        driver=statement.text("driver"),
        total_mib=statement.number("total"),
        available_mib=statement.number("available"),
    )
    place = len(run.devices)
    run.devices.append(device)
    for name, value in vars(device).items():
        if value is not None:
            run.lines[f"devices.{place}.{name}"] = [statement.line.number]


def parse_go_map(text: str) -> dict[str, str]:
    """The pairs of a printed Go map, `map[A:1 B:two words C:]`; a key is upper case with a colon after it."""
    inside = text.strip().removeprefix("map[").removesuffix("]")
    pairs: dict[str, str] = {}
    key = ""
    for word in inside.split(" "):
        name, colon, value = word.partition(":")
        if colon and name.replace("_", "").isalnum() and (name.isupper() or name in ("http_proxy", "https_proxy", "no_proxy")):
            key = name
            pairs[key] = value
        elif key:
            pairs[key] += " " + word
    return pairs
