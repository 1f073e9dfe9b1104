"""Names that a sentence gives to something: the KV cache's type, the architecture, the device of the output layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from explain_log.citations import facts_at
from explain_log.narration.verifier.claim_words import Identity, claim_words
from explain_log.narration.verifier.concerns import same_device
from explain_log.narration.verifier.facts_told import facts_of_kind
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment, devices_in
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_SHORTEST = 3
_WORDS = frozenset({"0", "1"})
_DOING = re.compile(r"\s*[A-Z]?[a-z]+ing(?! is| was)\b|\s*(?:先|把|将|用)")
_NOT = re.compile(
    r"(?:不是|并非|而非|没有|不再是|not|n't|rather than|instead of|than)\s*(?:a |an |the )?$", re.IGNORECASE
)


def identities(reading: Reading, report: Report) -> Iterator[Judgement]:
    """A judgement for each name that the sentence gives to something that the log names too."""
    for identity in claim_words().identities:
        values = _values(identity, report)
        if not values:
            continue
        for match in identity.pattern.finditer(reading.text):
            segment = reading.sentence.at(match.start())
            if _is_wished(reading, segment) or not _is_about(identity, reading, segment):
                continue
            if _NOT.search(reading.text[: match.start()]):
                continue
            said = match[match.lastindex or 0].casefold()
            right = [cite for value, cite in values if _agrees(said, value)]
            if right:
                yield Support(*match.span(), (right[0],))
                continue
            names = {"values": ", ".join(dict.fromkeys(value for value, _ in values)), "number": match[0].strip()}
            cites = tuple(dict.fromkeys(cite for _, cite in values))[:3]
            yield Objection(Code.NAME, "SUBJECT", names, *match.span(), contradicted=True, cites=cites)
    yield from _output_layer(reading, report)


def _is_wished(reading: Reading, segment: Segment) -> bool:
    """Whether a clause says what would be, or is the subject of one that does: "storing it as q8_0 would …"."""
    rest = reading.sentence.segments
    return segment.hypothetical or (_DOING.match(segment.text) is not None and any(s.hypothetical for s in rest))


def named_facts(reading: Reading, report: Report, cites: Sequence[str]) -> Iterator[Support]:
    """The places where the sentence names what a cited fact is: a version, an address, a model, a setting's value."""
    text = reading.text.casefold()
    for cite in cites:
        for fact in facts_at(report, cite.removeprefix("fact:")) if cite.startswith("fact:") else ():
            if fact.kind.startswith(("requests.by_", "server_runs.config")):  # counted by what the path ends in
                key = fact.path.rpartition("." if "/" not in fact.path else "./")[2].casefold()
                place = text.find(key)
                if place >= 0:
                    yield Support(place, place + len(key), (fact.id,))
            value = str(fact.value).casefold()
            place = text.find(value) if len(value) >= _SHORTEST or value in _WORDS else -1
            if place >= 0:
                yield Support(place, place + len(value), (fact.id,))


def _is_about(identity: Identity, reading: Reading, segment: Segment) -> bool:
    """Whether the clause, or the one before it, names what is identified, and nothing that goes by such names too."""
    before = reading.sentence.before(segment)
    own = identity.subject.search(segment.text)
    if own is None and (not before or not identity.subject.search(before[-1].text)):
        return False
    return identity.unless is None or not identity.unless.search(segment.text)


def _values(identity: Identity, report: Report) -> list[tuple[str, str]]:
    """(value, fact id) of what the log names."""
    told = [(str(fact.value), fact.id) for kind in sorted(identity.facts) for fact in facts_of_kind(report, kind)]
    named = [
        (finding, name.rpartition(".")[2])
        for finding in report.findings
        for name in identity.findings
        if name.rpartition(".")[0] == finding.id
    ]
    return told + [(str(finding.values[name]), finding.fact_id) for finding, name in named if name in finding.values]


def _agrees(said: str, value: str) -> bool:
    """Whether a name is the log's, written out or in short: Q4_K_M for "Q4_K - Medium"."""
    folded = re.sub(r"[\s_\-]+", "", value.casefold())
    short = re.sub(r"[\s_\-]+", "", said)
    sizes = {"m": "medium", "s": "small", "l": "large"}
    long = short[:-1] + sizes.get(short[-1:], "~")
    return short == folded or folded == long or (len(short) > 2 and folded.startswith(short))


def _output_layer(reading: Reading, report: Report) -> Iterator[Judgement]:
    """Where the sentence says that the output layer is."""
    said = [(m.span(), reading.text[m.end() : m.end() + 12]) for m in claim_words().output_on.finditer(reading.text)]
    said += [(m.span(), m[0][:12]) for m in claim_words().output_holder.finditer(reading.text)]
    for span, where in said:
        segment = reading.sentence.at(span[0])
        names = devices_in(where)
        if len(names) != 1 or segment.hypothetical or is_negated(reading.text, span[1], span[0]):
            continue
        holders = [(load, device) for load in report.loads for device in load.devices if device.holds_output]
        if not holders:
            continue
        cites = tuple(f"fact:loads.{load.index}.devices.{device.device}.holds_output" for load, device in holders)
        if any(same_device(device.device, names[0]) for _, device in holders):
            yield Support(*span, cites[:1])
        else:
            shown = {"number": names[0], "values": ", ".join(dict.fromkeys(device.device for _, device in holders))}
            yield Objection(Code.SUBJECT, "SUBJECT", shown, *span, contradicted=True, cites=cites[:2])
