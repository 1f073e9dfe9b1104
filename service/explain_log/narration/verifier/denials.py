"""What a sentence denies: the stretch over which a negation reaches, and words that call something a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Span = tuple[int, int]

_END = {
    "zh": re.compile(r"[。；;!！？]+|\?(?=\s|$|[”』」）)])|\.(?=\s)"),
    "en": re.compile(r"[;!。；]+|\?(?=\s|$|[”\"')])|(?<!i\.e)(?<!e\.g)(?<!vs)\.(?=\s|$)"),
}
_QUESTION = re.compile(r"[?？]\W*$")
_COMMA = re.compile(r"[，：:（）()—]|,(?!\d{3})|\s[-–]\s")
_TURN = {
    "zh": re.compile(r"而是|但是|但|却|其实|实际上|事实上|因为|由于|所以|因此|因而|(?<!不)只是|从而|才(?=[不能会把])"),
    "en": re.compile(
        r"(?<![a-z])(?:but|because|since|so|whereas|while|hence|therefore|thus|actually)(?![a-z])", re.IGNORECASE
    ),
}
_NOT = {
    "zh": re.compile(
        r"(?<!差)不(?!足|够|同|一样|一致|均|平衡|断|得不|得已|完整|匹配|兼容|稳|仅|只|光|但|久|少|管|论|过是|小|知不觉)"
        r"|没有?(?!错)|未(?!必要)|(?<!除)并非|而非|绝非|非但|无(?!法|论)|别(?=把|将|以为|当|误)|不能据此"
        r"|误[以解读认会当]|当[成作]|看[成作]|混淆|混为|错觉|常见的误"
        r"|是否|会不会|是不是|除非|不同于|与其说|区别于|避免|防止"
    ),
    "en": re.compile(
        r"(?<![a-z])(?:not(?! only| enough| sufficient| just| merely)|never|no(?! doubt| more than| longer than)"
        r"|nothing(?! but)|none|neither|nor|without|hardly|cannot|whether|far from|contrary|regardless|irrespective"
        r"|instead of|rather than|as opposed to|other than|unlike|unrelated|independent(?:ly)?|different from"
        r"|differs from|mistakes?|mistaken|misread|misleading|misunderstood|misconception|confused?|confused with|myth"
        r"|wrong(?:ly)? to|wrongly)(?![a-z])|n['’]t(?![a-z])",
        re.IGNORECASE,
    ),
}
_IF = re.compile(
    r"\s*(?:(?:and|but|so|only|then|even|然后|但|而|那么)\s*)?"
    r"(?:如果|假如|要是|倘若|若(?!干)|(?:if|unless|should|were)(?![a-z]))",
    re.IGNORECASE,
)
_NOT_AFTER = {
    "zh": re.compile(
        r"无关|没有关系|没关系|不相干|是误解|是误读|是错的|不成立|并不对|的说法(?:有误|不|是错)|吗$|是两回事|不是一回事"
    ),
    "en": re.compile(
        r"(?<![a-z])(?:is (?:wrong|false|a myth|a mistake|a misreading|a misunderstanding"
        r"|not (?:true|right|so|the case|correct))|would be (?:wrong|a mistake)|unrelated|nothing to do|not follow"
        r"|plays? no part|no bearing)(?![a-z])",
        re.IGNORECASE,
    ),
}
GAP = {
    "zh": r"(?:(?!不(?!断|足|够)|[没未无非]|[。；])[^\n]){0,14}?",
    "en": r"(?:(?!(?<![a-z])(?:not|no|nothing|none|never|nor|without|cannot|than|hardly|unrelated)(?![a-z])|n['’]t)"
    r"(?:[^.;\n]|\.(?=\d))){0,48}?",
}
"""Something short between two words that denies nothing."""


def units(text: str, language: str) -> Iterator[Span]:
    """The sentences of a text."""
    start = 0
    for match in _END[language].finditer(text):
        yield start, match.end()
        start = match.end()
    if text[start:].strip():
        yield start, len(text)


def clauses(text: str, start: int, end: int) -> Iterator[Span]:
    """The stretches between the commas of a sentence."""
    first = start
    for match in _COMMA.finditer(text, start, end):
        yield first, match.start()
        first = match.end()
    yield first, end


def is_denied(text: str, parts: Sequence[Span], own: Sequence[Span], start: int, end: int, language: str) -> bool:
    """Whether a sentence denies what its parts say, or asks it.

    own: spans whose negations belong to what is said.  start, end: the sentence.
    """
    if _QUESTION.search(text[max(last for _, last in parts) : end]):
        return True
    return any(_is_part_denied(text, part, own, start, end, language) for part in parts)


def _is_part_denied(text: str, part: Span, own: Sequence[Span], start: int, end: int, language: str) -> bool:
    first, last = part
    clause = next(((a, b) for a, b in clauses(text, start, end) if a <= first < b), (start, end))
    if _IF.match(text, clause[0], first):
        return True
    begin = max((m.end() for m in _turns(text, clause[0], first, language)), default=clause[0])
    if any(not _is_own(m.span(), own) for m in _NOT[language].finditer(text, begin, last)):
        return True
    return bool(_NOT_AFTER[language].search(text, last, clause[1]))


def _turns(text: str, start: int, end: int, language: str) -> Iterator[re.Match[str]]:
    """Where a clause turns, so that a negation before reaches no further; "not because" is no turn."""
    for match in _TURN[language].finditer(text, start, end):
        before = text[max(start, match.start() - 5) : match.start()].casefold().rstrip()
        if not before.endswith(("not", "n't", "不是", "并非", "不", "没有")):
            yield match


def _is_own(span: Span, own: Sequence[Span]) -> bool:
    return any(a <= span[0] and span[1] <= b for a, b in own)
