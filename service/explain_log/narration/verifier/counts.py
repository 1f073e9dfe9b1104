"""Parts of wholes: how many of the layers, how many requests of a status, how many tensors of a type."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.facts_told import fact_atoms
from explain_log.narration.verifier.intervals import holds
from explain_log.narration.verifier.labels import told_text
from explain_log.narration.verifier.numerals import NUMERAL_ZH, numeral
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_WORDS_EN = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|twenty)"
    r"(?![A-Za-z])"
)
_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+|{_WORDS_EN}|{NUMERAL_ZH})"
_OF = re.compile(
    rf"(?<![\w.,])(?<!every )(?<!each )(?<!any )(?<!but )({_NUMBER})"
    rf" of (?:the |all |its |those )*({_NUMBER})(?![\w.,]*\w)",
    re.IGNORECASE,
)
_AMONG = re.compile(
    rf"(?<![\w.,])({_NUMBER})\s?(?:个|层|条|项|块|张|次)?[\u4e00-\u9fff]{{0,3}}?(?:中|里|当中|里面)的?"
    rf"(?:有|只有|仅有)?\s?({_NUMBER})"
)
_SLASH = re.compile(r"(?<![\w./])(\d+) ?/ ?(\d+)(?![\w./])")
_BARE = re.compile(rf"(?<![\w./,])(?:{_NUMBER})(?![\w./])(?!,\d)", re.IGNORECASE)
_WHOLE = re.compile(
    rf"of (?:the |all |its )*{_NUMBER}|{_NUMBER}\s?(?:个|条|次)?[\u4e00-\u9fff]{{0,3}}?(?:中|里|当中|里面)",
    re.IGNORECASE,
)
_REQUESTS = re.compile(r"请求|requests?", re.IGNORECASE)
_TENSORS = re.compile(r"张量|tensors?", re.IGNORECASE)
_MEASURED = re.compile(
    r"\s?(?:MiB|GiB|MB|GB|秒|分钟|s\b|ms|seconds?|minutes?|tokens?|token|层|layers?|张|块|GPUs?|cards?|slots?|BPW|bpw|位|bits?"
    r"|%|:|倍|次加载)",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\s?[%成]")
_ROUTE = re.compile(r"/(?:api|v1)/[\w/\-]+")
_JOINT = re.compile(r"[，,；;。、]|\.(?=\s|$)|(?<![A-Za-z])(?:and|while|whereas|but)(?![A-Za-z])|和|而")
_FAILED = 400
_OK = re.compile(r"成功|succeeded|successful", re.IGNORECASE)
_NOT_OK = re.compile(r"失败|出错|报错|failed|errored", re.IGNORECASE)


def counts(reading: Reading, report: Report, language: str) -> Iterator[Judgement]:
    """A judgement for each part of a whole, and each count of one kind, that the sentence states."""
    yield from _parts(reading, report, language)
    yield from _keyed(reading, report, language)
    yield from _routes(reading, report)


def _parts(reading: Reading, report: Report, language: str) -> Iterator[Judgement]:
    text = reading.text
    for pattern, part, whole in ((_OF, 1, 2), (_AMONG, 2, 1), (_SLASH, 1, 2)):
        for match in pattern.finditer(text):
            some, every = _value(match[part]), _value(match[whole])
            segment = reading.sentence.at(match.start())
            if pattern is not _SLASH and some > every:
                names = {"number": match[part], "whole": match[whole]}
                yield Objection(Code.SUBJECT, "PART", names, *match.span(), contradicted=True)
            elif not segment.hypothetical:
                yield from _layers(reading, report, language, match.span(), some, every)


def _layers(
    reading: Reading, report: Report, language: str, span: tuple[int, int], some: float, every: float
) -> Iterator[Judgement]:
    """`14 of the 29 layers are on the CPU`: what the CPU has of them, not what the GPUs have."""
    where = _location(reading, span)
    if where is None:
        return
    right = list[bool]()
    told = list[Atom]()
    for load in report.loads:
        mine = reading.sentence.at(span[0]).loads
        if load.layers_total != every or load.layers_offloaded is None or (mine and load.index not in mine):
            continue
        offloaded = load.layers_offloaded
        right.append(some == (offloaded if where == "gpu" else every - offloaded))
        cite = f"fact:loads.{load.index}.layers_offloaded"
        told.append(Atom(offloaded, "layers", offloaded, cite, "layers_offloaded"))
    if right and not any(right):
        names = {"number": reading.text[slice(*span)], "values": told_text(told[:2], language)}
        cites = tuple(atom.cite for atom in told[:2])
        yield Objection(Code.SUBJECT, "SUBJECT", names, *span, contradicted=True, cites=cites)
    elif right:
        yield Support(*span, (told[0].cite,))


def _location(reading: Reading, span: tuple[int, int]) -> str | None:
    """Where the sentence says that layers are: "gpu" or "cpu"; None where it does not say, or says both."""
    segments = [s for s in reading.sentence.segments if s.end > span[0]][:2]
    if claim_words().forms["offloaded"].match(reading.text, span[1]):
        return "gpu"
    if "layers" not in reading.sentence.aspects:
        return None
    for segment in segments:
        found = {
            side: [
                "cpu" if (side == "gpu") == is_negated(reading.text, match.start(), segment.start) else "gpu"
                for match in claim_words().forms[f"on_{side}"].finditer(reading.text, segment.start, segment.end)
            ]
            for side in ("gpu", "cpu")
        }
        sides = {side for places in found.values() for side in places}
        if len(sides) == 1:
            return sides.pop()
        if sides:
            return None
    return None


def _value(text: str) -> float:
    plain = text.replace(",", "")
    return float(plain) if plain.replace(".", "").isdigit() else float(numeral(text))


def _keyed(reading: Reading, report: Report, language: str) -> Iterator[Judgement]:
    """`three with 200 and one with 404`, `441 tensors are q4_K`: each count of its own kind."""
    tables: dict[str, list[Atom]] = defaultdict(list)
    for atom in fact_atoms(report):
        if atom.key:
            tables[atom.cite[: -len(atom.key)]].append(atom)
    if not tables:
        return
    for start, end in _stretches(reading):
        text = reading.text[start:end]
        named = {table: [a for a in atoms if _is_named(a.key, text)] for table, atoms in tables.items()}
        named = {table: atoms for table, atoms in named.items() if atoms}
        if len(named) != 1:
            continue
        ((table, atoms),) = named.items()
        if "tensor" in table and not _TENSORS.search(reading.text):
            continue
        places = _numbers(text, [atom.key for atom in atoms])
        segment: Segment = reading.sentence.at(start)
        if len(places) != 1 or segment.hypothetical or len(atoms) > 1:
            continue
        span = start + places[0][0], start + places[0][1]
        if _SHARE.match(reading.text, span[1]):
            continue
        value = _value(text[slice(*places[0])])
        if value == atoms[0].value:
            yield Support(*span, (atoms[0].cite,))
        else:
            names = {"number": text[slice(*places[0])], "values": told_text(atoms, language)}
            yield Objection(Code.SUBJECT, "SUBJECT", names, *span, contradicted=True, cites=(atoms[0].cite,))
    yield from _outcomes(reading, tables, language)


def _outcomes(reading: Reading, tables: dict[str, list[Atom]], language: str) -> Iterator[Judgement]:
    """`80% of the requests succeeded`: those answered with less than 400, of all."""
    statuses = [atom for table, atoms in tables.items() if table.endswith("by_status.") for atom in atoms]
    total = sum(atom.value for atom in statuses)
    for mention in reading.found:
        segment = reading.sentence.at(mention.start)
        ok, bad = bool(_OK.search(segment.text)), bool(_NOT_OK.search(segment.text))
        if (
            mention.dims[0][0] != "ratio"
            or ok == bad
            or not total
            or "请求" not in segment.text + "请求" * ("request" in segment.text)
        ):
            continue
        part = sum(atom.value for atom in statuses if (int(atom.key) < _FAILED) == ok)
        if holds(mention, part / total, "ratio"):
            yield Support(mention.start, mention.end, tuple(a.cite for a in statuses[:3]))
        else:
            names = {"number": mention.text, "values": told_text(statuses[:3], language)}
            cites = tuple(a.cite for a in statuses[:3])
            yield Objection(Code.SUBJECT, "SUBJECT", names, mention.start, mention.end, contradicted=True, cites=cites)


def _stretches(reading: Reading) -> Iterator[tuple[int, int]]:
    """The parts of a text between commas and conjunctions."""
    start = 0
    for match in _JOINT.finditer(reading.text):
        yield start, match.start()
        start = match.end()
    yield start, len(reading.text)


def _is_named(key: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w./]){re.escape(key)}(?![\w/])(?!\.\d)", text, re.IGNORECASE))


def _numbers(text: str, keys: list[str]) -> list[tuple[int, int]]:
    """The places of the numbers of a stretch that are no key, no whole and no measure."""
    wholes = [match.span() for match in _WHOLE.finditer(text)]
    found = []
    for match in _BARE.finditer(text):
        if match[0] in keys or any(start <= match.start() < end for start, end in wholes):
            continue
        if _MEASURED.match(text, match.end()):
            continue
        found.append(match.span())
    return found


def _routes(reading: Reading, report: Report) -> Iterator[Judgement]:
    """`the 404 was for /api/show`: the path is one of those that had this status."""
    for finding in report.findings:
        paths, statuses = finding.values.get("paths"), finding.values.get("statuses")
        if not isinstance(paths, str) or not isinstance(statuses, str):
            continue
        wrong = [code for code in re.findall(r"\b[45]\d\d\b", reading.text) if code in statuses]
        named = list(_ROUTE.finditer(reading.text))
        if len(wrong) != 1 or len(named) != 1 or re.search(r"\b2\d\d\b", reading.text):
            continue
        if named[0][0] not in paths:
            names = {"number": named[0][0], "values": f"{statuses} {paths}"}
            lines = tuple(e.line for e in finding.evidence)
            yield Objection(
                Code.SUBJECT,
                "SUBJECT",
                names,
                *named[0].span(),
                contradicted=True,
                cites=(finding.fact_id,),
                lines=lines,
            )
