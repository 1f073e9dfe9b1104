"""Sentences that quote a line of a log, and the same with a word or a number of the quotation altered."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from by_hand import Statement
from facts_of import names, text_of
from numbers_shown import NUMBER, other_digits

SAYS = {
    "zh": [
        "日志第 {n} 行写着“{q}”。",
        "第 {n} 行的原文是 `{q}`。",
        "日志里有这样一行：“{q}”。",
        "日志原文：“{q}”（第 {n} 行）。",
    ],
    "en": [
        "Line {n} of the log says “{q}”.",
        "The log contains the line `{q}`.",
        'It is on line {n}: "{q}".',
        "The log reads “{q}”.",
    ],
}
WORDS = {
    "offloading": "skipping",
    "offloaded": "rejected",
    "enabled": "disabled",
    "started": "stopped",
    "GPU": "CPU",
    "loaded": "dropped",
    "truncating": "accepting",
    "repeating": "attention",
    "output layer": "input layer",
    "model buffer": "KV buffer",
    "KV buffer": "output buffer",
    "compute buffer": "scratch buffer",
    "nodes": "edges",
    "failed": "succeeded",
    "out of memory": "out of disk space",
    "n_batch": "n_threads",
    "n_ctx": "n_keep",
    "f16": "q4_1",
    "killed": "interrupted",
    "arch": "vendor",
}
PLAIN = re.compile(r"(?:[a-z_]+: |.*?msg=\")(?P<said>[^\"\\/{}<>|`“”]{14,76})\"?$")


def from_quotes(seed: int) -> Iterator[Statement]:
    """Quotations from every log, true and altered."""
    for log in names():
        rng = random.Random(f"{seed} {log}")
        lines = text_of(log).splitlines()
        flat = " ".join(" ".join(lines).split())
        found = [(n, " ".join(m["said"].split())) for n, line in enumerate(lines, 1) if (m := PLAIN.search(line))]
        for n, said in rng.sample(found, min(len(found), 5)):
            language = rng.choice(["zh", "en"])
            how = rng.choice(SAYS[language])
            true = how.format(n=n, q=said)
            cites = (f"line:{n}",)
            yield Statement(log, language, true, cites, truth=True, kind="quote")
            altered = rng.sample(list(_altered(said, flat, rng)), 1) if list(_altered(said, flat, rng)) else []
            for wrong in altered:
                yield Statement(log, language, how.format(n=n, q=wrong), cites, truth=False, kind="quote", was=true)


def _altered(said: str, flat: str, rng: random.Random) -> Iterator[str]:
    """The quotation with one word or number changed; nothing that stands in the log."""
    for word, other in WORDS.items():
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said):
            changed = said.replace(word, other, 1)
            if changed not in flat:
                yield changed
    for match in NUMBER.finditer(said):
        digits = other_digits(match[1], rng)
        if digits:
            changed = said[: match.start(1)] + digits + said[match.end(1) :]
            if changed not in flat:
                yield changed
