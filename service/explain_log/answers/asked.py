"""What a question is about: the findings, facts, terms and devices that it names, in Chinese or English."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from explain_log.checks.finding import Finding
from explain_log.citations import fact_labels
from explain_log.facts.record import gpu_devices
from explain_log.knowledge import Knowledge, load
from explain_log.report import Report

_RANK = {"error": 0.4, "warning": 0.3, "notice": 0.2, "info": 0.0}
_NAMED, _SETTING, _TOPIC, _TERM, _TITLE = 6.0, 3.0, 2.0, 1.5, 0.4
_ENOUGH = 1.0
_SHORTEST_NAME = 2
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z_]{3,}")
_HAN_PAIR = re.compile(r"(?=([\u3400-\u9fff]{2}))")


@dataclass(eq=False)
class Asked:
    """A question taken apart. kinds: paths of facts, most wanted first.  words: of the question, for ranking."""

    text: str
    topics: list[dict[str, Any]] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    wants_advice: bool = False
    wants_meaning: bool = False
    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, question: str, report: Report, before: Asked | None = None) -> Asked:
        """What a question about this report names. before: the question before it, which “and CUDA1?” leans on."""
        knowledge = load()
        table = knowledge.table("questions")
        text = " ".join(question.split())
        folded = text.casefold()
        asked = cls(text, words=_words(folded))
        asked.terms = _terms(folded, knowledge)
        asked.topics = _topics(table["topic"], folded)
        asked.findings = [f.id for f in report.findings if f.id in folded]
        asked.devices = _devices(text, report, table["device"])
        asked.settings = re.findall(table["setting"]["names"], text)
        asked.wants_advice = _has(table["advice"], folded)
        asked.wants_meaning = _has(table["meaning"], folded)
        asked.kinds = _kinds(asked, folded)
        leans = bool(asked.devices) or asked.wants_advice or _has(table["back"], folded)
        if before is not None and leans and not asked.names_more_than_devices:
            asked.lean_on(before)
        return asked

    @property
    def names_something(self) -> bool:
        """Whether anything of it is known."""
        return bool(self.topics or self.terms or self.kinds or self.findings or self.settings)

    @property
    def names_more_than_devices(self) -> bool:
        """Whether there is more to it than “and CUDA7?”, whose one topic is that it is a GPU."""
        if self.devices and all(topic.get("weak") for topic in self.topics):
            return bool(self.terms or self.findings or self.settings)
        return self.names_something

    @property
    def is_beyond_logs(self) -> bool:
        """Whether it asks for what no log of these programs tells."""
        return any(is_beyond(topic) for topic in self.topics)

    def lean_on(self, before: Asked) -> None:
        """Takes over what the question before was about."""
        self.topics, self.terms, self.kinds = before.topics, before.terms, before.kinds
        self.findings, self.settings = before.findings, before.settings
        self.devices = self.devices or before.devices

    def ranked_findings(self, report: Report) -> list[Finding]:
        """The findings of a report that the question is about, the best first."""
        scored = [(self._score(finding), finding) for finding in report.findings]
        kept = [(score, finding) for score, finding in scored if score >= _ENOUGH]
        return [finding for _, finding in sorted(kept, key=lambda pair: -pair[0])]

    def _score(self, finding: Finding) -> float:
        score = _NAMED if finding.id in self.findings else 0.0
        score += max((_topic_score(topic, finding) for topic in self.topics), default=0.0)
        score += _TERM * min(len(set(self.terms) & set(finding.terms)), 2)
        score += _TITLE * len(self.words & _words(finding.title.casefold()))
        score += _SETTING * any(advice.setting in self.settings for advice in finding.advice)
        if not score:
            return 0.0
        told = finding.title + finding.detail
        score += sum(device in told or device in str(finding.values) for device in self.devices)
        return score + _RANK[finding.severity]


def is_beyond(topic: dict[str, Any]) -> bool:
    """Whether no log of these programs tells it."""
    return not any(topic.get(key) for key in ("findings", "facts", "severities", "benign"))


def _topics(topics: list[dict[str, Any]], folded: str) -> list[dict[str, Any]]:
    """The topics that are named: what no log tells outweighs the rest, and any outweighs a weak one."""
    named = [topic for topic in topics if _has(topic, folded)]
    beyond = [topic for topic in named if is_beyond(topic)]
    strong = [topic for topic in named if not topic.get("weak")]
    return beyond or strong or named


def topic_has(topic: dict[str, Any], finding: Finding) -> bool:
    """Whether a finding is what a topic asks for."""
    return _topic_score(topic, finding) > 0


def _topic_score(topic: dict[str, Any], finding: Finding) -> float:
    if finding.severity in topic.get("severities", ()) or (topic.get("benign") and finding.benign):
        return _TOPIC
    wanted = topic.get("findings", [])
    for place, name in enumerate(wanted):
        if finding.id == name or (name.endswith(".*") and finding.id.startswith(name[:-1])):
            return _TOPIC * (1 - place / (2 * len(wanted)))
    return 0.0


def _has(entry: dict[str, Any], folded: str) -> bool:
    """Whether one of the entry's words is in the question."""
    return any(_occurs(word.casefold(), folded) for words in entry["words"].values() for word in words)


