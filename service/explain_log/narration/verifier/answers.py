"""Anybody's text about a log (a chat answer, a blog post), judged claim by claim, without cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from explain_log.briefing import Briefing
from explain_log.citations import facts_at, gpu_count, lines_of_cite
from explain_log.knowledge import Knowledge
from explain_log.narration.prompts import correction
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import IMPLIED, Atom, Evidence, atoms_of, load_counts
from explain_log.narration.verifier.facts_told import all_facts, fact_atoms
from explain_log.narration.verifier.names import unknown_names
from explain_log.narration.verifier.questions import judgements
from explain_log.narration.verifier.quotes import line_spans
from explain_log.narration.verifier.quotes import plain as plain_line
from explain_log.narration.verifier.reading import Reading, read
from explain_log.narration.verifier.sentences import Piece, pieces
from explain_log.narration.verifier.terms import misreadings
from explain_log.narration.verifier.unread import unread
from explain_log.narration.verifier.verdict import Answer, Claim, Code, Judgement, Objection, Support
from explain_log.narration.verifier.vocabulary import Vocabulary, vocabulary
from explain_log.narration.verifier.wording import mask, normalise
from explain_log.narration.verifier.words import any_of
from explain_log.report import Report

_FIELD = re.compile(r"[a-z]+(?:_[a-z]+)+")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_COMMAS = ("，", ",", "；", ";", "。", ".", "：", ":")
_MOST_EVIDENCE = 3
_SHORT = 3
_ALL: WeakKeyDictionary[Report, dict[str, list[Atom]]] = WeakKeyDictionary()


def judge_text(text: str, report: Report, knowledge: Knowledge, lines: list[str] | None = None) -> list[Claim]:
    """What a text claims of a log, each claim with its verdict, in order of the text.

    text: plain or Markdown, Chinese or English.  lines: the log's lines (envelopes off), for quotes; None: only
    those that findings show.  Sentences that claim nothing about the log give no claim.
    """
    log = [plain_line(line) for line in lines or []]
    found: list[Claim] = []
    for piece in pieces(text):
        found += _claims(piece, report, knowledge, log)
    return found


def _claims(piece: Piece, report: Report, knowledge: Knowledge, log: list[str]) -> Iterator[Claim]:
    """The claims of one sentence: one a clause, the worst thing in it deciding."""
    language = language_of(piece.text)
    briefing = Briefing(report, "answer", language, knowledge)
    known = vocabulary(report, knowledge)
    text = normalise(piece.text)
    quoted = line_spans(text, piece.text)
    reading = read(text, known, quoted)
    evidence = _everything(briefing, known, reading)
    judged = [*_first(reading, quoted, language, knowledge, known, log)]
    judged += judgements(piece.text, reading, evidence, known, briefing, language, log)
    judged += unread(reading, judged, evidence, briefing)
    for start, end, group in _by_clause(reading, judged):
        yield _claim(piece, text[start:end].strip(" ，,；;。."), group, report, log, language)


def language_of(text: str) -> str:
    """The language of a text: Chinese where it has a Han character for every eight other letters."""
    han = len(_HAN.findall(text))
    return "zh" if han and han * 8 >= sum(c.isalpha() and c.isascii() for c in text) else "en"


def _first(
    reading: Reading,
    quoted: list[tuple[int, int]],
    language: str,
    knowledge: Knowledge,
    known: Vocabulary,
    log: list[str],
) -> Iterator[Judgement]:
    yield from misreadings(reading.text, [], language, knowledge)
    yield from unknown_names(mask(reading.text, quoted), known, log)


def _everything(briefing: Briefing, known: Vocabulary, reading: Reading) -> Evidence:
    """All that the report tells, and what the glossary says of the terms that the sentence names."""
    cached = _ALL.setdefault(briefing.report, {})
    if briefing.language not in cached:
        atoms = [*fact_atoms(briefing.report), *load_counts(briefing.report)]
        for finding in briefing.report.findings:
            atoms += atoms_of(finding.fact_id, briefing, known)
        gpus = {
            len({a.device for a in atoms if a.device and a.load == n and a.field == "total_mib"}) for n in known.loads
        }
        atoms += [Atom(n, "devices", n, IMPLIED) for n in sorted(gpus | _gpu_counts(briefing.report))]
        cached[briefing.language] = atoms
    terms = sorted(_terms_named(reading.text, briefing.knowledge))
    atoms = [atom for term in terms for atom in atoms_of(f"term:{term}", briefing, known)]
    return Evidence(
        atoms=[*cached[briefing.language], *atoms],
        lines=set(),
        findings=briefing.report.findings,
        terms=terms,
        free=True,
    )


def _lines_with(cites: tuple[str, ...], report: Report, log: list[str]) -> list[int]:
    """The first line of the log that prints the text that a fact is, for facts of which no line is kept."""
    values = [f.value for c in cites for f in facts_at(report, c.removeprefix("fact:")) if isinstance(f.value, str)]
    wanted = [value.casefold() for value in values if len(value) > _SHORT]
    return [number for number, line in enumerate(log, 1) if any(f"= {value}" in line for value in wanted)][:1]


def _facts_of_terms(cites: tuple[str, ...], text: str, report: Report) -> list[str]:
    """The ids of the facts that misread terms stand for; of the devices that the text names, where it names some."""
    kinds = {path for c in cites for path in claim_words().term_facts.get(c.removeprefix("term:"), ())}
    facts = [fact for fact in all_facts(report) if fact.kind in kinds]
    told = [f.fact_id for f in report.findings if any(f"finding:{f.id}.".startswith(f"{kind}.") for kind in kinds)]
    own = [f for f in facts if ".devices." in f.path and f.path.split(".")[3].casefold() in text.casefold()]
    return [fact.id for fact in own or facts] + told


def _facts_named(text: str, report: Report) -> list[str]:
    """The ids of the facts that a text calls by their names in the log: `n_batch`, `flash_attn`."""
    names = set(_FIELD.findall(text.casefold()))
    return [fact.id for fact in all_facts(report) if fact.kind.rpartition(".")[2].casefold() in names]


def _gpu_counts(report: Report) -> set[int]:
    return {gpu_count(load) for load in report.loads} | {len(run.devices) for run in report.server_runs if run.devices}


_TERM_NAMES: WeakKeyDictionary[Knowledge, list[tuple[str, re.Pattern[str]]]] = WeakKeyDictionary()


def _terms_named(text: str, knowledge: Knowledge) -> set[str]:
    """The terms of the glossary that a sentence names."""
    names = _TERM_NAMES.get(knowledge)
    if names is None:
        names = _TERM_NAMES[knowledge] = [
            (term, any_of([n for group in (knowledge.term(term) or {})["names"].values() for n in group]))
            for term in knowledge.keys("terms")
        ]
    return {term for term, pattern in names if pattern.search(text)}


def _by_clause(reading: Reading, judged: list[Judgement]) -> Iterator[tuple[int, int, list[Judgement]]]:
    """The clauses about which something was judged, with the judgements.

    What stands in brackets belongs to the clause before; what follows from a misreading is part of it.
    """
    clauses = _clauses(reading)
    misread = min((j.start for j in judged if isinstance(j, Objection) and j.code == Code.MISREADING), default=None)
    if misread is not None:
        first = next(start for start, end in clauses if start <= misread < end)
        clauses = [c for c in clauses if c[0] < first] + [(first, clauses[-1][1])]
    causes = [j.start for j in judged if isinstance(j, Objection) and j.code == Code.CAUSE]
    unsound = min(causes, default=len(reading.text))
    for start, end in clauses:
        group = [judgement for judgement in judged if start <= judgement.start < end]
        borne_out = all(isinstance(judgement, Support) for judgement in group)
        if borne_out and (unsound < start or all(getattr(judgement, "weak", False) for judgement in group)):
            continue  # it follows from what is wrong, or is checked in part only: neither is a claim that holds
        if group:
            yield start, end, group


def _clauses(reading: Reading) -> list[tuple[int, int]]:
    """The places of the parts that a reader takes as one: cut at commas, not inside brackets."""
    places: list[tuple[int, int]] = []
    for segment in reading.sentence.segments:
        before = reading.text[: segment.start].rstrip()
        if places and not before.endswith(_COMMAS):
            places[-1] = (places[-1][0], segment.end)
        else:
            places.append((segment.start, segment.end))
    return [*places[:-1], (places[-1][0], len(reading.text) + 1)]


def _claim(piece: Piece, text: str, group: list[Judgement], report: Report, log: list[str], language: str) -> Claim:
    objections = [judgement for judgement in group if isinstance(judgement, Objection)]
    worst = next((o for o in objections if o.contradicted), objections[0] if objections else None)
    cites = tuple(dict.fromkeys(c for j in group if isinstance(j, (Support, Objection)) for c in j.cites))
    verdict: Answer = "supported" if worst is None else "contradicted" if worst.contradicted else "unsupported"
    said = None if worst is None else correction(language, worst.text, worst.names, contradicted=worst.contradicted)
    if worst is not None:
        cites = worst.cites
    lines = sorted({*(worst.lines if worst else ()), *(n for c in cites for n in lines_of_cite(report, c))})
    if worst is not None and not lines:  # where the log has what is misread
        named = [c for judgement in group if isinstance(judgement, Support) for c in judgement.cites]
        found = [_facts_of_terms(worst.cites, text, report), named, _facts_named(text, report)]
        every = ({n for c in each for n in lines_of_cite(report, c)} for each in found)
        lines = sorted(next((each for each in every if each), set())) or _lines_with(worst.cites, report, log)
    shown = {e.line: e.text for f in report.findings for e in f.evidence}
    evidence = tuple((line, shown.get(line, "")) for line in lines[:_MOST_EVIDENCE])
    return Claim(text or piece.text, piece.span, verdict, worst.code if worst else None, said, cites[:6], evidence)
