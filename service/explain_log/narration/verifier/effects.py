"""What a change would lead to: a larger context takes more memory, Flash Attention less, a faster disk loads sooner."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.narration.verifier.claim_words import Effect, claim_words
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

_NEAR = 24
"""How far from what is changed the word stands that says how."""


def effects(reading: Reading) -> Iterator[Judgement]:
    """A judgement for each change of which the sentence says what it leads to."""
    text = reading.text
    for start, end in reading.sentence.sentences():
        for effect in claim_words().effects:
            change = _change(effect, text, start, end)
            if change is None:
                continue
            place, sign = change
            result = _result(effect, text, place, end)
            if result is None:
                continue
            span, told = result
            if told == sign * effect.sign:
                yield Support(*span)
            else:
                yield Objection(Code.DIRECTION, "EFFECT", {"what": text[start:end].strip()}, *span, contradicted=True)


def _change(effect: Effect, text: str, start: int, end: int) -> tuple[int, int] | None:
    """(where the words of the change end, 1 for more of it or -1 for less), of the first change of it."""
    for subject in effect.subject.finditer(text, start, end):
        window = max(start, subject.start() - _NEAR), min(end, subject.end() + _NEAR)
        found = [
            (abs(match.start() - subject.start()), match.end(), sign)
            for sign, words in ((1, effect.more), (-1, effect.less))
            for match in words.finditer(text, *window)
            if not re.search(r"[。；;，,]", text[min(match.end(), subject.end()) : max(match.start(), subject.start())])
        ]
        if found:
            _, last, sign = min(found)
            return max(last, subject.end()), sign
    return None


def _result(effect: Effect, text: str, start: int, end: int) -> tuple[tuple[int, int], int] | None:
    """(place, 1 for more or -1 for less) of what the change is said to lead to."""
    found = [
        (match.start(), match.end(), sign)
        for sign, words in ((1, effect.rises), (-1, effect.falls))
        for match in words.finditer(text, start, end)
        if not is_negated(text, match.start(), start)
    ]
    if not found:
        return None
    first, last, sign = min(found, key=lambda each: (each[0], -each[1]))
    return (first, last), sign
