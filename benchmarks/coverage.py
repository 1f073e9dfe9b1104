"""How much of what the programs print is known, and how much of it is explained in both languages.

    python benchmarks/coverage.py [--reference ../shared/reference] [--missing] [--by topic|version]

Reads the reference catalogues of statements (they are not part of the project) and prints a Markdown table per
group: (a) line shapes that occur in three real files or more; (b) INFO, WARN and ERROR of Ollama; (c) INFO, WARN and
ERROR of llama.cpp on loading, context, KV cache, compute, graph, devices, allocation, tokenizer, memory fit and the
server; (d) the rest. A template counts as recognised when a line made from it is; as explained when the statement it
is found to be has a meaning in both languages.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

from explain_log.knowledge import load
from explain_log.lines import lines_of_text
from explain_log.statements import Recogniser

VERB = re.compile(r"%(?:%|[-+# 0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t|q)?[a-zA-Z])")
TEXTS = ("example", "4", "CUDA0", "4.5", "true", "0x4f", "[4, 4]", "llama", "1.5 GiB", "2m0s", "127.0.0.1:8080", "f16")
VALUES = {
    "%": "%",
    "d": "4",
    "i": "4",
    "u": "4",
    "f": "4.50",
    "g": "4.5",
    "e": "4.5e-05",
    "x": "4f",
    "X": "4F",
    "p": "0x4f",
    "c": "x",
    "t": "true",
}
"""What a verb of a format string may print; others print texts."""

LOUD = ("INFO", "WARN", "ERROR")
C_TOPICS = (
    "model_meta",
    "tensors_offload",
    "context",
    "kv_cache",
    "compute_buffers",
    "graph",
    "devices",
    "errors",
    "tokenizer",
    "memory_fit",
    "server_slots",
)


def lines_of(template: str, *, most: int = 40) -> Iterator[str]:
    """Lines that a format string can print; texts are tried in several kinds."""
    pieces, position, slots = [], 0, []
    template = template.replace("\\n", "\n").replace("\\t", " ").replace("\\r", "\r").strip("\n")
    for verb in VERB.finditer(template):
        pieces.append(template[position : verb.start()])
        position = verb.end()
        kind = verb[0][-1]
        slots.append((VALUES[kind],) if kind in VALUES else TEXTS)
    pieces.append(template[position:])
    last = [(*(slot[0] for slot in slots[:-1]), kind) for kind in slots[-1]] if slots else []
    same = [tuple(slot[min(n, len(slot) - 1)] for slot in slots) for n in range(len(TEXTS))]
    others = product(*slots) if len(slots) < 3 else last
    for values in islice(dict.fromkeys([*same, *others]), most):
        yield "".join(piece + value for piece, value in zip(pieces, (*values, ""), strict=True))


# The catalogue of the server does not know every function's name: what follows it tells which statement it is.
PREFIX = re.compile(
    r"^(?:(?:srv|slot|que|cmn|spec|res)\s+(?:[\w~:<>()]+|\*):?\s+)?(?:(?:[\w~:<>()]+|\*)\s*:\s*)?"
    r"(?:id\s+(?:ID|\*|%\w+)\s*\|\s*task\s+(?:TASK|\*|%\w+)\s*\|\s*)?"
)


# How the server's lines of a part look; the catalogue writes FUNCTION, ID and TASK for what changes.
SLOT = re.compile(r"^slot FUNCTION: id ID \| task TASK \|")
FUNCTION = re.compile(r"^(?:\w+ \{\w+:\w+\} |(?:srv|slot|que|cmn|spec|res) )?([\w~:<>()]+): (\S+)")
"""The function that a form names, and the first word after it."""
NAMELESS = re.compile(r"^(?:\w+ +FUNCTION: )?%s: +(\S+)|^\w+ +FUNCTION: +(\S+)")
OLD_SERVER = re.compile(r"^(?:INFO|WARN|WARNING|ERR|ERROR|VERB|DEBUG) \[[^\]]*\] (?!\{)(.+?) \|")
"""The text of a form of the server of 2023 and 2024, whose attributes the catalogue does not have."""
LOST_VERB = re.compile(r"%\d?%(?=\d*d)")
"""What the catalogue made of `%" PRId64` and the like: `%%d`, `%6%d`."""


def server_templates(entry: dict[str, str], functions: dict[str, set[str]]) -> Iterator[str]:
    """The templates that a line of llama-server's may have been made from, for one record of the catalogue.

    functions: the names that forms have before a first word, to put where the template has none. The server of 2023
    and 2024 printed `LEVEL [function] text | key=value` (and 2023's JSON is read as the same).
    """
    template = LOST_VERB.sub("%", entry.get("printed") or entry["template"])
    template = SLOT.sub("slot update_slots: id  0 | task 0 |", template)
    yield re.sub(r"\bFUNCTION\b", "function", template)
    if nameless := NAMELESS.match(template):
        names = functions.get(nameless[1] or nameless[2], set()) | functions["{" if "%" in nameless[0][2:] else ""]
        for function in sorted(names):
            named = re.sub(r"^%s(?=:)|(?<=FUNCTION: )%s(?=:)", function, template)
            yield re.sub(r"\bFUNCTION\b", function[:12], named)
    if entry.get("file", "").startswith("examples/server/") and not entry.get("prefix"):
        for level in ("INFO", "WARN", "ERR", "VERB"):
            yield f'{level} [                main] {template} | tid="140" timestamp=1720000000 id_slot=0 id_task=0'
            yield f"{level} [                main] {template} | id_slot=0 id_task=0"


def skeleton(text: str) -> str:
    """The words of a template or form without its prefix; fields and runs of them are `*`."""
    text = re.sub(r"\{\w+:[^{}]*\}", "*", text.replace("{{", "{").replace("}}", "}"))
    text = VERB.sub(lambda verb: "%" if verb[0] == "%%" else "*", text.replace("\\n", " "))
    text = PREFIX.sub("", " ".join(text.split()))
    return re.sub(r"[*](?:[\s,.'()]*[*])*", "*", text).strip(" .:'")


class Coverage:
    """Asks for each template whether a line of it is recognised and explained."""

    def __init__(self) -> None:
        self._knowledge = load()
        self._recogniser = Recogniser(self._knowledge)
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.parts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.missing: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._skeletons: dict[str, str] = {}
        self.functions: dict[str, set[str]] = defaultdict(set)
        for statement_id in self._knowledge.keys("statements"):
            entry = self._knowledge.statement(statement_id) or {}
            for form in entry.get("forms", []):
                if function := FUNCTION.match(form):
                    self.functions["{" if function[2].startswith("{") else function[2]].add(function[1])
                if old := OLD_SERVER.match(form):
                    self._skeletons[old[1]] = "explained" if entry.get("meaning") else "recognised"
                words = skeleton(form)
                if len(words) > 8 and self._skeletons.get(words) != "explained":
                    self._skeletons[words] = "explained" if entry.get("meaning") else "recognised"

    def state_of(self, text: str) -> str:
        """missing, recognised or explained."""
        best = "missing"
        lines = list(lines_of_text(text))
        if not any(line.text.strip() for line in lines):
            return "explained"  # only what an envelope puts before a line: there is nothing to know
        for line in lines:
            found = self._recogniser.recognise(line)
            if found is not None:
                entry = self._knowledge.statement(found.id) or {}
                meaning = entry.get("meaning") or {}
                best = "explained" if meaning.get("zh") and meaning.get("en") else "recognised"
                break
        return best

    def count(self, group: str, part: str, texts: Iterator[str], name: str) -> None:
        """Counts one template by the best of the lines made from it."""
        states = {"missing"}
        for text in texts:
            states.add(self.state_of(text))
            if "explained" in states:
                break
        states.update(self._skeletons.get(words, "missing") for words in (skeleton(name), name))
        state = "explained" if "explained" in states else "recognised" if "recognised" in states else "missing"
        for counter in (self.counts[group], self.parts[group, part]):
            counter[state] += 1
            counter["all"] += 1
        if state != "explained":
            self.missing[group, state].append(name)


def slog_line(level: str, message: str) -> str:
    """A line of Ollama's as slog prints it."""
    quoted = message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'time=2025-01-01T00:00:00.000Z level={level} source=server.go:1 msg="{quoted}"'


def read(path: Path) -> Iterator[dict[str, str]]:
    """The records of a JSON-lines file."""
    for row in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(row)


def measure(reference: Path, by: str) -> Coverage:
    """Counts all groups."""
    coverage = Coverage()
    for row in (reference / "lineshapes.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        files, _, _, shape, example = row.split("\t", 4)
        if int(files) >= 3:
            shown = example.replace("\\t", "\t").replace("\\n", "\n")
            coverage.count("a", "shapes", iter((shown,)), f"{files}\t{shape[:150]}\t{example[:120]}")
    for entry in read(reference / "ollama" / "catalogue.jsonl"):
        if entry["kind"] not in ("slog", "log", "gin") or entry["msg"].startswith("<") or not entry["msg"]:
            continue
        level = (entry.get("level") or "").split("/")[0].split(" ")[0]
        group = "b" if level in LOUD or level == "none" else "d"
        shown = level if level in (*LOUD, "DEBUG", "TRACE") else "INFO"
        part = entry["topic"] if by == "topic" else (entry.get("first") or "?").split("/")[0].rpartition(".")[0]
        more = ("", " 4", " 127.0.0.1:8080") if entry["kind"] == "log" else ("",)  # log.Println adds its arguments
        texts = (slog_line(shown, text + after) for text in lines_of(entry["msg"]) for after in more)
        coverage.count(group, f"ollama {part}", texts, entry["msg"])
    for catalogue in ("catalogue.jsonl", "server.jsonl"):
        for entry in read(reference / "llamacpp" / catalogue):
            topic = entry.get("topic") or "server_slots"
            group = "c" if entry.get("level") in ("info", "warn", "error") and topic in C_TOPICS else "d"
            part = topic if by == "topic" else (entry.get("first") or "?").rpartition("/")[2][:4]
            texts = (line for template in server_templates(entry, coverage.functions) for line in lines_of(template))
            name = LOST_VERB.sub("%", entry.get("printed") or entry["template"])
            coverage.count(group, f"llama.cpp {part}", texts, name)
    return coverage


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, default=Path(__file__).parents[2] / "shared" / "reference")
    parser.add_argument("--by", choices=("topic", "version"), default="topic")
    parser.add_argument("--missing", action="store_true", help="list what is not recognised, and what is not explained")
    options = parser.parse_args()
    coverage = measure(options.reference, options.by)
    print("| group | statements | recognised | explained in both languages |\n|---|---|---|---|")
    for group, counts in sorted(coverage.counts.items()):
        known = counts["recognised"] + counts["explained"]
        total = counts["all"]
        print(
            f"| {group} | {total} | {known} = {known / total:.1%} "
            f"| {counts['explained']} = {counts['explained'] / total:.1%} |"
        )
    print(f"\n| group | {options.by} | statements | recognised | explained |\n|---|---|---|---|---|")
    for (group, part), counts in sorted(coverage.parts.items()):
        known = counts["recognised"] + counts["explained"]
        print(
            f"| {group} | {part} | {counts['all']} "
            f"| {known / counts['all']:.1%} | {counts['explained'] / counts['all']:.1%} |"
        )
    if options.missing:
        for (group, state), names in sorted(coverage.missing.items()):
            print(f"\n## ({group}) {'not recognised' if state == 'missing' else 'recognised only'}\n")
            print("\n".join(f"- `{name}`" for name in names))


if __name__ == "__main__":
    main()
