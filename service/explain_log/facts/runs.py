"""Assembles server runs: one per start, and one for a log that begins inside a run."""

from __future__ import annotations

from explain_log.facts.models import RunDevice, ServerRun
from explain_log.facts.record import is_gpu
from explain_log.facts.stretch import Stretch
from explain_log.facts.versions import Fingerprint
from explain_log.knowledge import Knowledge
from explain_log.statements import Statement

_UNKNOWN_VERSION = "0.0.0"  # what a self-built Ollama calls itself
_LISTENING = ("llama.server.listening", "llama.server.listening_loaded")
_LOCAL_BUILDS_BELOW = 1000  # llama.cpp counts commits: a small number is a build without its history


class RunAssembler:
    """Takes statements in log order; `runs` are the server runs so far."""

    def __init__(self, knowledge: Knowledge, marks: dict[str, str]) -> None:
        self._knowledge = knowledge
        self._marks = marks
        self.runs: list[ServerRun] = []
        self._fingerprint = Fingerprint(knowledge)
        self._listens = False
        self._implicit = False  # the run was under way when the log began
        self._by_activity = False  # llama.cpp's lines alone are known; that it is Ollama's runner may show later
        self._ollama_seen = False
        self._build: tuple[str | None, int] | None = None
        self._devices: list[tuple[RunDevice, int]] = []

    def take(self, statement: Statement) -> None:
        """Adds what a statement says about the server itself."""
        mark = self._marks.get(statement.id)
        # llama.cpp's server of 2024 prints the same lines alone and as Ollama's runner: they tell neither apart.
        if statement.id.startswith("ollama.") and not statement.id.startswith("ollama.runner.cpp_"):
            self._ollama_seen = True
            self._ollama(mark, statement)
        elif not self._ollama_seen:
            self._llama(mark, statement)
        if self.runs:
            self.runs[-1].last_line = max(self.runs[-1].last_line, statement.line.number)

    def take_stretch(self, stretch: Stretch) -> list[int]:
        """Adds lines that say nothing about the server but that it is at work, and where they were printed.

        Gives those that findings may show.
        """
        shown = []
        self._ollama_seen = True
        if self._by_activity and stretch.activity is not None:
            self._is_of_ollama()
        if not self.runs and stretch.activity is not None:
            self._start(stretch.activity, "ollama")
            self._implicit = True
            shown.append(stretch.activity)
        if self.runs:
            begins = self.runs[-1].first_line
            for line, source, message in stretch.places:
                if line >= begins and self._fingerprint.add_place(line, source, message):
                    shown.append(line)
            self.runs[-1].last_line = stretch.last
        return shown

    def shown_lines(self) -> set[int]:
        """The lines that findings about the runs may show."""
        lines = set(self._fingerprint.lines)
        for run in self.runs:
            lines |= {run.first_line, *run.fingerprint_lines, *(line for read in run.lines.values() for line in read)}
        return lines

    def is_plain(self, statement: Statement) -> bool:
        """Whether `take_stretch` is enough for a statement."""
        name = statement.id
        own = name.startswith("ollama.") and not name.startswith("ollama.runner.cpp_")
        return own and name not in self._marks and name not in _DETAILED

    def _ollama(self, mark: str | None, statement: Statement) -> None:
        number = statement.line.number
        if mark == "port_in_use":
            self._drop_failed_start()
            return
        if mark == "start" or (mark == "listening" and (not self.runs or self._listens or self._implicit)):
            self._start(number, "ollama")
        elif not self.runs and shows_a_server(statement):
            self._start(number, "ollama")
            self._implicit = True
        elif self._by_activity and shows_a_server(statement):
            self._is_of_ollama()
        if not self.runs:
            return
        run = self.runs[-1]
        if mark == "listening":
            self._listens = True
        self._facts(run, statement)
        if statement.line.source is not None:
            self._fingerprint.add(statement.line)
        if statement.id == "ollama.server.config":
            for name, value in parse_go_map(statement.text("env") or "").items():
                if name not in run.config:
                    run.config[name] = value
                    run.lines[f"config.{name}"] = [number]
        elif statement.id == "ollama.device.inference_compute":
            _add_device(run, _ollama_device(statement), number)

    def _facts(self, run: ServerRun, statement: Statement) -> None:
        for path, value in statement.facts():
            name = path.removeprefix("run.")
            if path.startswith("run.") and getattr(run, name, self) is None and value != _UNKNOWN_VERSION:
                setattr(run, name, value)
                run.lines[name] = [statement.line.number]

    def _llama(self, mark: str | None, statement: Statement) -> None:
        """A llama.cpp program is a server run as soon as a line shows that it serves."""
        number = statement.line.number
        if mark == "build":
            self._build = (_build_name(statement), number)
            self._devices = []
            self._listens = False
            return
        device = _llama_device(statement)
        if device is not None:
            self._devices.append((device, number))
        if mark == "port_in_use":
            self._drop_failed_start()
        elif mark == "serving" and (not self.runs or self._build is not None):
            self._start(self._build[1] if self._build else number, "llama.cpp")
            self._by_activity = True
            run = self.runs[-1]
            if self._build is not None and self._build[0] is not None:
                run.version = self._build[0]
                run.lines["version"] = [self._build[1]]
            self._build = None
        if not self.runs:
            return
        run = self.runs[-1]
        if statement.id in _LISTENING and run.listen is None:
            run.listen = _listen_address(statement)
            if run.listen is not None:
                run.lines["listen"] = [number]
        for known, line in self._devices:
            _merge_device(run, known, line)
        self._devices = []

    def _start(self, number: int, product: str) -> None:
        self._finish()
        self.runs.append(ServerRun(number, number, product))
        self._fingerprint = Fingerprint(self._knowledge)
        self._listens = False
        self._implicit = False
        self._by_activity = False

    def _is_of_ollama(self) -> None:
        """Its runner printed what the log begins with: its port and build are not the server's."""
        run = self.runs[-1]
        run.product, run.version, run.listen = "ollama", None, None
        for name in ("version", "listen"):
            run.lines.pop(name, None)
        self._implicit, self._by_activity = True, False

    def _drop_failed_start(self) -> None:
        """A start that could not bind its port is no run, only a finding."""
        if self.runs and not self._listens and self.runs[-1].listen is None:
            self.runs.pop()
            self._fingerprint = Fingerprint(self._knowledge)
            self._listens = bool(self.runs)
        self._build = None

    def _finish(self) -> None:
        if not self.runs:
            return
        run = self.runs[-1]
        if run.version is None and run.product == "ollama" and (span := self._fingerprint.range()) is not None:
            run.version_range = span
            run.fingerprint_lines = self._fingerprint.lines
            run.derived["version_range"] = "the releases that print these messages from these lines of their source"

    def finish(self, first_line: int | None) -> None:
        """Closes the last run; one that was under way when the log began starts with the log's first statement."""
        self._finish()
        if self.runs and not self.runs[0].listen and not self.runs[0].config and first_line is not None:
            self.runs[0].first_line = min(self.runs[0].first_line, first_line)


