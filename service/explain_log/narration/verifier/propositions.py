"""Switches, outcomes and conditions that a sentence affirms or denies, and things that it says are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from explain_log.checks.finding import Finding
from explain_log.citations import facts_at
from explain_log.narration.verifier.claim_words import Absence, Proposition, claim_words
from explain_log.narration.verifier.facts_told import facts_of_kind
from explain_log.narration.verifier.labels import labels
from explain_log.narration.verifier.named_loads import load_before
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

NOTHING_BEHIND = re.compile(r"\s+(?:no|nothing|none|neither|zero)(?![a-z])", re.IGNORECASE)
"""A negation behind what it turns round: "found no GPU"."""

_BEFORE_ZH = 8
_NO_NEGATION = re.compile(
    r"差不多|不断|不足|不够|[放装容]不下|不仅|不只|不光|不单|不但|不过|不管|不论|不得不|不久|不同|不少|无论|无非|非常|除非|没错|不错|不禁|不愧|不约而同"
    r"|not only|not just|not merely|no doubt|no matter|no more than|no longer than|no less",
    re.IGNORECASE,
)
"""What has the letters of a negation and denies nothing."""

_JOINS = re.compile(r"\b(?:since|because|that|which|but|and|so|while|although)\b|因为|所以|但|而是|却|就(?!绪)|才能")
_REACHES, _SUBJECT_REACHES = 2, 8
"""How many words may stand between a negation and what it denies; after "nothing" more."""

_SUBJECTS = frozenset({"nothing", "no", "none", "neither", "hardly"})
_DENIES = re.compile(
    r"(?:没有|没|未|并未|并没有|从未|无|零|找不到|看不到)"
    r"(?:任何|一个|一条|一次|一行|发现|看到|出现|发生|见到|见|有|其他|明显的?|什么|过|记录到?)*(?:的|到)?\s?$"
    r"|\bnothing(?: \w+){0,5}? (?:points? to|suggests|indicates|shows|hints at)(?: an?| any)? $"
    r"|(?:\bno|\bwithout(?: any| a)?|\bzero|\bnot a single|\bnot any|n't any|\bnot (?:find|see|spot) any|\bfree of"
    r"|\bnever any|\bnot one)(?:[^.;]{0,40}(?:,|\bor|\bnor))?"
    r"(?: (?:other|further|such|real|visible|single|kind of|sign of|signs of|trace of))?\s$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\s*(?:and |but |;)?\s*(?:how|whether|which|what|why|when|where)\b|\s*(?:是否|有没有|怎么|为什么)", re.IGNORECASE
)
"""A clause that only names a question: "how the weights are quantized is in the file type"."""

_UNSEEN = re.compile(
    r"(?:看不到|看不出|看不见|没有?(?:写|说|提|记|显示|交代|打印|给出)|不知道|说不出|无从|不清楚|判断不了)[^，。；]{0,10}$"
    r"|\b(?:no line (?:says|shows|tells)|(?:does|do|did) not (?:say|show|tell|record|mention)|cannot (?:tell|say|see)"
    r"|never (?:says|shows|mentions)|nothing (?:says|shows|tells)|no way to (?:tell|know)|unclear|unknown)\b"
    r"[^.;,]{0,40}$",
    re.IGNORECASE,
)
_TITLES = 2
_FIRST = re.compile(r"[^。\n]{1,160}?(?:。|\.(?=\s|$))")
_STOP = {True: ". ", False: "。"}
_BARE = frozenset({"启用", "开启", "打开", "关闭", "禁用"})
_QUESTION = re.compile(r"[?？]\s*$")

Decision = tuple[bool | None, list[Finding], list[str]]
"""(what holds; None: the log cannot tell, findings that say so, fact ids that say so)."""


def propositions(reading: Reading, report: Report, language: str) -> Iterator[Judgement]:
    """A judgement for everything that the sentence affirms or denies."""
    if _QUESTION.search(reading.text):
        return
    for proposition in claim_words().propositions:
        for match, affirms in proposition.said(reading.text):
            segment = reading.sentence.at(match.start())
            if (segment.hypothetical and not proposition.hypothetical) or not _has_subject(
                proposition, reading, segment, match
            ):
                continue
            clause = reading.text[segment.start : match.start()]
            if _ASKS.match(clause):
                continue
            if _UNSEEN.search(clause):
                yield from _judge_unseen(proposition, segment, report, language, match.span())
                continue
            if len(segment.loads) > 1:  # "the first succeeded and the second failed"
                named = load_before(reading.text, segment.start, match.start())
                segment = replace(segment, loads=named or segment.loads)
            behind = NOTHING_BEHIND.match(reading.text, match.end()) is not None
            says = affirms != (behind != is_negated(reading.text, match.start(), segment.start))
            yield _judge(proposition, segment, report, language, match.span(), says=says)


def _judge_unseen(
    proposition: Proposition, segment: Segment, report: Report, language: str, span: tuple[int, int]
) -> Iterator[Judgement]:
    """What follows where a sentence says that the log does not tell it: right where no finding and no fact does."""
    holds, findings, cites = decide(proposition, report, segment.loads)
    if holds is None and not findings and not cites:
        yield Support(*span)
    elif holds:
        yield _judge(proposition, segment, report, language, span, says=False)


def _has_subject(proposition: Proposition, reading: Reading, segment: Segment, predicate: re.Match[str]) -> bool:
    if proposition.unless is not None and proposition.unless.search(segment.text):
        return False
    if proposition.subject is None:
        return True
    if predicate[0] in _BARE:  # a request, where it comes first: "打开 Flash Attention"
        return bool(proposition.subject.search(reading.text, segment.start, predicate.start()))
    before = reading.sentence.before(segment)
    start = before[-1].start if before else segment.start
    return bool(proposition.subject.search(reading.text, start, segment.end))


def is_negated(text: str, at: int, start: int) -> bool:
    """Whether a negation stands just before a place, within its clause; of the same script as what it negates."""
    latin = text[at : at + 1].isascii()
    found = 0
    none = [match.span() for match in _NO_NEGATION.finditer(text, start, at)]
    for match in claim_words().negators.finditer(text, start, at):
        if any(first <= match.start() < last for first, last in none):
            continue
        between = text[match.end() : at]
        if match[0].isascii():
            reach = _SUBJECT_REACHES if match[0].casefold() in _SUBJECTS else _REACHES
            found += latin and len(between.split()) <= reach and not _JOINS.search(between)
        else:
            found += len(between) <= _BEFORE_ZH and not _JOINS.search(between)
    return found % 2 == 1


def _judge(
    proposition: Proposition,
    segment: Segment,
    report: Report,
    language: str,
    span: tuple[int, int],
    *,
    says: bool,
) -> Judgement:
    holds, findings, cites = decide(proposition, report, segment.loads)
    ids = (*(finding.fact_id for finding in findings), *cites)
    lines = tuple(e.line for finding in findings for e in finding.evidence)
    if holds is says:
        return Support(*span, ids)
    shown = " ".join(_told(finding) for finding in findings[:_TITLES]) or _facts_told(cites, report, language)
    if holds is None and (findings or cites):  # one load is so and another is not: the sentence may mean either
        return Support(*span, ids)
    if holds is None:
        return Objection(Code.POLARITY, "UNKNOWN", {"what": segment.text.strip()}, *span)
    return Objection(Code.POLARITY, "POLARITY", {"says": shown}, *span, contradicted=True, cites=ids, lines=lines)


def _told(finding: Finding) -> str:
    """A finding's title with the first sentence of its detail."""
    first = _FIRST.match(finding.detail)
    return f"{finding.title}{_STOP[finding.title.isascii()]}{first[0]}" if first else finding.title


