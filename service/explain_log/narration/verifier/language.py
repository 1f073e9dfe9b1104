"""The language of a sentence, by its letters once names, numbers and units are taken out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from explain_log.narration.verifier.lexicon import lexicon
from explain_log.narration.verifier.verdict import Code, Objection
from explain_log.narration.verifier.vocabulary import IDENTIFIER, Vocabulary
from explain_log.narration.verifier.wording import MASK, mask

HAN_SHARE = 0.6
_FEW_LETTERS = 4
_WORD_COUNTS_AS = 2
"""A Latin word says about as much as two characters."""

_LATIN_RUN = re.compile(r"[A-Za-z][\w'\-]*(?: [A-Za-z][\w'\-]*)+", re.ASCII)
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'\-]*")


def wrong_language(masked: str, language: str, known: Vocabulary, lines: Sequence[str] = ()) -> Objection | None:
    """The objection to a sentence in another language than asked for.

    masked: without names and quantities.  lines: the log's, folded; what is taken from them is no prose.
    """
    text = _without_terms(masked, known)
    text = _LATIN_RUN.sub(lambda run: " " if _is_of_log(run[0], lines) else run[0], text)
    letters = [c for c in text if c.isalpha()]
    han = sum(1 for c in letters if _is_han(c))
    latin_words = len(_LATIN_WORD.findall(text))
    foreign = [c for c in letters if not _is_han(c) and not _is_latin(c)]
    if foreign:
        return Objection(Code.LANGUAGE, "LANGUAGE", {"found": "".join(foreign[:5])})
    if language == "en":
        return Objection(Code.LANGUAGE, "LANGUAGE", {"found": _first_han(letters)}) if han else None
    size = han + _WORD_COUNTS_AS * latin_words
    if len(letters) > _FEW_LETTERS and han < HAN_SHARE * size:
        return Objection(Code.LANGUAGE, "LANGUAGE", {"found": f"{han}/{size}"})
    traditional = [c for c in letters if c in lexicon().traditional]
    if traditional:
        return Objection(Code.LANGUAGE, "LANGUAGE_TRADITIONAL", {"found": "".join(dict.fromkeys(traditional[:5]))})
    return None


def _without_terms(masked: str, known: Vocabulary) -> str:
    """Without the field's own words, which stay Latin in Chinese, and without names of the report."""
    spans = [match.span() for match in lexicon().latin.finditer(masked)]
    text = mask(masked, spans)
    names = [m.span() for m in IDENTIFIER.finditer(text) if _is_name(m[0], known)]
    return re.sub(MASK, " ", mask(text, names))


def _is_of_log(run: str, lines: Sequence[str]) -> bool:
    folded = run.casefold()
    return any(folded in line for line in lines)


def _is_name(word: str, known: Vocabulary) -> bool:
    """Whether a Latin word is a name and not prose: it has a capital inside, a digit, or is an identifier."""
    return bool(re.search(r"[a-z][A-Z]|[A-Z]{2}|[0-9_/:]|^-", word)) and word.casefold() in known.names


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("LATIN", "GREEK", "MICRO", "FEMININE", "MASCULINE"))


def _first_han(letters: list[str]) -> str:
    return "".join([c for c in letters if _is_han(c)][:5])
