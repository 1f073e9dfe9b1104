"""Names: devices, settings, models, versions, paths must exist in the report or the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from explain_log.narration.verifier.lexicon import lexicon
from explain_log.narration.verifier.releases import compared
from explain_log.narration.verifier.verdict import Code, Objection
from explain_log.narration.verifier.vocabulary import IDENTIFIER, Vocabulary
from explain_log.narration.verifier.wording import mask

_DEVICE = re.compile(r"(?:gpu|cuda|rocm|vulkan|sycl|device)[:_#\-]?(\d+)$")
_QUOTE = re.compile(r"[“\"「『]([^“”\"「」『』]{8,}?)[”\"」』]")
_PART = re.compile(r"[a-z0-9_]+")
_NEEDS_EVIDENCE = re.compile(r"[0-9_]|^--?[a-z]|/.*/|://")


def name_spans(text: str, known: Vocabulary) -> list[tuple[int, int]]:
    """The places of names: what stands there is no quantity."""
    lowered = text.casefold()
    spans = quoted_spans(text, known)
    for phrase in sorted(known.phrases, key=len, reverse=True):
        for match in re.finditer(rf"(?<![a-z0-9_.]){re.escape(phrase)}(?![a-z0-9_])", lowered):
            if not _overlaps(match.span(), spans):
                spans.append(match.span())
    for match in IDENTIFIER.finditer(text):
        if _NEEDS_EVIDENCE.search(match[0].casefold()) and not _overlaps(match.span(), spans):
            spans.append(match.span())
    return spans


_LIKE = 0.7


def quoted_spans(text: str, known: Vocabulary) -> list[tuple[int, int]]:
    """The places where a log line is quoted word for word."""
    return [m.span() for m in _QUOTE.finditer(text) if m[1].strip().casefold() in known.quotable]


def unknown_names(text: str, known: Vocabulary, lines: Sequence[str] = ()) -> Iterator[Objection]:
    """The objections to names that neither the report nor the glossary has, nor any of the log's folded lines."""
    phrases = [span for span in name_spans(text, known) if _is_phrase(text, span, known)]
    phrases += quoted_spans(text, known) + compared(text)
    text = mask(text, phrases)
    for match in IDENTIFIER.finditer(text):
        name = match[0].casefold()
        if _NEEDS_EVIDENCE.search(name) and not _is_known(name, known) and not _is_in_lines(name, lines):
            near = _nearest_setting(name, known)
            names = {"name": match[0], "near": near or ""}
            yield Objection(Code.NAME, "NAME_NEAR" if near else "NAME", names, *match.span())
    for word, span in _family_words(text):
        if not known.words.issuperset(word.split("-")) and not _is_in_lines(word, lines):
            yield Objection(Code.NAME, "NAME", {"name": word}, *span)


def _is_in_lines(name: str, lines: Sequence[str]) -> bool:
    """Whether the log has a name, so that nobody has made it up."""
    pattern = re.compile(rf"(?<![a-z0-9_.\-]){re.escape(name)}(?![a-z0-9_]|\.\d)")
    return any(name in line and pattern.search(line) for line in lines)


def _nearest_setting(name: str, known: Vocabulary) -> str | None:
    """The setting that an unknown one is most like, as it is written."""
    if not name.startswith(("ollama_", "llama_", "--")):
        return None
    settings = [other for other in known.names if other.startswith(name[:2])]
    found = get_close_matches(name, settings, n=1, cutoff=_LIKE)
    return None if not found else found[0].upper() if "_" in found[0] else found[0]


def _is_phrase(text: str, span: tuple[int, int], known: Vocabulary) -> bool:
    return text[span[0] : span[1]].casefold() in known.phrases


def _overlaps(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _is_known(name: str, known: Vocabulary) -> bool:
    """A name as a whole, a device by its number, or each part of a name of several parts."""
    if name in known.names or name in lexicon().everyday:
        return True
    device = _DEVICE.match(name)
    if device:
        return name.startswith(("gpu", "device")) and int(device[1]) in known.indexes
    parts = _PART.findall(name)
    if len(parts) < 2 or "." in name or "://" in name or name.startswith("-"):
        return any(name in other for other in known.names) if re.match(r"\d{1,2}:\d\d", name) else False
    return all(_is_known_part(part, parts[0], known) for part in parts)


def _is_known_part(part: str, first: str, known: Vocabulary) -> bool:
    if part.isdigit():  # CUDA0-7
        return re.sub(r"\d+$", "", first) + part in known.names
    return not re.search(r"[0-9_]", part) or part in known.names or part in lexicon().everyday


def _family_words(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Words that name a family of models, with their places."""
    for match in re.finditer(r"(?<![A-Za-z0-9_.])[A-Za-z]+(?:-[a-z]+)*(?![A-Za-z0-9_])(?!\.cpp)", text):
        word = match[0].casefold()
        if word in lexicon().families and word not in ("llama", "yi", "orca"):
            yield word, match.span()
