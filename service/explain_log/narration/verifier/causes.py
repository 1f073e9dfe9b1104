"""Causes: a sentence may give only those that a finding or a term about it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from explain_log.briefing import Briefing
from explain_log.citations import path_kind
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Evidence
from explain_log.narration.verifier.labels import labels
from explain_log.narration.verifier.meanings import pieces
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.narration.verifier.wording import normalise

_NEVER = frozenset({"batch_small", "card_size", "users", "not_quantized"})
"""What a possible cause names beside it and is none."""

_WORD = re.compile(r"[A-Za-z][A-Za-z_]+")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_COMMA = re.compile(r"[，,；;。]|\.(?=\s|$)")
_NOT_BEFORE = re.compile(
    r"(?:不|不是|并非|并不是|而非|没有|非"
    r"|\b(?:not|never|hardly|neither|rather than|instead of)(?: \w+ly| simply| just)?|n['’]t)\s*$",
    re.IGNORECASE,
)
_NO_CAUSE = re.compile(r"(?:makes?|made)\s+(?:up|do|for|it|sure|sense|\d|about|roughly|a total)", re.IGNORECASE)
"""What reads like the mark of a cause and is none: "that makes 32 MiB"."""

_EFFECT_BEHIND = re.compile(r"(?<!不)而(?!且|是|非)|(?<![刚刚])才(?!能)|被(?=[杀终截拒取中断停])")
"""Where the effect follows its cause within a clause: "是因为 X 被杀的"."""

_SO = re.compile(r"\s*(?:so(?! that)|hence|therefore|thus|which makes|所以|因此|因而|于是)", re.IGNORECASE)
_SPEAKS_OF = 0.3
"""How much of an effect a finding has to name, so that what it names can be its cause."""

_DENIED_AFTER = re.compile(
    r"^[^，。；,;.]{0,8}(?:无关|没有关系|没关系)|^[^，。；,;.]{0,12}(?:is not|are not|plays no|has nothing)",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(
    r"(?:nothing to do with|not because of|independent of|unrelated to|regardless of)[^,.;]{0,24}$", re.IGNORECASE
)


def causes(reading: Reading, evidence: Evidence, briefing: Briefing, before: list[Judgement]) -> Iterator[Judgement]:
    """A judgement for each cause that the sentence gives. before: what was judged of the sentence already."""
    for start, end, first, last in _parts(reading):
        named = _concepts(reading.text[start:end])
        effect = reading.text[first:start] + " " + reading.text[end:last]
        allowed, denied = _grounds(evidence, briefing, effect)
        foreign = named - allowed
        possible = _possible(effect, reading.text[start:end], briefing)
        grounded = _is_grounded(reading, start, end, evidence, before)
        firm = any(isinstance(j, Support) and not j.weak and start <= j.start < end for j in before)
        if possible is not None and (named or not firm) and not _can_be(named, possible, allowed):
            foreign = (named - possible) | {"nothing of it"}
        if possible is None and not foreign & (denied | _NEVER) and _follows(reading, start, end, before):
            foreign = frozenset()
        if not foreign and (named or grounded):
            yield Support(start, end, weak=True)
            continue
        says = _what_is_said(effect, reading, evidence, briefing)
        yield Objection(
            Code.CAUSE,
            "CAUSE" if not says else "CAUSE_SAID",
            {"cause": reading.text[start:end].strip(), "says": says},
            start,
            end,
            contradicted=bool(foreign & denied),
        )


def _possible(effect: str, cause: str, briefing: Briefing) -> frozenset[str] | None:
    """The concepts that can be the cause of what the rest of the sentence says; None: of that nothing is known."""
    shown = {finding.id for finding in briefing.report.findings}
    for why in claim_words().whys:
        if why.effect.search(effect) and not why.effect.search(cause) and (not why.where or shown & set(why.where)):
            return why.concepts
    return None


def _can_be(named: frozenset[str], possible: frozenset[str], allowed: frozenset[str]) -> bool:
    """Whether what a cause names can be one, and the rest of it is at least said by the evidence."""
    return bool(named & possible) and named - possible <= allowed and not named & _NEVER


def _follows(reading: Reading, start: int, end: int, before: list[Judgement]) -> bool:
    """Whether one borne out thing is concluded from another: "70 B in Q4_K_M, so roughly 40 GiB"."""
    if not _SO.match(reading.text, end):
        return False
    firm = [j for j in before if isinstance(j, Support) and not j.weak]
    return any(start <= j.start < end for j in firm) and any(j.start >= end for j in firm)


def _is_grounded(reading: Reading, start: int, end: int, evidence: Evidence, before: list[Judgement]) -> bool:
    """Whether a cause that names no known thing at least says something that the evidence bears out."""
    if any(isinstance(judged, Support) and start <= judged.start < end for judged in before):
        return True
    if _shares_words(reading.text[start:end], [f"{f.title} {f.detail}" for f in evidence.findings]):
        return True
    if evidence.free:  # among all findings some name any aspect
        return False
    words = claim_words()
    aspects = words.strong.all_ids(reading.text[start:end])
    told = {aspect for atom in evidence.atoms for aspect in atom.aspects}
    for finding in evidence.findings:
        told |= words.strong.all_ids(f"{finding.title} {finding.detail}")
    return bool(aspects & told)


def _shares_words(text: str, told: list[str]) -> bool:
    """Whether most of a text's words, or pairs of characters, are in one of the findings' texts."""
    pieces = {word.casefold() for word in _WORD.findall(text) if len(word) > 3}
    han = "".join(_HAN.findall(text))
    pieces |= {han[n : n + 2] for n in range(len(han) - 1)}
    return len(pieces) >= 2 and any(2 * sum(p in t.casefold() for p in pieces) >= len(pieces) for t in told)


def _parts(reading: Reading) -> Iterator[tuple[int, int, int, int]]:
    """The places of the causes that a text gives, each with the place of its sentence."""
    text = reading.text
    marks = claim_words().causes.found(text)
    for first, last in reading.sentence.sentences():
        inside = [(start, end, ids) for start, end, ids in marks if first <= start < last]
        mark = next((m for m in inside if "after" in m[2]), None) or next((m for m in inside if "before" in m[2]), None)
        if mark is None:
            continue
        start, end, ids = mark
        segment = reading.sentence.at(start)
        if segment.hypothetical or _NOT_BEFORE.search(text, segment.start, start):
            continue
        if "before" in ids and "after" not in ids and _NO_CAUSE.match(text, start):
            continue
        if "after" not in ids:
            if text[first:start].strip():  # else the cause is the sentence before, which is judged itself
                yield first, start, first, last
            continue
        comma = _COMMA.search(text, end, last)
        leads = not text[first:start].strip()
        behind = None if leads else _EFFECT_BEHIND.search(text, end + 1, last)
        yield end, comma.start() if comma and leads else behind.start() if behind else last, first, last


def _concepts(text: str) -> frozenset[str]:
    return frozenset(claim_words().concepts.all_ids(text))


def _grounds(evidence: Evidence, briefing: Briefing, effect: str) -> tuple[frozenset[str], frozenset[str]]:
    """(what the findings and terms of the evidence name, what they say has nothing to do with it).

    Of a text without cites only the findings count that speak of the effect.
    """
    findings = evidence.findings
    if evidence.free:
        meant = pieces(effect)
        findings = [f for f in findings if len(meant & pieces(f"{f.title} {f.detail}")) >= _SPEAKS_OF * len(meant)]
    named: set[str] = set()
    denied: set[str] = set()
    for finding in findings:
        texts = [finding.title, finding.detail]
        for advice in finding.advice:
            texts += [advice.action, advice.effect]
        entry = briefing.knowledge.finding(finding.id) or {}
        for allowed, refused in (
            _of_texts(tuple(texts)),
            _of_entry(str(entry.get("say", "")), str(entry.get("detail", ""))),
        ):
            named |= allowed
            denied |= refused
    for atom in evidence.atoms:
        row = labels().get(path_kind(atom.cite.removeprefix("fact:"))) if atom.cite.startswith("fact:") else None
        if row:
            named |= _of_texts((row["zh"], row["en"], atom.cite.replace(".", " ")))[0]
    for term in evidence.terms:
        entry = briefing.knowledge.term(term) or {}
        allowed, refused = _of_texts((*entry["short"].values(), *entry["text"].values()))
        named |= allowed
        denied |= refused
        for wrong in entry.get("misreading", []):
            allowed, refused = _of_texts(tuple(wrong["correction"].values()))
            named |= allowed
            denied |= refused
    return frozenset(named), frozenset(denied - named)


@lru_cache(maxsize=1024)
def _of_entry(*texts: str) -> tuple[frozenset[str], frozenset[str]]:
    return _of_texts(texts)


@lru_cache(maxsize=2048)
def _of_texts(texts: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """(concepts that texts name, those that they deny)."""
    named: set[str] = set()
    denied: set[str] = set()
    for text in texts:
        plain = normalise(text)
        for start, end, ids in claim_words().concepts.found(plain):
            is_denied = (
                _DENIED_AFTER.search(plain[end:])
                or _DENIED_BEFORE.search(plain[:start])
                or is_negated(plain, start, max(0, start - 6))
            )
            (denied if is_denied else named).update(ids)
    return frozenset(named), frozenset(denied - named)


def _what_is_said(effect: str, reading: Reading, evidence: Evidence, briefing: Briefing) -> str:
    """What a finding says of the same thing; "" where there is none."""
    found = evidence.findings or briefing.report.findings
    for why in claim_words().whys:
        if why.effect.search(effect):
            said = next((f for name in why.says for f in briefing.report.findings if f.id == name), None)
            if said is not None:
                return f"{said.title} {said.detail}".strip()
    if evidence.free:
        return ""
    aspects, words = reading.sentence.aspects, claim_words()
    best, told = 0, ""
    for finding in found:
        if words.causes.found(finding.detail) or not told:
            score = len(aspects & (words.strong.all_ids(finding.title) | words.strong.all_ids(finding.detail)))
            if score > best:
                best, told = score, finding.detail or finding.title
    return told