def _occurs(word: str, folded: str) -> bool:
    """Latin words count from the beginning of a word, Han words anywhere."""
    start = folded.find(word)
    while start >= 0:
        before = folded[start - 1 : start]
        if not word[0].isascii() or not (before.isascii() and (before.isalnum() or before == "_")):
            return True
        start = folded.find(word, start + 1)
    return False


@lru_cache(maxsize=1)
def _names(knowledge: Knowledge) -> list[tuple[str, str]]:
    """(name in lower case, term id), the longest first."""
    names = []
    for term in knowledge.keys("terms"):
        entry = knowledge.term(term) or {}
        names += [(name.casefold(), term) for name in (term, *entry["names"]["zh"], *entry["names"]["en"])]
    return sorted(set(names), key=lambda pair: -len(pair[0]))


def _terms(folded: str, knowledge: Knowledge) -> list[str]:
    """The terms that are named, each name taken out once it is found: “KV 缓存” is no “缓存” too."""
    found: dict[str, int] = {}
    rest = folded
    for name, term in _names(knowledge):
        if len(name) < _SHORTEST_NAME or name not in rest:
            continue
        edges = r"(?<![a-z0-9_])" if name[0].isascii() else "", r"(?![a-z0-9_])" if name[-1].isascii() else ""
        plural = "s?" if name[-1].isascii() and name[-1].isalpha() else ""
        match = re.search(edges[0] + re.escape(name) + plural + edges[1], rest)
        if match:
            found.setdefault(term, match.start())
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    return sorted(found, key=lambda term: found[term])


def _kinds(asked: Asked, folded: str) -> list[str]:
    """Paths of facts: those called by their label or name, then those of the topics."""
    rows = list(fact_labels().values())
    named = [row["path"] for row in rows if row["zh"] in folded or _occurs(row["en"].casefold(), folded)]
    last = {row["path"].rpartition(".")[2]: row["path"] for row in reversed(rows)}
    named += [last[term] for term in asked.terms if term in last]
    named += [path for name, path in last.items() if "_" in name and name in folded]
    of_topics = [path for topic in asked.topics for path in topic.get("facts", ())]
    of_settings = ["server_runs.config"] if asked.settings else []
    return list(dict.fromkeys([*of_settings, *named, *of_topics]))


def _devices(text: str, report: Report, patterns: dict[str, list[str]]) -> list[str]:
    """The devices of the report that the question names, also by their number or place alone."""
    known = [d.device for load_ in report.loads for d in load_.devices]
    named = [d for d in dict.fromkeys(known) if re.search(rf"(?<![A-Za-z0-9_]){re.escape(d)}(?![A-Za-z0-9_])", text)]
    gpus = list(dict.fromkeys(d.device for load_ in report.loads for d in gpu_devices(load_)))
    for key, first in (("numbers", 0), ("places", 1)):
        for number in (n for pattern in patterns[key] for n in re.findall(pattern, text, re.IGNORECASE)):
            named += [gpu for gpu in gpus if re.fullmatch(rf"\D*{int(number) - first}", gpu)]
    return list(dict.fromkeys(named))


def _words(folded: str) -> frozenset[str]:
    return frozenset({*_LATIN_WORD.findall(folded), *_HAN_PAIR.findall(folded)})
