"""What a text says of the log and no check could read: nobody can say that it is so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from explain_log.briefing import Briefing
from explain_log.narration.verifier.anchors import is_told
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Evidence
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

_QUESTION = re.compile(r"[?？]\W*$")
_SHORT = 6
"""A sentence with fewer characters is a heading or an exclamation."""


def unread(
    reading: Reading, judged: Sequence[Judgement], evidence: Evidence, briefing: Briefing
) -> Iterator[Judgement]:
    """A judgement for each sentence that says something of the log and of which nothing was judged."""
    words = claim_words()
    for start, end in reading.sentence.sentences():
        text = reading.text[start:end].strip()
        if len(text) < _SHORT or _QUESTION.search(text) or not words.things.search(text):
            continue
        if any(start <= each.start < end and not getattr(each, "weak", False) for each in judged):
            continue
        segments = [s for s in reading.sentence.segments if start <= s.start < end and s.text.strip()]
        if all(segment.hypothetical for segment in segments):
            continue
        finding = is_told(text, evidence, briefing)
        if finding:
            yield Support(start, end, (finding,))
        else:
            yield Objection(Code.UNCITED, "NOT_SAID", {}, start, end)
