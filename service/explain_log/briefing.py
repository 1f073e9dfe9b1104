"""What a model may see of a report: facts, findings and terms with their ids, for one section.

Log lines are not shown. Text that comes from the log stands only as the capped, escaped value of a
named field, marked `{"data": …}`, or between marks in a text of ours (marks.py). What does not fit the budget is
left out and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from explain_log.answers import Asked, answered_by_rules
from explain_log.checks.finding import Advice, Finding
from explain_log.citations import Fact, fact_labels, facts_at, finding_at, split_cite
from explain_log.facts.models import Json
from explain_log.facts.selection import serving
from explain_log.knowledge import Knowledge
from explain_log.marks import MOST_CHARACTERS, Marks, clean
from explain_log.narration.explanation import Sentence
from explain_log.report import Report

SECTION_TOKENS = 1500
ANSWER = "answer"
"""The section that answers a question of the user; its briefing is about the whole log."""

_FINDING_TEXT = 900
_LOADS_IN_FULL = 3
_DEVICES_IN_FULL = 16
_MOST_VALUES = 2
_NOTE_FACTS = 4
_TITLES_ONLY = ("summary", "advice")
_RANK = {"error": 0, "warning": 1, "notice": 2, "info": 3}


@dataclass(frozen=True)
class Item:
    """One line of a briefing: a JSON object about these ids."""

    ids: tuple[str, ...]
    line: str


@dataclass(eq=False)
class Briefing:
    """What is shown to a model for one section, and the report that its statements are judged by.

    ids: all that are shown.  left_out: how many lines did not fit.
    """

    report: Report
    section: str
    language: str
    knowledge: Knowledge
    items: list[Item] = field(default_factory=list)
    left_out: int = 0
    ids: set[str] = field(default_factory=set)
    asked: Asked | None = None

    @cached_property
    def marks(self) -> Marks:
        """What is the log's own in our texts."""
        return Marks(self.report)

    def said(self, text: str) -> str:
        """A text of ours as the model sees it."""
        return clean(self.marks.put(text), _FINDING_TEXT)

    @cached_property
    def text(self) -> str:
        """The lines as the model sees them."""
        return "\n".join(item.line for item in self.items)


def estimate_tokens(text: str) -> int:
    """A count that errs upwards: one token a Han character, one a digit, one per three other bytes.

    Digits count by themselves since Qwen's and Gemma's tokenizers make a token of each; without that a section full
    of sizes is estimated an eighth too low.
    """
    han = sum(1 for character in text if "\u3400" <= character <= "\u9fff")
    digits = sum(map(text.count, "0123456789"))
    return han + digits + (len(text.encode()) - 3 * han - digits + 2) // 3


def make_briefing(
    report: Report, section: str, knowledge: Knowledge, budget: int | None = None, asked: Asked | None = None
) -> Briefing:
    """The briefing of a section: its findings, most severe first, its facts, its terms, within the budget.

    asked: the question that the section answers; what it names comes first.
    """
    briefing = Briefing(report, section, report.language, knowledge, asked=asked)
    left = SECTION_TOKENS if budget is None else budget
    for item in _candidates(briefing):
        if briefing.ids.issuperset(item.ids):
            continue
        cost = estimate_tokens(item.line) + 1
        if cost <= left:
            left -= cost
            briefing.items.append(item)
            briefing.ids.update(item.ids)
        else:
            briefing.left_out += 1
    return briefing


def _candidates(briefing: Briefing) -> Iterator[Item]:
    """Everything that the section could use, the most useful first."""
    report, section, asked = briefing.report, briefing.section, briefing.asked
    sentences = rules_sentences(report, section)
    findings = section_findings(report, section, sentences)
    if asked is not None:
        yield from _asked_for(briefing, asked)
        ranked = asked.ranked_findings(report)
        findings = [*ranked, *(finding for finding in findings if finding not in ranked)]
    for finding in findings:
        yield _finding_item(finding, briefing)
    shown = "".join(finding.title + finding.detail + _advice_text(finding) for finding in findings)
    in_detail = {finding.fact_id for finding in findings} if section not in _TITLES_ONLY else set()
    for number, sentence in enumerate(sentences, 1):
        cited = {cite for cite in sentence.cites if cite.startswith("finding:")}
        # What a finding shows in detail needs no second wording.
        if sentence.text not in shown and not (cited and cited <= in_detail):
            yield _note(f"note:{number}", sentence, briefing)
    for facts in _by_kind(_section_facts(briefing, findings, sentences)):
        yield _facts_item(facts, fact_labels().get(facts[0].kind), report.language)
    cited_terms = [name for sentence in sentences for kind, name in _parts(sentence.cites) if kind == "term"]
    yield from _term_items([*cited_terms, *(name for finding in findings for name in finding.terms)], briefing)


def _asked_for(briefing: Briefing, asked: Asked) -> Iterator[Item]:
    """What a question names: the rules' answer, the terms."""
    for number, sentence in enumerate(answered_by_rules(asked.text, briefing.report, asked), 1):
        yield _note(f"answer:{number}", sentence, briefing)
    yield from _term_items(asked.terms, briefing)


def _note(name: str, sentence: Sentence, briefing: Briefing) -> Item:
    return Item((name,), _json({"note": briefing.said(sentence.text), "cites": _main(sentence.cites)}))


def _main(cites: list[str]) -> list[str]:
    """What a note chiefly rests on: its findings, a few facts, no row of devices; where none is left, all."""
    findings = [cite for cite in cites if cite.startswith("finding:")]
    facts = [cite for cite in cites if cite.startswith("fact:") and ".devices." not in cite]
    return [*findings, *facts[:_NOTE_FACTS]] or cites