def _facts_told(cites: list[str], report: Report, language: str) -> str:
    """Facts in words."""
    facts = [fact for cite in cites for fact in facts_at(report, cite.removeprefix("fact:"))]
    rows = [(labels().get(fact.kind, {}).get(language, fact.kind), fact.value) for fact in facts]
    return "; ".join(f"{name} = {str(value).lower() if isinstance(value, bool) else value}" for name, value in rows)


def decide(proposition: Proposition, report: Report, loads: frozenset[int]) -> Decision:
    """Whether something is so in a report; of the loads named, else of any."""
    found = [f for f in report.findings if not loads or f.load is None or f.load in loads]
    yes = [f for f in found if matches(f.id, proposition.true_by) or f"severity:{f.severity}" in proposition.true_by]
    no = [f for f in found if matches(f.id, proposition.false_by)]
    if proposition.fact:
        return _by_fact(proposition, report, loads)
    if yes and no:  # so in one load and not in another: either may be meant
        return _either(yes, no)
    if yes or no:
        return bool(yes), yes or no, []
    if proposition.absent is not None and _is_decided(proposition, report):
        return proposition.absent, [], []
    return None, [], []


def _either(yes: list[Finding], no: list[Finding]) -> Decision:
    same = {f.load for f in yes} & {f.load for f in no}
    return (True, yes, []) if same else (None, yes + no, [])


