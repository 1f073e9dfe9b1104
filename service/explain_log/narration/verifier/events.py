"""Things that happen: what a sentence says has happened, a finding must show; what it denies, none may."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.propositions import is_negated, matches
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_TITLES = 2
_AFTER = re.compile(
    r"^[^，。；,;]{0,10}?(?:无关|不是|并非|没有发生|没有出现|is not|was not|are not|has not|did not happen)"
)
_QUESTION = re.compile(r"[?？]\s*$")
_GOES_ON = re.compile(r"[^，。；,;.]{0,4}?(?:、|或者?|和|及|以及|，也|, | or | and |/)[^，。；,;.]{0,8}?")
_CAUSE_OF_FAILURE = re.compile(
    r"(?:失败|超时|崩溃|不了|没成功|中断)[^。；]{0,8}(?:因为|由于|原因|在于)|(?:因为|由于)[^。；]{0,30}(?:失败|崩溃|不了)|问题出在|根本原因"
    r"|(?:fail|crash|did not work|went wrong|timed out)[^.;]{0,30}(?:because|since|due to|is that|caused)"
    r"|cause of the (?:failure|crash)|(?:because|since)[^.;]{0,60}(?:fail|crash)",
    re.IGNORECASE,
)
_FAILURE = re.compile(r"失败|报错|错误|没能|不了|fail|error|wrong|did not work|cause|reason", re.IGNORECASE)


def events(reading: Reading, report: Report) -> Iterator[Judgement]:
    """A judgement for each event that the sentence affirms or denies."""
    words = claim_words()
    last: tuple[int, bool] = (-1, False)
    for start, end, ids in words.events.found(reading.text):
        segment = reading.sentence.at(start)
        if segment.hypothetical or _QUESTION.search(reading.text):
            continue
        denied = is_negated(reading.text, start, segment.start) or bool(_AFTER.match(reading.text[end : segment.end]))
        if last[1] and last[0] <= start and _GOES_ON.fullmatch(reading.text[last[0] : start]):
            denied = True
        last = (end, denied)
        patterns = tuple(pattern for each in sorted(ids) for pattern in words.event_findings[each])
        shown = [
            finding for finding in report.findings if matches(finding.id, patterns) and _fits(finding.load, segment)
        ]
        if not denied and _CAUSE_OF_FAILURE.search(reading.text) and _has_error(report, segment):
            shown = [finding for finding in shown if finding.severity == "error"]
        cites = tuple(finding.fact_id for finding in shown)
        lines = tuple(e.line for finding in shown for e in finding.evidence)
        if denied:
            errors = [finding for finding in shown if finding.severity == "error"]
            if errors:
                says = {"says": " ".join(dict.fromkeys(finding.title for finding in errors[:_TITLES]))}
                yield Objection(Code.ABSENCE, "ABSENCE", says, start, end, contradicted=True, cites=cites, lines=lines)
            else:
                yield Support(start, end)
        elif shown:
            yield Support(start, end, cites)
        else:
            yield _not_shown(reading, segment, report, (start, end))


def _has_error(report: Report, segment: Segment) -> bool:
    return any(finding.severity == "error" and _fits(finding.load, segment) for finding in report.findings)


def _fits(load: int | None, segment: Segment) -> bool:
    return load is None or not segment.loads or load in segment.loads


def _not_shown(reading: Reading, segment: Segment, report: Report, span: tuple[int, int]) -> Objection:
    """The objection to an event that no finding shows; with the failure that the log does show, if there is one."""
    errors = [f for f in report.findings if f.severity == "error" and _fits(f.load, segment)]
    is_cause = bool(_FAILURE.search(reading.text)) or claim_words().causes.found(reading.text)
    names = {"cause": reading.text[slice(*span)], "says": " ".join(dict.fromkeys(f.title for f in errors[:_TITLES]))}
    cites = tuple(f.fact_id for f in errors)
    if errors:
        lines = tuple(e.line for f in errors for e in f.evidence)
        return Objection(Code.CAUSE, "CAUSE_SAID", names, *span, contradicted=True, cites=cites, lines=lines)
    if is_cause:
        return Objection(Code.CAUSE, "CAUSE", names, *span)
    return Objection(Code.POLARITY, "UNKNOWN", {"what": names["cause"]}, *span)
