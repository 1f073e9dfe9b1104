"""The words of knowledge/claims.toml and knowledge/propositions.toml, compiled once for the verifier."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from explain_log.knowledge import load
from explain_log.narration.verifier.words import Words, any_of, key_of, words_of


@dataclass(frozen=True)
class Aspect:
    """What a number may be about, of which dimensions. needs, not_with: words that it has to stand with, or without."""

    id: str
    dims: frozenset[str]
    fields: re.Pattern[str]
    weak: bool
    needs: re.Pattern[str] | None
    needs_here: re.Pattern[str] | None
    not_with: re.Pattern[str] | None


@dataclass(frozen=True)
class Proposition:
    """Something that is so or not. See knowledge/propositions.toml for the fields."""

    id: str
    subject: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    predicates: re.Pattern[str]
    affirms: frozenset[str]
    forms: tuple[tuple[bool, re.Pattern[str]], ...]
    true_by: tuple[str, ...]
    false_by: tuple[str, ...]
    fact: str | None
    true_in: tuple[object, ...]
    false_in: tuple[object, ...]
    absent: bool | None
    decided_by: str | None
    hypothetical: bool

    def said(self, text: str) -> list[tuple[re.Match[str], bool]]:
        """The places of predicates in a text, each with whether it affirms it; forms before words."""
        found = [(match, affirms) for affirms, form in self.forms for match in form.finditer(text)]
        taken = [match.span() for match, _ in found]
        found += [
            (match, key_of(match[0]) in self.affirms)
            for match in self.predicates.finditer(text)
            if not any(start < match.end() and match.start() < end for start, end in taken)
        ]
        return sorted(found, key=lambda each: each[0].start())


@dataclass(frozen=True)
class Identity:
    """A name by which something goes. facts: the kinds of facts that have it."""

    subject: re.Pattern[str]
    unless: re.Pattern[str] | None
    pattern: re.Pattern[str]
    facts: frozenset[str]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Absence:
    """Things that people say are not there, and the findings that prove them wrong."""

    severities: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What a change leads to: more or less of the subject makes the result rise (sign 1) or fall (-1)."""

    subject: re.Pattern[str]
    more: re.Pattern[str]
    less: re.Pattern[str]
    rises: re.Pattern[str]
    falls: re.Pattern[str]
    sign: int


@dataclass(frozen=True)
class Yardstick:
    """A thing whose usual value people compare with; told: how a correction names it."""

    words: re.Pattern[str]
    value: float
    dim: str
    told: dict[str, str]


@dataclass(frozen=True)
class Why:
    """What something can come from. effect: words that name it; concepts: those that can be its cause; where: only in
    reports with one of these findings; says: the findings that tell what is known of it.
    """

    effect: re.Pattern[str]
    concepts: frozenset[str]
    where: tuple[str, ...]
    says: tuple[str, ...]


@dataclass(frozen=True)
class ClaimWords:
    """Everything by which claims are told apart."""

    aspects: dict[str, Aspect]
    strong: Words
    weak: Words
    of_one_device: frozenset[str]
    hypothetical: re.Pattern[str]
    imperative: re.Pattern[str]
    negators: re.Pattern[str]
    devices: dict[str, re.Pattern[str]]
    comparison: Words
    forms: dict[str, re.Pattern[str]]
    causes: Words
    propositions: tuple[Proposition, ...]
    identities: tuple[Identity, ...]
    output_on: re.Pattern[str]
    output_holder: re.Pattern[str]
    events: Words
    event_findings: dict[str, tuple[str, ...]]
    absence: Words
    absences: dict[str, Absence]
    concepts: Words
    yardsticks: tuple[Yardstick, ...]
    whys: tuple[Why, ...]
    effects: tuple[Effect, ...]
    actions: Words
    things: re.Pattern[str]
    term_facts: dict[str, tuple[str, ...]]

    def of_dim(self, aspects: frozenset[str], dim: str) -> frozenset[str]:
        """Those of some aspects that a number of this dimension can be about."""
        return aspects if dim == "any" else frozenset(a for a in aspects if dim in self.aspects[a].dims)

    def aspects_of_field(self, kind: str) -> frozenset[str]:
        """What a fact or a finding's value is about, by the path without indexes."""
        return _aspects_of_field(kind)


@lru_cache(maxsize=4096)
def _aspects_of_field(kind: str) -> frozenset[str]:
    return frozenset(a.id for a in claim_words().aspects.values() if a.fields.search(kind))