def _by_fact(proposition: Proposition, report: Report, loads: frozenset[int]) -> Decision:
    serving = {load.index for load in report.loads if load.purpose == "serve"}
    if loads and not loads & serving:  # a pass that only reads the tokenizer neither serves nor fails
        only_read = [f for f in report.findings if f.id == "load.vocab_only" and f.load in loads]
        return (True, only_read, []) if only_read else (None, [], [])
    said: dict[bool, list[str]] = {}
    for fact in facts_of_kind(report, proposition.fact or ""):
        number = int(fact.path.split(".")[1])
        if number not in serving or (loads and number not in loads):
            continue
        if fact.value in proposition.true_in:
            said.setdefault(True, []).append(fact.id)
        elif fact.value in proposition.false_in:
            said.setdefault(False, []).append(fact.id)
    if len(said) > 1:
        return None, [], [cites[0] for cites in said.values()]
    if not said:
        return None, [], []
    ((holds, cites),) = said.items()
    return holds, [], cites[:1]


def _is_decided(proposition: Proposition, report: Report) -> bool:
    """Whether the log would show it if it were so."""
    if proposition.decided_by == "requests":
        return report.requests is not None and report.requests.count > 0
    return proposition.decided_by is None or any(True for _ in facts_of_kind(report, proposition.decided_by))


def matches(finding: str, patterns: tuple[str, ...]) -> bool:
    """Whether a finding id is one of these; `oom.*` is all that begin so."""
    return any(finding == p or (p.endswith("*") and finding.startswith(p[:-1])) for p in patterns)


def absences(reading: Reading, report: Report) -> Iterator[Judgement]:
    """A judgement for everything that the sentence says is not there."""
    words = claim_words()
    for start, end, ids in words.absence.found(reading.text):
        segment = reading.sentence.at(start)
        denial = _DENIES.search(reading.text, segment.start, start)
        if denial is None or segment.hypothetical or _QUESTION.search(reading.text):
            continue
        wrong = [f for f in report.findings for n in ids if _proves_wrong(f, words.absences[n], segment)]
        if not wrong:
            yield Support(denial.start(), end)
            continue
        shown = " ".join(dict.fromkeys(finding.title for finding in wrong[:_TITLES]))
        lines = tuple(e.line for finding in wrong for e in finding.evidence)
        cites = tuple(finding.fact_id for finding in wrong)
        names = {"says": shown}
        yield Objection(
            Code.ABSENCE, "ABSENCE", names, denial.start(), end, contradicted=True, cites=cites, lines=lines
        )


def _proves_wrong(finding: Finding, absence: Absence, segment: Segment) -> bool:
    if segment.loads and finding.load is not None and finding.load not in segment.loads:
        return False
    return finding.severity in absence.severities or matches(finding.id, absence.findings)
