"""Thousands of scripted answers through the narrator: does anything false reach a report, and how soon the first word?

    python benchmarks/narrator.py [--answers 5000] [--timed 60] [--seed 1] [--json]

The answers are composed of the corpus of true and false statements about the same log (benchmarks/verifier), by
models of all characters behind a server on a real socket; a repair is answered with another draw. Nothing that the
corpus calls false may stand in an explanation as the model's (exit status 1). Then `--timed` narrations are written
slowly, a few characters every few milliseconds, and the time until the first verified statement is shown is set
against the time until the model has written its first whole one; answers whose first statement is refused are left
out, since there the first verified one comes later by nature.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "verifier"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evals.scripted import ScriptedOllama
from evals.scripted.characters import SORRY, json_answer
from evals.scripted.material import Line, is_probe
from facts_of import report_of

from explain_log.errors import ModelUnavailable
from explain_log.narration.explain import narrate_now
from explain_log.narration.options import ModelOptions

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "benchmarks" / "verifier" / "corpus.jsonl"


@dataclass(eq=False)
class Statements:
    """What the corpus says of one log in one language."""

    log: str
    language: str
    true: list[Line] = field(default_factory=list)
    false: list[Line] = field(default_factory=list)


def statements(*, fresh: bool = True) -> list[Statements]:
    """The corpus by log and language. fresh: with what strangers wrote, which is harder."""
    found: dict[tuple[str, str], Statements] = {}
    for row in map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines()):
        if row.get("fresh") and not fresh:
            continue
        about = found.setdefault((row["log"], row["language"]), Statements(row["log"], row["language"]))
        (about.true if row["truth"] else about.false).append(Line(row["text"], tuple(row["cites"])))
    return [about for about in found.values() if about.true and about.false]


Draw = Callable[[Statements, Statements, random.Random], str]


def _some(lines: list[Line], chance: random.Random, most: int) -> list[Line]:
    return [chance.choice(lines) for _ in range(chance.randint(1, most))]


def _shuffled(lines: list[Line], chance: random.Random) -> list[Line]:
    return chance.sample(lines, len(lines))


def _honest(about: Statements, _: Statements, chance: random.Random) -> str:
    return json_answer(_some(about.true, chance, 6))


def _careless(about: Statements, _: Statements, chance: random.Random) -> str:
    return json_answer(_shuffled(_some(about.true, chance, 3) + _some(about.false, chance, 3), chance))


def _lying(about: Statements, _: Statements, chance: random.Random) -> str:
    return json_answer(_some(about.false, chance, 6))


def _mixing(about: Statements, other: Statements, chance: random.Random) -> str:
    return json_answer(_shuffled(_some(about.true, chance, 3) + _some(other.true + other.false, chance, 3), chance))


def _verbose(about: Statements, _: Statements, chance: random.Random) -> str:
    uncited = [Line(line.text, ()) for line in _some(about.false, chance, 3)]
    return json_answer(_shuffled(_some(about.true + about.false, chance, 12) + uncited, chance))


def _refusing(about: Statements, _: Statements, __: random.Random) -> str:
    return SORRY[about.language]


def _rambling(about: Statements, other: Statements, chance: random.Random) -> str:
    return f"Sure!\n```json\n{_careless(about, other, chance)}\n```\n{chance.choice(about.false).text}"


def _breaking_off(about: Statements, other: Statements, chance: random.Random) -> str:
    answer = _careless(about, other, chance)
    return answer[: chance.randint(1, len(answer))]


CHARACTERS: dict[str, Draw] = {
    "honest": _honest, "careless": _careless, "lying": _lying, "mixing": _mixing, "verbose": _verbose,
    "refusing": _refusing, "rambling": _rambling, "breaking-off": _breaking_off,
}  # fmt: skip


@dataclass(eq=False)
class Figures:
    """What was counted. false_shown: log, language and text of what should not have been."""

    answers: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    false_shown: set[tuple[str, str, str]] = field(default_factory=set)


def run(count: int, seed: int, *, fresh: bool = True) -> Figures:
    """Narrates until so many answers were given, every character in turn."""
    chance = random.Random(seed)
    figures = Figures()
    everything = statements(fresh=fresh)
    others = {(about.log, about.language): about for about in everything}
    with ScriptedOllama(parallel=2) as server:
        while sum(figures.answers.values()) < count:
            for name, draw in CHARACTERS.items():
                about = chance.choice(everything)
                other = others.get((about.log, "en" if about.language == "zh" else "zh"), about)
                _narrate(server, name, partial(draw, about, other, chance), about, figures)
    return figures


def _always(answer: str, _body: dict[str, Any]) -> str:
    return answer


def _narrate(server: ScriptedOllama, name: str, answer: Callable[[], str], about: Statements, figures: Figures) -> None:
    def character(body: dict[str, Any]) -> str:
        return json_answer([Line("ok", ())]) if is_probe(body) else answer()

    server.character = character
    before = len(server.asked)
    options = ModelOptions(host=server.url, language=about.language)
    try:
        explanation = narrate_now(report_of(about.log, about.language), options, lambda *_: None)
    except ModelUnavailable:
        explanation = None
    asked = server.asked[before:]
    figures.answers[name] += len(asked)
    figures.said[name] += sum(exchange.answer.count('"text"') for exchange in asked)
    server.exchanges.clear()
    if explanation is None:
        return
    truths = {line.text for line in about.true}
    lies = {line.text for line in about.false} - truths
    for sentence in (s for part in explanation.sections for s in part.statements if s.origin == "model"):
        figures.shown[name] += 1
        if sentence.text in lies:
            figures.false_shown.add((about.log, about.language, sentence.text))


class _Enough(Exception):
    """The first verified statement was shown; the rest of the answer need not be waited for."""


def timed(count: int, seed: int, piece_seconds: float = 0.02, first_seconds: float = 0.2) -> list[float]:
    """For so many narrations: time to the first verified statement over time to the model's first whole one.

    The model reads the prompt in 0.2 s and writes 300 characters a second, faster than an 8B model on a good card.
    """
    chance = random.Random(seed)
    everything = statements()
    ratios: list[float] = []
    with ScriptedOllama(parallel=1, piece_seconds=piece_seconds, first_seconds=first_seconds) as server:
        for _ in range(count):
            about = chance.choice(everything)
            answer = _honest(about, about, chance)
            server.character = partial(_always, answer)
            ratio = _ratio(server, about, json.loads(answer)["statements"][0]["text"])
            server.exchanges.clear()
            if ratio is not None:
                ratios.append(ratio)
    return ratios


def _ratio(server: ScriptedOllama, about: Statements, first: str) -> float | None:
    seen: list[tuple[float, str]] = []

    def on_event(kind: str, payload: Any) -> None:
        if kind == "sentence" and payload[1].origin == "model":
            seen.append((time.monotonic(), payload[1].text))
            raise _Enough

    options = ModelOptions(host=server.url, language=about.language)
    report_of.cache_clear()  # what the verifier keeps about a report is not there yet, as for a user
    with contextlib.suppress(_Enough):
        narrate_now(report_of(about.log, about.language), options, on_event)
    exchange = server.asked[0]
    if not seen or seen[0][1] != first or exchange.first_sentence is None:
        return None
    return (seen[0][0] - exchange.arrived) / (exchange.first_sentence - exchange.arrived)


def main() -> int:
    """Prints the figures; 1 where something false was shown or the first word came too late."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--answers", type=int, default=5000)
    parser.add_argument("--timed", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report_of("seed", "en")  # the knowledge is compiled into the folder that is there
        os.environ["EXPLAIN_LOG_CACHE_DIR"] = folder
        figures = run(asked.answers, asked.seed)
        ratios = timed(asked.timed, asked.seed)
    late = statistics.quantiles(ratios, n=20)[18] if len(ratios) > 1 else 0.0
    shown: dict[str, Any] = {
        "answers": sum(figures.answers.values()),
        "statements": sum(figures.said.values()),
        "shown": sum(figures.shown.values()),
        "false_shown": len(figures.false_shown),
        "first_statement_ratio_median": round(statistics.median(ratios), 3) if ratios else None,
        "first_statement_ratio_p95": round(late, 3),
    }
    if asked.json:
        print(json.dumps({**shown, "by_character": _by_character(figures)}, indent=1))
    else:
        for name, row in _by_character(figures).items():
            print(f"{name:13} answers {row['answers']:5}  statements {row['said']:6}  shown {row['shown']:6}")
        print("  ".join(f"{name} {value}" for name, value in shown.items()))
    for log, language, text in sorted(figures.false_shown):
        print(f"FALSE {log} {language}: {text}", file=sys.stderr)
    return 1 if figures.false_shown or late > 1.3 else 0


def _by_character(figures: Figures) -> dict[str, dict[str, int]]:
    return {
        name: {"answers": figures.answers[name], "said": figures.said[name], "shown": figures.shown[name]}
        for name in CHARACTERS
    }


if __name__ == "__main__":
    sys.exit(main())
