"""Puts together the answer to a question from what the rules have already said, or says what the log cannot tell."""

from __future__ import annotations

from typing import Any

from explain_log.answers.asked import Asked, topic_has
from explain_log.checks.finding import Finding
from explain_log.checks.wording import number
from explain_log.citations import Fact, fact_labels, facts_at, lines_of_cite
from explain_log.facts.selection import leading
from explain_log.knowledge import load, message
from explain_log.narration.explanation import Sentence
from explain_log.report import Report

_MOST_FINDINGS = 3
_MOST_FACTS = 3
_MOST_TERMS = 2
_MOST_ADVICE = 3
_MOST_VALUES = 16
_MOST_LINES = 3


def answered_by_rules(question: str, report: Report, asked: Asked | None = None) -> list[Sentence]:
    """The answer in the report's language. Never empty: what the log cannot tell is said, with how to find out."""
    asked = asked or Asked.of(question, report)
    answer = _Answer(report, asked)
    return answer.sentences()


class _Answer:
    def __init__(self, report: Report, asked: Asked) -> None:
        self._report = report
        self._asked = asked
        self._language = report.language
        self._knowledge = load()
        self._table = self._knowledge.table("questions")

    def sentences(self) -> list[Sentence]:
        """First what the log cannot tell of it, then facts, findings, and the meaning of words or what to do."""
        asked = self._asked
        if asked.is_beyond_logs:
            return self._untold(asked.topics, [])
        findings = asked.ranked_findings(self._report)
        facts = self._facts()
        said = self._untold(asked.topics, findings)
        said += [] if asked.wants_advice else [self._said(kind) for kind in facts]
        said += [self._finding(finding) for finding in findings[:_MOST_FINDINGS]]
        if asked.wants_meaning or not said:
            said = [*self._terms(), *said]
        if asked.wants_advice:
            advice = self._advice(findings)
            said = [*advice, *said[: 1 if advice else None]]
        if not facts and not findings and not said:
            said = self._nothing()
        return _distinct(said) or [Sentence(self._says("nothing"), [])]

    def _untold(self, topics: list[dict[str, Any]], findings: list[Finding]) -> list[Sentence]:
        """What the log does not have of what the topics ask for, and how to see it."""
        texts = []
        for topic in topics:
            found = any(topic_has(topic, finding) for finding in findings)
            shown = any(facts_at(self._report, path) for kind in topic.get("facts", ()) for path in self._paths(kind))
            if "none" in topic and not found:
                texts.append(topic["none"][self._language])
            elif "unknown" in topic and not shown and not (found and not topic.get("facts")):
                texts.append(topic["unknown"][self._language])
        return [Sentence(text, []) for text in texts]

    def _says(self, key: str) -> str:
        text: str = self._table["says"][key][self._language]
        return text

    def _mark(self, name: str) -> str:
        return message(f"punctuation.{name}", self._language)

    def _facts(self) -> list[list[Fact]]:
        """The facts that are asked for, a list a kind; of the devices that are named, where any is."""
        found: list[list[Fact]] = []
        kinds = self._asked.kinds
        if self._asked.devices:
            kinds = [kind for kind in kinds if ".devices." in kind] or kinds
        for kind in kinds:
            facts = [fact for path in self._paths(kind) for fact in facts_at(self._report, path)]
            facts = [fact for fact in facts if not isinstance(fact.value, bool)][:_MOST_VALUES]
            if facts and kind in fact_labels():
                found.append(facts)
        return found[:_MOST_FACTS]

    def _paths(self, kind: str) -> list[str]:
        """The full paths of a kind: of the load that readers want to hear of, of the last server run."""
        head, _, rest = kind.partition(".")
        report = self._report
        if head == "loads":
            chosen = leading(report.loads)
            if chosen is None:
                return []
            if not rest.startswith("devices."):
                return [f"loads.{chosen.index}.{rest}"]
            wanted = self._asked.devices or [d.device for d in chosen.devices]
            return [f"loads.{chosen.index}.devices.{device}.{rest.partition('.')[2]}" for device in wanted]
        if head != "server_runs":
            return [kind]
        place = len(report.server_runs)
        if rest == "config":
            return [f"server_runs.{place}.config.{name}" for name in self._asked.settings]
        if rest.startswith("devices."):
            count = len(report.server_runs[-1].devices) if place else 0
            return [f"server_runs.{place}.devices.{n}.{rest.partition('.')[2]}" for n in range(count)]
        return [f"server_runs.{place}.{rest}"]

    def _said(self, facts: list[Fact]) -> Sentence:
        row = fact_labels()[facts[0].kind]
        join = self._says("join")
        values = [self._value(fact, row, several=len(facts) > 1) for fact in facts]
        lines = sorted({line for fact in facts for line in lines_of_cite(self._report, fact.id)})[:_MOST_LINES]
        shown = self._mark("list").join(map(str, lines))
        where = self._says("lines").format(lines=shown) if lines else ""
        label = row[self._language]
        label = label if self._language == "zh" else label[:1].upper() + label[1:]
        text = self._says("fact").format(label=label, value=join.join(values), lines=where)
        return Sentence(text, list(dict.fromkeys(fact.id for fact in facts)))

    def _value(self, fact: Fact, row: dict[str, Any], *, several: bool) -> str:
        value = number(fact.value, 2) if isinstance(fact.value, (int, float)) else str(fact.value)
        unit = self._unit(row.get("unit"))
        steps = fact.path.split(".")
        owner = ""
        if "devices" in steps:
            owner = f"{steps[3]} " if steps[0] == "loads" else ""
        elif several and steps[-2] in ("by_status", "by_path", "config"):
            owner = f"{steps[-1]} "
        return f"{owner}{value}{unit}"

    def _unit(self, unit: str | None) -> str:
        if not unit:
            return ""
        names = self._table["units"].get(unit)
        if names is None:
            return f" {unit}"
        shown: str = names[self._language]
        return f" {shown}" if shown else ""

    def _finding(self, finding: Finding) -> Sentence:
        """A finding in the words of the explanation, or else its own."""
        sections = self._report.explanation.sections if self._report.explanation else []
        for section in sections:
            for sentence in section.statements if section.id not in ("advice", "summary") else []:
                if finding.fact_id in sentence.cites:
                    return sentence
        title = finding.title.rstrip("。.") + self._mark("stop")
        return Sentence(self._mark("sentences").join((title, finding.detail)).strip(), [finding.fact_id])

    def _advice(self, findings: list[Finding]) -> list[Sentence]:
        offered = [(advice, finding) for finding in findings for advice in finding.advice]
        if not self._asked.names_something:
            sections = self._report.explanation.sections if self._report.explanation else []
            return [s for section in sections if section.id == "advice" for s in section.statements][:_MOST_ADVICE]
        settings = set(self._asked.settings)
        offered.sort(key=lambda pair: pair[0].setting not in settings)
        return [
            Sentence(self._mark("sentences").join((advice.action, advice.effect)).strip(), [finding.fact_id])
            for advice, finding in offered[:_MOST_ADVICE]
        ]

    def _terms(self) -> list[Sentence]:
        entries = [(term, self._knowledge.term(term)) for term in self._asked.terms[:_MOST_TERMS]]
        return [Sentence(entry["short"][self._language], [f"term:{term}"]) for term, entry in entries if entry]

    def _nothing(self) -> list[Sentence]:
        """That the log does not have what was named, and where it would be."""
        asked = self._asked
        rows = [fact_labels()[kind][self._language] for kind in asked.kinds if kind in fact_labels()]
        names = [*asked.settings, *asked.devices, *rows]
        if names:
            shown = self._mark("list").join(names[:_MOST_FACTS])
            return [Sentence(self._says("not_here").format(names=shown), [])]
        return [] if asked.terms else [Sentence(self._says("nothing"), [])]


def _distinct(sentences: list[Sentence]) -> list[Sentence]:
    return list({sentence.text: sentence for sentence in sentences}.values())
