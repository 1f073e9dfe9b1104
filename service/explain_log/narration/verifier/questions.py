"""All that is asked of one sentence, in order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from explain_log.briefing import Briefing
from explain_log.narration.verifier.anchors import echoes
from explain_log.narration.verifier.assigned import assigned
from explain_log.narration.verifier.causes import causes
from explain_log.narration.verifier.comparison import comparisons
from explain_log.narration.verifier.counts import counts
from explain_log.narration.verifier.effects import effects
from explain_log.narration.verifier.events import events
from explain_log.narration.verifier.evidence import Evidence, gather
from explain_log.narration.verifier.identities import identities, named_facts
from explain_log.narration.verifier.language import wrong_language
from explain_log.narration.verifier.line_values import cited_lines
from explain_log.narration.verifier.names import unknown_names
from explain_log.narration.verifier.numbers import Numbers
from explain_log.narration.verifier.placements import placements
from explain_log.narration.verifier.propositions import absences, propositions
from explain_log.narration.verifier.quotes import line_spans, quotes
from explain_log.narration.verifier.reading import Reading, read
from explain_log.narration.verifier.settings import unoffered_actions, unoffered_settings
from explain_log.narration.verifier.stances import stances
from explain_log.narration.verifier.terms import misreadings
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.narration.verifier.versions import versions
from explain_log.narration.verifier.vocabulary import Vocabulary, vocabulary
from explain_log.narration.verifier.wholly import wholly
from explain_log.narration.verifier.wording import mask, normalise

LONGEST_SENTENCE = 1200
"""A statement with more characters is no statement: it is not read."""


def objections(text: str, cites: list[str], briefing: Briefing, language: str, lines: list[str]) -> Iterator[Objection]:
    """Why a model's sentence may not be shown, the first reason first.

    lines: all of the log's, for quotes and for what a cited line says; empty: only what findings show of it.
    """
    if not cites:
        yield Objection(Code.UNCITED, "UNCITED")
        return
    if len(text) > LONGEST_SENTENCE:
        yield Objection(Code.UNCITED, "TOO_LONG")
        return
    known = vocabulary(briefing.report, briefing.knowledge)
    evidence = gather(cites, briefing, known)
    evidence.texts = [lines[number - 1] for number in cited_lines(cites) if 0 < number <= len(lines)]
    if evidence.missing:
        yield Objection(Code.UNCITED, "UNCITED_ID", {"cite": evidence.missing[0]})
        return
    plain = normalise(text)
    spans = line_spans(plain, text)
    yield from misreadings(plain, cites, language, briefing.knowledge)
    yield from unknown_names(mask(plain, spans), known, lines)
    reading = read(plain, known, spans)
    without_quantities = mask(reading.masked, [(m.start, m.end) for m in reading.found] + spans)
    wrong = wrong_language(without_quantities, language, known, lines)
    if wrong:
        yield wrong
    borne_out: list[Support] = []
    for judgement in judgements(text, reading, evidence, known, briefing, language, lines):
        if isinstance(judgement, Objection):
            yield judgement
        else:
            borne_out.append(judgement)
    borne_out += named_facts(reading, briefing.report, cites)
    for start, end in reading.sentence.sentences():
        if any(start <= support.start < end or support.start < start < support.end for support in borne_out):
            continue
        if not echoes(reading.text[start:end], evidence, briefing, _lines_cited(evidence, lines)):
            yield Objection(Code.UNCITED, "NOT_SAID", {}, start, end)


def _lines_cited(evidence: Evidence, lines: list[str]) -> str:
    return " ".join(lines[number - 1] for number in sorted(evidence.lines) if 0 < number <= len(lines))


def judgements(
    raw: str,
    reading: Reading,
    evidence: Evidence,
    known: Vocabulary,
    briefing: Briefing,
    language: str,
    lines: list[str],
) -> Iterator[Judgement]:
    """What follows from the report for each thing that a sentence claims. lines: the log's, for quotes."""
    report = briefing.report
    told: list[Judgement] = []
    asked = chain(
        unoffered_settings(reading.text, language, briefing),
        unoffered_actions(reading.text, language, briefing),
        Numbers(reading, evidence, known, report, language).judge(),
        identities(reading, report),
        assigned(reading, report, language, lines),
        events(reading, report),
        propositions(reading, report, language),
        placements(reading, report),
        absences(reading, report),
        counts(reading, report, language),
        comparisons(reading, report, language, evidence.atoms),
        wholly(reading, report, language),
        versions(reading, report),
        effects(reading),
        quotes(raw, known, lines),
    )
    for judgement in asked:
        told.append(judgement)
        yield judgement
    for judgement in stances(reading, evidence, told):
        told.append(judgement)
        yield judgement
    counted = {(m.start, m.end) for m in reading.found if m.dims[0][0] == "devices"}
    yield from causes(reading, evidence, briefing, [j for j in told if (j.start, j.end) not in counted])