@lru_cache(maxsize=1)
def claim_words() -> ClaimWords:
    """The words of this installation."""
    claims, says = load().table("claims"), load().table("propositions")
    axes = {entry["id"]: entry for entry in load().table("opposites")["axis"]}
    aspects: dict[str, Aspect] = {}
    strong: dict[str, list[str]] = {}
    weak: dict[str, list[str]] = {}
    for entry in claims["aspect"]:
        name, words = entry["id"], entry["words"]
        weak_words = words if entry.get("weak") else entry.get("weak_words", [])
        strong[name] = [word for word in words if word not in weak_words]
        weak[name] = list(weak_words)
        conditions = [any_of(entry[key]) if key in entry else None for key in ("needs", "needs_here", "not_with")]
        dims = frozenset(entry["dims"])
        aspects[name] = Aspect(name, dims, re.compile(entry["fields"]), bool(entry.get("weak")), *conditions)
    return ClaimWords(
        aspects=aspects,
        strong=words_of(strong),
        weak=words_of(weak),
        of_one_device=frozenset(claims["devices_of_findings"]["one"]),
        hypothetical=any_of(claims["hypothetical"]["words"]),
        imperative=any_of(claims["hypothetical"]["starts"]),
        negators=any_of([*claims["negators"]["zh"], *claims["negators"]["en"]]),
        devices={kind: any_of(words) for kind, words in claims["devices"].items()},
        comparison=words_of(claims["comparison"]),
        forms={kind: any_of(words) for kind, words in claims["comparison_forms"].items()},
        causes=words_of(claims["cause"]),
        propositions=tuple(_proposition(entry, axes) for entry in says["proposition"]),
        identities=tuple(_identity(entry) for entry in says["identity"]),
        output_on=re.compile(says["output_layer"]["pattern"], re.IGNORECASE),
        events=words_of({entry["id"]: entry["words"] for entry in says["event"]}),
        event_findings={entry["id"]: tuple(entry["findings"]) for entry in says["event"]},
        output_holder=re.compile(says["output_layer"]["holder"], re.IGNORECASE),
        absence=words_of({str(n): entry["words"] for n, entry in enumerate(says["absence"])}),
        absences={
            str(n): Absence(tuple(entry.get("severity", [])), tuple(entry.get("findings", [])))
            for n, entry in enumerate(says["absence"])
        },
        concepts=words_of({entry["id"]: entry["words"] for entry in says["concept"]}),
        yardsticks=tuple(
            Yardstick(any_of(entry["words"]), entry["value"], entry["dim"], entry["told"])
            for entry in claims["yardstick"]
        ),
        whys=tuple(_why(entry) for entry in says["why"]),
        effects=tuple(_effect(entry) for entry in says["effect"]),
        actions=words_of({entry["id"]: entry["words"] for entry in says["action"]}),
        things=any_of(claims["things"]["words"]),
        term_facts={term: tuple(paths) for term, paths in claims["term_facts"].items()},
    )


def _proposition(entry: dict[str, Any], axes: dict[str, dict[str, Any]]) -> Proposition:
    yes, no = [*entry["yes"]], [*entry["no"]]
    for name in entry.get("axis", []):
        axis = axes[name.removeprefix("-")]
        yes += axis["minus" if name.startswith("-") else "plus"]
        no += axis["plus" if name.startswith("-") else "minus"]
    forms = [(affirms, entry[key]) for affirms, key in ((True, "yes_form"), (False, "no_form")) if key in entry]
    return Proposition(
        id=entry["id"],
        subject=any_of(entry["subject"]) if entry["subject"] else None,
        unless=any_of(entry["unless"]) if "unless" in entry else None,
        predicates=any_of([*yes, *no]),
        affirms=frozenset(map(key_of, yes)),
        forms=tuple((affirms, re.compile(form, re.IGNORECASE)) for affirms, form in forms),
        true_by=tuple(entry.get("true_by", [])),
        false_by=tuple(entry.get("false_by", [])),
        fact=entry.get("fact"),
        true_in=tuple(entry.get("true_in", [])),
        false_in=tuple(entry.get("false_in", [])),
        absent=entry.get("absent"),
        decided_by=entry.get("decided_by"),
        hypothetical=bool(entry.get("hypothetical")),
    )


def _why(entry: dict[str, Any]) -> Why:
    where, told = tuple(entry.get("where", [])), tuple(entry.get("says", []))
    return Why(any_of(entry["effect"]), frozenset(entry["concepts"]), where, told)


def _effect(entry: dict[str, Any]) -> Effect:
    sets = {name: any_of(entry[name]) for name in ("subject", "more", "less", "rises", "falls")}
    return Effect(sign=entry["sign"], **sets)


def _identity(entry: dict[str, Any]) -> Identity:
    unless = any_of(entry["unless"]) if "unless" in entry else None
    pattern = re.compile(entry["pattern"], re.IGNORECASE)
    return Identity(
        any_of(entry["subject"]), unless, pattern, frozenset(entry["facts"]), tuple(entry.get("findings", []))
    )
