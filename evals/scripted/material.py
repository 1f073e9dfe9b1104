"""What a scripted model reads of its prompt: the lines of material, and the sentences that can be made of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_REFUSED = re.compile(r"^\d+\. (.+)\n   ", re.MULTILINE)
_FACT = {"zh": "{label}是 {value}{unit}。", "en": "The {label} is {value}{unit}."}
_UNIT = {"tokens": "token", "layers": "层", "heads": "个", "slots": "个", "seconds": "秒"}


@dataclass(frozen=True)
class Line:
    """A sentence with what it rests on."""

    text: str
    cites: tuple[str, ...]


def language_of(body: dict[str, Any]) -> str:
    """The language that the prompt asks for."""
    return "zh" if re.search("[\u3400-\u9fff]", body["messages"][0]["content"]) else "en"


def is_repair(body: dict[str, Any]) -> bool:
    """Whether refused sentences come back."""
    return bool(_REFUSED.search(body["messages"][-1]["content"]))


def refused_texts(body: dict[str, Any]) -> list[str]:
    """The sentences that came back."""
    return _REFUSED.findall(body["messages"][-1]["content"])


def is_probe(body: dict[str, Any]) -> bool:
    """Whether it is the short request that tries out what a model can do."""
    return len(body["messages"]) == 1 and "statements" in body["messages"][0]["content"]


def material(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of material in a prompt."""
    asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return [json.loads(row) for content in asked for row in content.splitlines() if row.startswith("{")]


def sentences(body: dict[str, Any]) -> list[Line]:
    """True sentences that the material offers: its notes and findings in their own words, its single facts."""
    language = language_of(body)
    lines = []
    for row in material(body):
        if "note" in row:
            lines.append(Line(row["note"], tuple(row["cites"])))
        elif "title" in row:
            lines.append(Line(_with_stop(row["title"], language), (row["id"],)))
            if "detail" in row:
                lines.append(Line(row["detail"], (row["id"],)))
            lines += [Line(f"{a['action']} {a.get('effect', '')}".strip(), (row["id"],)) for a in row.get("advice", [])]
        elif "is" in row:
            facts = [(name, value) for name, value in row.items() if name.startswith("fact:")]
            if len(facts) == 1 and isinstance(facts[0][1], (int, float)):
                unit = row.get("unit", "")
                shown = f" {_UNIT.get(unit, unit) if language == 'zh' else unit}" if unit else ""
                text = _FACT[language].format(label=row["is"], value=facts[0][1], unit=shown)
                lines.append(Line(text, (facts[0][0],)))
    return [line for line in lines if line.cites]


def strings(body: dict[str, Any]) -> list[str]:
    """The texts that came from the log."""

    def within(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["data"]] if set(value) == {"data"} else [s for v in value.values() for s in within(v)]
        return [s for v in value for s in within(v)] if isinstance(value, list) else []

    return [text for row in material(body) for text in within(row)]


def _with_stop(title: str, language: str) -> str:
    return title if title.endswith(("。", ".")) else title + ("。" if language == "zh" else ".")
