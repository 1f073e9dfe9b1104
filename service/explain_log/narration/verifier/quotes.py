"""Quotes: what stands in quotation marks and looks like a log line has to be one, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.narration.verifier.vocabulary import Vocabulary
from explain_log.narration.verifier.wording import normalise

_QUOTED = re.compile(r"[“\"「『‘`]([^“”\"「」『』‘’`\n]{8,400}?)[”\"」』’`]")
_WORDS = re.compile(r"[A-Za-z][A-Za-z_]+")
_NO_LINE = re.compile(
    r"^\s*(?:sudo|ollama (?:run|ps|pull|serve|stop|show|list|create)|curl|export|docker|systemctl|--?[a-z]|[A-Z_]{6,}="
    r"|\{|https?:|/|GGML_|nvidia-smi|journalctl|Environment=)"
)
_ASSIGNED = re.compile(r"^[a-z][a-z_. ]*[a-z]\s*[=:]\s*\S")
_GAP = re.compile(r"\s*(?:…+|\.{3,}|\[\.\.\.\])\s*")
_BLANKS = re.compile(r"\s+")
_LATIN_SHARE = 0.6
_LIKE = 0.72
_MOST_LINES = 400


def quotes(raw: str, known: Vocabulary, lines: list[str]) -> Iterator[Judgement]:
    """A judgement for each quoted log line of a raw sentence. lines: the log's, envelopes off; may be empty."""
    for match in _QUOTED.finditer(raw):
        quoted = match[1].strip()
        if not looks_like_a_line(quoted):
            continue
        parts = [plain(part) for part in _GAP.split(quoted) if len(part.strip()) > 3]
        if all(part in known.quotable for part in parts) or _in_lines(parts, lines):
            yield Support(*match.span(1))
            continue
        near = _nearest(plain(quoted), known.quotable.split("\n"), lines)
        names = {"quote": quoted, "line": near or ""}
        yield Objection(Code.QUOTE, "QUOTE_NEAR" if near else "QUOTE", names, *match.span(1), contradicted=bool(near))


def line_spans(text: str, raw: str) -> list[tuple[int, int]]:
    """The places of quoted log lines in a normalised sentence, whether they are the log's or not."""
    spans = []
    for match in _QUOTED.finditer(raw):
        if looks_like_a_line(match[1].strip()):
            quoted = normalise(match[1])
            place = text.find(quoted)
            if place >= 0:
                spans.append((place, place + len(quoted)))
    return spans


def looks_like_a_line(text: str) -> bool:
    """Whether a quoted text is meant as a line of the log: mostly Latin, several words, no command."""
    letters = [c for c in text if c.isalpha()]
    latin = sum(c.isascii() for c in letters)
    if not letters or latin < _LATIN_SHARE * len(letters) or _NO_LINE.match(text):
        return False
    words = _WORDS.findall(text)
    return len(words) >= 3 or (len(text) >= 8 and bool(_ASSIGNED.search(text)))


def plain(text: str) -> str:
    """A line as quotes are compared: one blank for many, no case."""
    return _BLANKS.sub(" ", text).strip().casefold()


def _in_lines(parts: list[str], lines: list[str]) -> bool:
    """Whether one line has all parts, in order."""
    for line in lines:
        place = 0
        for part in parts:
            place = line.find(part, place)
            if place < 0:
                break
            place += len(part)
        else:
            return True
    return False


def _nearest(quoted: str, told: list[str], lines: list[str]) -> str:
    """The line that a quote is an altered form of, or "". Only lines that share its longest words are compared."""
    words = sorted(set(_WORDS.findall(quoted)), key=len, reverse=True)[:3]
    near = [line for line in (*told, *lines) if any(word in line for word in words)][:_MOST_LINES]
    best, found = _LIKE, ""
    for line in near:
        matcher = SequenceMatcher(None, quoted, line[: 3 * len(quoted)], autojunk=False)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, found = matcher.ratio(), line
    return found
