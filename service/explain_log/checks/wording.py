"""Puts observations into words: findings in the report's language, with evidence and fitting advice."""

from __future__ import annotations

import re
from typing import Any

from explain_log.checks.finding import Advice, Evidence, Finding, Observation, Value
from explain_log.checks.versions import Server, offered
from explain_log.facts.models import Facts
from explain_log.knowledge import Knowledge

MOST_EVIDENCE = 64
SEVERITIES = ("error", "warning", "notice", "info")

Entry = Any  # a record of the knowledge
_PART = re.compile(r"(.*?)=(\w+)( \+ |, |，|、|$)")


class Wording:
    """Words findings in one language by a knowledge's texts."""

    def __init__(self, knowledge: Knowledge, language: str) -> None:
        self._knowledge = knowledge
        self.language = language

    def findings(self, observations: list[Observation], facts: Facts) -> list[Finding]:
        """All findings, most severe first, then by line."""
        found = [self.finding(observation, facts) for observation in observations]
        return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.evidence[0].line if f.evidence else 0))

    def finding(self, observation: Observation, facts: Facts) -> Finding:
        """One observation in words. Raises KeyError for an id without texts, which a test rules out."""
        entry = self._entry(observation.id)
        lines = sorted(set(observation.lines))
        return Finding(
            id=observation.id,
            severity=observation.severity or entry["severity"],
            load=observation.load,
            title=self._text(entry["title"], observation),
            detail=self._text(entry["detail"], observation),
            values=observation.values,
            formula=entry.get("formula"),
            operands=observation.operands or None,
            evidence=[Evidence(line, facts.texts.get(line, "")) for line in lines[:MOST_EVIDENCE]],
            advice=self._advice(entry, observation, facts),
            benign=entry.get("benign", False),
            section=entry["section"],
            terms=entry.get("terms", []),
        )

    def say(self, observation: Observation) -> str | None:
        """How the explanation says it, or None where it leaves it to the findings."""
        entry = self._entry(observation.id)
        return self._text(entry["say"], observation) if "say" in entry else None

    def ranked_advice(self, observation: Observation, facts: Facts) -> list[tuple[int, str, Advice]]:
        """(rank, advice id, advice) of what this observation offers."""
        entry = self._entry(observation.id)
        return [
            (item.get("rank", 50), item["id"], self._worded(item, observation))
            for item in entry.get("advice", [])
            if self._fits(item, observation, facts)
        ]

    def _advice(self, entry: Entry, observation: Observation, facts: Facts) -> list[Advice]:
        ranked = [
            (item.get("rank", 50), place, item)
            for place, item in enumerate(entry.get("advice", []))
            if self._fits(item, observation, facts)
        ]
        return [self._worded(item, observation) for _, _, item in sorted(ranked, key=lambda r: r[:2])]

    def _fits(self, item: Entry, observation: Observation, facts: Facts) -> bool:
        """Advice is offered where its numbers were computed and where this server's version knows it."""
        if item["id"] in observation.without_advice:
            return False
        if any(name not in observation.values for name in item.get("needs", [])):
            return False
        return offered(item["product"], item["versions"], Server.of(facts, observation.load))

    def _worded(self, item: Entry, observation: Observation) -> Advice:
        def text(name: str) -> str:
            return self._text(item[name], observation)

        value = item.get("value")
        return Advice(
            action=text("action"),
            setting=item.get("setting"),
            value=None if value is None else fill(value, observation.values, self.language),
            command=fill(item["command"], observation.values, self.language),
            effect=text("effect"),
            check=text("check"),
            undo=text("undo"),
            versions=item["versions"],
        )

    def _entry(self, finding_id: str) -> Entry:
        entry = self._knowledge.finding(finding_id)
        if entry is None:
            raise KeyError(f"knowledge/findings has no texts for {finding_id}")
        return entry

    def _text(self, text: Entry, observation: Observation) -> str:
        template = text[self.language]
        if isinstance(template, dict):
            template = template.get(observation.variant) or template["default"]
        return fill(template, observation.values, self.language)


def fill(template: str, values: dict[str, Value], language: str) -> str:
    """The template with each `{name:format}` replaced by its value; `{{` and `}}` are braces.

    `{label=name + label=name:format}` shows those of several values that there are.
    Raises KeyError for a name that is no value.
    """
    out: list[str] = []
    rest = template
    while True:
        before, brace, after = rest.partition("{")
        out.append(before.replace("}}", "}"))
        if not brace:
            return "".join(out)
        if after.startswith("{"):
            out.append("{")
            rest = after[1:]
            continue
        field, _, rest = after.partition("}")
        name, _, kind = field.partition(":")
        out.append(_parts(name, values, kind, language) if "=" in name else show(values[name], kind or "n", language))


def _parts(field: str, values: dict[str, Value], kind: str, language: str) -> str:
    """`weights=model_mib + KV cache=kv_mib` with the values that there are and that are not 0; "label": no values."""
    shown, between = [], ""
    for label, name, separator in _PART.findall(field):
        between = between or separator
        if values.get(name):
            shown.append(label if kind == "label" else f"{label} {show(values[name], kind, language)}")
    return between.join(shown)


def show(value: Value, kind: str, language: str) -> str:
    """A value in one of the formats of docs/knowledge-format.md: n, mib, gib, s, pct, x, t, list, `split|splits`."""
    if "|" in kind:
        one, many = kind.split("|")
        return one if value == 1 else many
    if kind == "list":
        return str(value).replace(", ", "、" if language == "zh" else ", ")
    if isinstance(value, str) or kind == "t":
        return str(value)
    if kind == "gib":
        return f"{number(value / 1024, 2)} GiB" if value >= 1024 else f"{number(value, 2)} MiB"
    if kind == "mib":
        return f"{number(value, 2)} MiB"
    if kind == "s":
        return f"{number(value, 2)} {'秒' if language == 'zh' else 's'}"
    if kind == "pct":
        percent = value * 100
        return f"{number(percent, 0 if percent >= 10 else 1)}%"
    if kind == "x":
        return f"×{number(value, 2)}"
    return number(value, 4)


def number(value: float, digits: int) -> str:
    """A number rounded to so many decimals, without trailing zeros."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