def _by_kind(facts: Iterable[Fact]) -> list[list[Fact]]:
    """Facts of one kind together: a buffer on eight devices is one line."""
    groups: dict[str, dict[str, Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.kind, {}).setdefault(fact.id, fact)
    return [list(group.values()) for group in groups.values()]


def rules_sentences(report: Report, section: str) -> list[Sentence]:
    """What the rules say in a section; the answer to a question starts from their summary."""
    name = "summary" if section == ANSWER else section
    sections = report.explanation.sections if report.explanation else []
    return [sentence for part in sections if part.id == name for sentence in part.statements]


def section_findings(report: Report, section: str, sentences: list[Sentence]) -> list[Finding]:
    """The findings that a section is about: its own and those that the rules cite there."""
    cited = {name for sentence in sentences for kind, name in _parts(sentence.cites) if kind == "finding"}
    if section == ANSWER:
        chosen = list(report.findings)
    elif section == "advice":
        chosen = [f for f in report.findings if f.advice]
    elif section == "benign":
        chosen = [f for f in report.findings if f.benign]
    else:
        chosen = [f for f in report.findings if f.section == section and not f.benign]
    missing = [finding for name in sorted(cited) if (finding := finding_at(report, name)) and finding not in chosen]
    return sorted([*chosen, *missing], key=lambda f: _RANK.get(f.severity, 9))


def _parts(cites: list[str]) -> list[tuple[str, str]]:
    return [parts for cite in cites if (parts := split_cite(cite))]


def _section_facts(briefing: Briefing, findings: list[Finding], sentences: list[Sentence]) -> Iterator[Fact]:
    """Facts that the rules cite, the operands of the findings, then what the section usually needs."""
    report = briefing.report
    wanted = [name for sentence in sentences for kind, name in _parts(sentence.cites) if kind == "fact"]
    wanted += [name for f in findings for kind, name in _parts(list((f.operands or {}).values())) if kind == "fact"]
    for path in wanted:
        yield from facts_at(report, path)
    kinds = [path for path, row in fact_labels().items() if briefing.section in row["sections"]]
    for path in _paths(report, kinds):
        yield from facts_at(report, path)


def _paths(report: Report, kinds: list[str]) -> Iterator[str]:
    """The full paths of these kinds of facts, for the first loads that serve."""
    loads = serving(report.loads)[:_LOADS_IN_FULL]
    for kind in kinds:
        head, _, rest = kind.partition(".")
        if head == "loads":
            for load in loads:
                start = f"loads.{load.index}"
                if rest.startswith("devices."):
                    field_name = rest.partition(".")[2]
                    yield from (f"{start}.devices.{d.device}.{field_name}" for d in load.devices[:_DEVICES_IN_FULL])
                else:
                    yield f"{start}.{rest}"
        elif head == "server_runs":
            yield from (f"server_runs.{n}.{rest}" for n in range(1, min(len(report.server_runs), 2) + 1))
        else:
            yield kind


def _facts_item(facts: list[Fact], label: dict[str, Any] | None, language: str) -> Item:
    shown: dict[str, Any] = {}
    if label:
        shown["is"] = label[language]
    if label and "unit" in label:
        shown["unit"] = label["unit"]
    shown |= {fact.id: _value(fact.value) for fact in facts}
    return Item(tuple(fact.id for fact in facts), _json(shown))


def _finding_item(finding: Finding, briefing: Briefing) -> Item:
    section = briefing.section
    shown: dict[str, Any] = {
        "id": finding.fact_id,
        "severity": finding.severity,
        "title": briefing.said(finding.title),
    }
    if section not in _TITLES_ONLY:
        shown["detail"] = briefing.said(finding.detail)
        values = _unspoken_values(finding)
        if values:
            shown["values"] = values
    if section in ("advice", ANSWER) and finding.advice:
        shown["advice"] = [_advice(advice, briefing) for advice in finding.advice]
    return Item((finding.fact_id,), _json(shown))


def _unspoken_values(finding: Finding) -> dict[str, Json]:
    """The first values that title and detail do not show."""
    spoken = finding.title + finding.detail
    names = [name for name, value in finding.values.items() if not _is_spoken(value, spoken)]
    return {name: _value(finding.values[name]) for name in names[:_MOST_VALUES]}


def _value(value: float | int | str) -> Json:
    return {"data": clean(value, MOST_CHARACTERS)} if isinstance(value, str) else value


def _is_spoken(value: float | int | str, text: str) -> bool:
    """Whether the text shows a value already."""
    return str(value) in text or (isinstance(value, float) and f"{value:g}" in text)


def _advice(advice: Advice, briefing: Briefing) -> dict[str, str]:
    parts = {"action": advice.action, "setting": advice.setting, "value": advice.value, "effect": advice.effect}
    return {name: briefing.said(text) for name, text in parts.items() if text}


def _advice_text(finding: Finding) -> str:
    """The advice's texts as the rules join them."""
    return "".join(a.action + a.effect + a.action + " " + a.effect for a in finding.advice)


def _term_items(terms: Iterable[str], briefing: Briefing) -> Iterator[Item]:
    for term in terms:
        entry = briefing.knowledge.term(term)
        if entry:
            shown = {"id": f"term:{term}", "means": entry["short"][briefing.language]}
            if "formula" in entry:
                shown["formula"] = entry["formula"]
            yield Item((f"term:{term}",), _json(shown))


def _json(shown: dict[str, Any]) -> str:
    return json.dumps(shown, ensure_ascii=False, separators=(", ", ": "))
