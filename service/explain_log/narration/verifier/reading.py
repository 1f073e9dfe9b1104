"""A sentence as the verifier has read it: names masked, quantities found, clauses cut."""

from __future__ import annotations

from dataclasses import dataclass

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.mentions import Mention, mentions
from explain_log.narration.verifier.names import name_spans
from explain_log.narration.verifier.segments import Sentence, cut
from explain_log.narration.verifier.subject import Subject, subject_of
from explain_log.narration.verifier.vocabulary import Vocabulary
from explain_log.narration.verifier.wording import mask


@dataclass(frozen=True)
class Reading:
    """text: normalised.  masked: the same without names.  found: its quantities.  gpus: folded ids of the log's."""

    text: str
    masked: str
    found: list[Mention]
    sentence: Sentence
    gpus: tuple[str, ...]

    def subject(self, mention: Mention) -> Subject:
        """What a quantity of the sentence is about."""
        return subject_of(mention, self.sentence, self.found, self.gpus)


def read(text: str, known: Vocabulary, quoted: list[tuple[int, int]] | None = None) -> Reading:
    """Reads a normalised sentence. quoted: the places of quoted log lines, whose numbers are not the sentence's."""
    text = mask(text, quoted or [])
    masked = mask(text, name_spans(text, known))
    found = mentions(masked)
    gpus = tuple(folded for folded, name in known.devices.items() if folded == name.casefold() and is_gpu(name))
    return Reading(text, masked, found, cut(text, masked, found), gpus)
