"""Numbers that a sentence takes from a log line that it cites."""

from __future__ import annotations

import re

from explain_log.narration.verifier.mentions import Mention

_NAME = re.compile(r"([A-Za-z][A-Za-z_.-]{2,})\s*(?:是|为|=|:|：|of|is|at|\s)*\s*$")
_SPACE = re.compile(r"\s")
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")


def in_line(mention: Mention, text: str, lines: list[str]) -> bool:
    """Whether one of the lines has the number as it is written, and by the same name where the sentence gives one."""
    written = _DIGITS.search(mention.text)
    if written is None or mention.hedge:
        return False
    if mention.has_unit:  # its noun has to stand there, too
        return any(_SPACE.sub("", mention.text).casefold() in _SPACE.sub("", line).casefold() for line in lines)
    digits = re.escape(written[0].replace(",", ""))
    name = _NAME.search(text[: mention.start])
    for line in lines:
        if not re.search(rf"(?<![\w.]){digits}(?![\d.]*\d)", line):
            continue
        named = re.search(rf"{re.escape(name[1])}\W{{0,3}}(\d[\d.]*)", line, re.IGNORECASE) if name else None
        if named is None or named[1].rstrip(".") == written[0].replace(",", ""):
            return True
    return False


def cited_lines(cites: list[str]) -> list[int]:
    """The numbers of the lines that are cited one by one."""
    return [int(cite.removeprefix("line:")) for cite in cites if re.fullmatch(r"line:\d{1,9}", cite)]