_DETAILED = ("ollama.server.config", "ollama.device.inference_compute")
_ACTIVITY = ("ollama.load.", "ollama.sched.", "ollama.gin.", "ollama.request.", "ollama.device.", "ollama.runner.")


def shows_a_server(statement: Statement) -> bool:
    """Whether a statement shows a server at work: loads, requests, devices. Service and start-up lines do not."""
    return statement.id.startswith(_ACTIVITY)


def _build_name(statement: Statement) -> str | None:
    """`b6050` of `build: 6050 (…)`, None for a local build."""
    build = (statement.text("build") or "").removeprefix("b").partition("-")[0]
    return f"b{build}" if build.isdecimal() and len(build) < 9 and int(build) >= _LOCAL_BUILDS_BELOW else None


def _listen_address(statement: Statement) -> str | None:
    address = statement.text("address")
    if address is None and statement.text("port") is not None:
        address = f"{statement.text('host') or statement.text('hostname') or ''}:{statement.text('port')}"
    return address.partition("://")[2].rstrip("/") if address and "://" in address else address


def _ollama_device(statement: Statement) -> RunDevice | None:
    """`inference compute`: the product name is `name` up to 0.12.3 and `description` from 0.12.4 on."""
    library = statement.text("library")
    if (library or "").lower() == "cpu" or "…" in (library or ""):  # what `systemctl status` leaves out
        return None
    return RunDevice(
        id=statement.text("id"),
        name=statement.text("description") or statement.text("name"),
        library=library,
        compute=statement.text("compute"),
        driver=statement.text("driver"),
        total_mib=statement.number("total"),
        available_mib=statement.number("available"),
    )


def _llama_device(statement: Statement) -> RunDevice | None:
    """A GPU as llama.cpp reports it when it starts; ids are made alike: `0` of its backend is CUDA0 of its server."""
    name = statement.text("device") or ""
    if statement.id in ("llama.server.device", "llama.device.info") and is_gpu(name):
        return RunDevice(
            id=name,
            name=(statement.text("description") or statement.text("name") or "").strip() or None,
            library=name.rstrip("0123456789"),
            total_mib=statement.number("total"),
            available_mib=statement.number("free"),
        )
    if statement.id == "llama.device.using" and is_gpu(name):
        library = name.rstrip("0123456789")
        return RunDevice(id=name, name=statement.text("name"), library=library, available_mib=statement.number("free"))
    if statement.id == "llama.device.cuda_device":
        return RunDevice(
            id=f"CUDA{statement.text('index')}",
            name=statement.text("name"),
            library="CUDA",
            compute=statement.text("compute"),
            total_mib=statement.number("vram"),
        )
    return None


def _merge_device(run: ServerRun, device: RunDevice, number: int) -> None:
    """Adds what is not yet known of a device that several lines are about."""
    for place, known in enumerate(run.devices):
        if known.id == device.id:
            for name, value in vars(device).items():
                if value is not None and getattr(known, name) is None:
                    setattr(known, name, value)
                    run.lines[f"devices.{place}.{name}"] = [number]
            return
    _add_device(run, device, number)


def _add_device(run: ServerRun, device: RunDevice | None, number: int) -> None:
    if device is None:
        return
    place = len(run.devices)
    run.devices.append(device)
    for name, value in vars(device).items():
        if value is not None:
            run.lines[f"devices.{place}.{name}"] = [number]


def parse_go_map(text: str) -> dict[str, str]:
    """The pairs of a printed Go map, `map[A:1 B:two words C:]`; a key is upper case with a colon after it."""
    inside = text.strip().removeprefix("map[").removesuffix("]")
    pairs: dict[str, str] = {}
    key = ""
    for word in inside.split(" "):
        name, colon, value = word.partition(":")
        if (
            colon
            and name.replace("_", "").isalnum()
            and (name.isupper() or name in ("http_proxy", "https_proxy", "no_proxy"))
        ):
            key = name
            pairs[key] = value
        elif key:
            pairs[key] += " " + word
    return pairs
