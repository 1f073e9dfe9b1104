"""Writes corpus.jsonl: statements about the logs, half of them true, as a model would say them.

    python benchmarks/verifier/make_corpus.py [--check]

What is written by hand stands in by_hand/ and misread/; templates.toml is filled with the logs' facts; numbers,
quotations and languages are altered here. Nothing of it is taken from the verifier. --check: say whether the file
is what would be written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from advice import from_advice
from by_hand import Statement, read
from facts_of import FOLDER
from numbers_shown import with_other_number
from outcomes import from_outcomes
from quotes import from_quotes
from templates import from_templates

SEED = 20260301
CORPUS = FOLDER / "corpus.jsonl"
MOST = {
    "template": 1150, "quote": 125, "joined": 180, "number": 230, "unit": 110, "device": 90, "subject": 90,
    "polarity": 100, "direction": 90, "name": 35, "language": 60, "joined_false": 110, "advice": 90, "setting": 80,
    "absence": 80, "trouble": 40, "cause": 60,
}  # fmt: skip
ASIDE = {"fresh": 2, "by_hand": sys.maxsize, "misread": sys.maxsize}
"""One of so many is aside: half of those whose authors know nothing of the verifier, a fifth of the made ones; what
was aside once and has been looked at is not."""

HAN = re.compile(r"[\u4e00-\u9fff]")


def statements() -> Iterator[Statement]:
    """All statements: those by hand in full, of the made ones a fixed sample of each kind."""
    fresh = list(read("fresh"))
    hand = [*read("by_hand"), *read("misread")]
    yield from fresh
    yield from hand
    made = [*from_templates(SEED), *from_quotes(SEED), *from_advice(SEED), *from_outcomes(SEED)]
    made += [*_other_numbers(hand), *_other_language(hand), *_joined(hand)]
    seen = {(s.log, s.language, s.text) for s in (*fresh, *hand)}
    kinds: dict[tuple[str, bool], list[Statement]] = {}
    for statement in made:
        key = (statement.log, statement.language, statement.text)
        if key not in seen:
            seen.add(key)
            kinds.setdefault((statement.kind, statement.truth), []).append(statement)
    for (kind, _), group in sorted(kinds.items()):
        group.sort(key=lambda s: hashlib.sha256(f"{SEED} {s.log} {s.language} {s.text}".encode()).hexdigest())
        yield from group[: MOST[kind]]


def _other_numbers(hand: Iterable[Statement]) -> Iterator[Statement]:
    """Sentences by hand with one number changed."""
    for s in hand:
        if s.truth and "“" not in s.text and not re.search(r"/\d|\d/", s.text):
            wrong = with_other_number(s.text, random.Random(f"{SEED} {s.text}"))
            if wrong:
                yield Statement(s.log, s.language, wrong, s.cites, truth=False, kind="number", was=s.text)


def _other_language(hand: list[Statement]) -> Iterator[Statement]:
    """True sentences in the wrong language, or of two halves in two languages."""
    by_cites: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for s in hand:
        if s.truth and not s.cites[0].startswith("line:") and len(s.text) > 24:
            by_cites.setdefault((s.log, s.cites, s.language), []).append(s.text)
    for (log, cites, language), texts in by_cites.items():
        rng = random.Random(f"{SEED} {log} {texts[0]}")
        other = "en" if language == "zh" else "zh"
        text = rng.choice(texts)
        yield Statement(log, other, text, cites, truth=False, kind="language", was=text)
        theirs = by_cites.get((log, cites, other))
        if theirs:
            mixed = f"{text.rstrip('。.')}，{rng.choice(theirs)}"
            if len(HAN.findall(mixed)) > 6:
                yield Statement(log, language, mixed, cites, truth=False, kind="language", was=text)


def _joined(hand: list[Statement]) -> Iterator[Statement]:
    """Two sentences about one log in one: both true, or the second one false."""
    groups: dict[tuple[str, str], list[Statement]] = {}
    for s in hand:
        if s.cites[0].startswith("line:") or s.kind == "absence":
            continue
        groups.setdefault((s.log, s.language), []).append(s)
    for (log, language), group in groups.items():
        rng = random.Random(f"{SEED} joined {log} {language}")
        true = [s for s in group if s.truth]
        for first in true:
            others = [s for s in (true if rng.random() < 0.6 else group) if s.text not in (first.text, first.was)]
            others = [s for s in others if s.was != first.text]
            if not others:
                continue
            second = rng.choice(others)
            text = f"{first.text}{second.text}" if language == "zh" else f"{first.text} {second.text}"
            cites = tuple(dict.fromkeys([*first.cites, *second.cites]))
            kind = "joined" if second.truth else "joined_false"
            was = "" if second.truth else f"{first.text} {second.was}"
            yield Statement(log, language, text, cites, truth=second.truth, kind=kind, was=was)


def rows() -> Iterator[dict[str, Any]]:
    """The corpus: ids follow from what is said of what, so they stay when other cases come."""
    seen: set[str] = set()
    for s in statements():
        digest = hashlib.sha256(f"{s.log}|{s.language}|{s.text}|{s.truth}".encode()).hexdigest()
        name = f"{s.log}-{digest[:10]}"
        if name in seen:
            continue
        seen.add(name)
        row: dict[str, Any] = {"id": name, "log": s.log, "language": s.language, "text": s.text, "cites": list(s.cites)}
        row |= {"truth": s.truth, "kind": s.kind}
        if s.was:
            row["was"] = s.was
        if s.origin == "fresh":
            row["fresh"] = True
        yield row | {"aside": int(digest[10:18], 16) % ASIDE.get(s.origin, 5) == 0}


def main() -> int:
    """Writes the corpus, or compares; 1 where it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    cases = list(rows())
    text = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    if check:
        return int(not CORPUS.exists() or CORPUS.read_text(encoding="utf-8") != text)
    CORPUS.write_text(text, encoding="utf-8")
    counts = Counter((case["truth"], case["kind"]) for case in cases)
    languages = Counter(case["language"] for case in cases)
    truths = Counter(case["truth"] for case in cases)
    sys.stdout.write(f"{len(cases)} cases {dict(languages)} {dict(truths)} aside {sum(c['aside'] for c in cases)}\n")
    for (truth, kind), count in sorted(counts.items()):
        sys.stdout.write(f"  {truth!s:5} {kind:11} {count}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
