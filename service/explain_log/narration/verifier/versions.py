"""Releases: older or newer than another, and the span of those that a log can come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.releases import RELEASE, Release, release_of, side_of
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_JOINED = re.compile(
    r"\s*(?:[-–~～]|到|至|或者?|和|与|or|to|through|and|up to|until)\s*(?:including\s*)?(?:v)?$", re.IGNORECASE
)


def versions(reading: Reading, report: Report) -> Iterator[Judgement]:
    """A judgement for each release that the sentence puts before or after the log's, and for each span of them."""
    span = _span(report)
    found = [(m.start(), m.end(), release_of(m[1])) for m in RELEASE.finditer(reading.text)]
    if span is None or not found:
        return
    forms = claim_words().forms
    cites = ("fact:server_runs.1.version" if span[0] == span[1] else "fact:server_runs.1.version_range",)
    told = span[0] if span[0] == span[1] else f"{span[0]} – {span[1]}"
    first, last = release_of(span[0]), release_of(span[1])
    for place, (start, end, release) in enumerate(found):
        segment = reading.sentence.at(start)
        if forms["driver"].search(segment.text) and not forms["server"].search(segment.text):
            if release in (first, last):
                names = {"number": reading.text[start:end], "values": told}
                yield Objection(Code.SUBJECT, "SUBJECT", names, start, end)
            continue
        side = side_of(reading.text, start, end)
        if side:
            denied = is_negated(reading.text, start, segment.start)
            holds = _holds(side, first, last, release, denied=denied)
            if holds:
                yield Support(start, end, cites)
            elif holds is False:
                names = {"values": f"{told} / {reading.text[start:end]}"}
                yield Objection(Code.DIRECTION, "DIRECTION", names, start, end, contradicted=True, cites=cites)
            continue
        if place and _JOINED.match(reading.text[found[place - 1][1] : start]):
            names = {"number": reading.text[found[place - 1][0] : end], "values": told}
            if (found[place - 1][2], release) == (first, last):
                yield Support(found[place - 1][0], end, cites)
            elif first != last:
                yield Objection(
                    Code.NUMBER, "NUMBER", names, found[place - 1][0], end, contradicted=True, cites=cites
                )


def _holds(side: int, first: Release, last: Release, release: Release, *, denied: bool) -> bool | None:
    """Whether a span is before (-1) or after (1) a release; None where only a part of it is."""
    all_so, none_so = (last < release, first >= release) if side < 0 else (first > release, last <= release)
    if denied:
        all_so, none_so = none_so, all_so
    return True if all_so else False if none_so or not denied else None


def _span(report: Report) -> tuple[str, str] | None:
    """The first and last release that the log can come from; of several servers only where they are alike."""
    spans = {
        (run.version, run.version) if run.version else tuple(run.version_range or ()) for run in report.server_runs
    }
    span = next(iter(spans)) if len(spans) == 1 else ()
    if len(span) != 2 or not all(RELEASE.fullmatch(each) for each in span):
        return None
    return span[0], span[1]
