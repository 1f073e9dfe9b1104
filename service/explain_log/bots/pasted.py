"""Takes a message apart: what of it is a log, what is said about it, and in which language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explain_log.render.known_lines import explained

_LOOKED_AT = 300
_MOST_INTRODUCTION = 3
_MANY_LINES = 8
_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[A-Za-z]{2,}")
_ASKS = re.compile(
    r"[?？]|为什么|为何|怎么|怎样|如何|多少|哪|是不是|能不能|有没有|什么|吗\b|吗$|"
    r"\b(why|how|what|which|where|when|who|is|are|does|do|did|can|could|should|will)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pasted:
    """said: what the sender says.  log: what was pasted.  known: how many of its lines are known to be a log's."""

    said: str
    log: str
    known: int

    @property
    def is_log(self) -> bool:
        """Whether there is something to explain: lines that are known, or many that nobody would type."""
        return self.known > 0 or self.log.count("\n") >= _MANY_LINES

    @property
    def question(self) -> str:
        """What is said, where it asks something."""
        return self.said if _ASKS.search(self.said) else ""


def taken_apart(text: str) -> Pasted:
    """A message's parts. What stands between ``` is the log; else it begins with the first known line,
    unless what is before it is too long for an introduction."""
    fenced = [match[1] for match in _FENCE.finditer(text)]
    if fenced:
        log = "\n".join(block.rstrip("\n") for block in fenced) + "\n"
        return Pasted(_one_line(_FENCE.sub("\n", text)), log, len(_known_lines(log)))
    lines = text.splitlines()
    known = _known_lines("\n".join(lines[:_LOOKED_AT]))
    if not known:
        many = len(lines) > _MANY_LINES
        return Pasted("", text, 0) if many else Pasted(_one_line(text), "", 0)
    introduction = [line for line in lines[: known[0] - 1] if line.strip()]
    if introduction and _introduces(introduction):
        return Pasted(_one_line(" ".join(introduction)), "\n".join(lines[known[0] - 1 :]) + "\n", len(known))
    return Pasted("", text, len(known))


def _known_lines(text: str) -> list[int]:
    beginning = "\n".join(text.splitlines()[:_LOOKED_AT])
    return [answer["line"] for answer in explained(beginning, "en") if answer["statement"]]


def _introduces(lines: list[str]) -> bool:
    said = " ".join(lines)
    return len(lines) <= _MOST_INTRODUCTION and bool(_HAN.search(said) or _ASKS.search(said) or said.endswith(":"))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def language_of(said: str) -> str | None:
    """The language of what somebody says, or None where it is too little to tell."""
    if _HAN.search(said):
        return "zh"
    return "en" if len(_WORD.findall(said)) >= 2 else None


def language_of_locale(locale: str) -> str | None:
    """The language of a locale such as zh-CN, where it is one of ours."""
    start = locale.lower()[:2]
    return start if start in ("zh", "en") else None
