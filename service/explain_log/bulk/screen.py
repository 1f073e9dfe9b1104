"""Whether counted lines hold secrets or private texts, at a few hundred nanoseconds a line.

What may be a hit is found on texts in which all digits and letters of hexadecimal numbers are one letter: of those
there are few different ones. Only lines whose text so made holds a hint of a rule are looked at as they stand.
"""

from __future__ import annotations

import re
from functools import cache

from explain_log.bulk.bounded import bounded
from explain_log.bulk.patterns import ZEROS
from explain_log.knowledge import Knowledge
from explain_log.redaction.redactor import Redactor, Rule, without_last_word

MOST_REMEMBERED = 20_000
MOST_TEXT = 960
"""In characters: so much of a line is kept as evidence, less the time that it begins with."""

_HEX = b"0123456789abcdefABCDEF"
_BLUR = bytes(ord("a") if byte in _HEX else byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))

Value = tuple[str, str]
"""(kind, value) of a private text."""

Hidden = tuple[str, int, int]
"""The kind of a line's only private text, and where it begins and ends."""

_ANY_DIGIT = re.compile(r"\\.|0-9|\{[\d,]+\}")
"""What in a pattern asks for no certain digit, though there is one in it."""


class Screen:
    """Looks at lines for one process; remembers which private texts it has told."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._probe = _Probe(knowledge)
        rules = self._probe.rules
        nears = [rule.pattern("near") for rule in rules]
        self._nears = [(near, place) for place, near in enumerate(nears) if near is not None]
        self._hints = [(hint, place) for place, rule in enumerate(rules) if nears[place] is None for hint in rule.hints]
        hints = {hint for rule in rules if rule.pattern("near") is None for hint in rule.hint_bytes}
        blurred = [re.escape(hint.translate(_BLUR)) for hint in sorted(hints)] + [
            near for rule in rules for near in _blurred(rule)
        ]
        self._suspect = re.compile(b"|".join(blurred))
        self._with_digits = [zeros for hint in hints if (zeros := hint.translate(ZEROS)) != hint]
        self._verdicts: dict[bytes, bool] = {}
        self._clean: set[bytes] = set()
        self._hidden: dict[bytes, Hidden] = {}
        self._told: set[int] = set()  # hashes: the texts may be long

    def is_suspect(self, text: bytes) -> bool:
        """Whether a text may hold a hit."""
        return self._judge(text.translate(_BLUR))

    def is_clean(self, line: bytes) -> bool:
        """Whether a line that was looked at holds no hit whatever its digits are."""
        return line.translate(ZEROS) in self._clean

    def _judge(self, blurred: bytes) -> bool:
        verdict = self._verdicts.get(blurred)
        if verdict is None:
            verdict = self._suspect.search(blurred) is not None
            bounded(self._verdicts, MOST_REMEMBERED)[blurred] = verdict
        return verdict

    def values(self, line: bytes) -> list[Value] | None:
        """The private texts of a line that were not told before; None where it holds a secret."""
        zeros = line.translate(ZEROS)
        if zeros in self._clean or hash(line) in self._told:
            return []
        text = line.decode("utf-8", "replace")
        lower = text.lower()
        tried = self._near(text, lower)
        for rule in tried:
            if rule.secret and (next(rule.values(text), None) is not None or rule.begins_block(text)):
                return None
        fresh, found = self._probe.look(text, tried)
        if found:
            bounded(self._told, MOST_REMEMBERED).add(hash(line))
        if not any(map(_depends_on_digits, tried)) and not self._hints_with_digits(zeros):
            if not found:
                bounded(self._clean, MOST_REMEMBERED).add(zeros)
            elif len(found) == 1 and line.count(found[0][1].encode()) == 1:
                start = line.index(found[0][1].encode())
                bounded(self._hidden, MOST_REMEMBERED)[zeros] = found[0][0], start, start + len(found[0][1].encode())
        return fresh

    def hidden(self, line: bytes) -> Hidden | None:
        """Where lines that differ from this one in digits alone have their only private text, if that is known."""
        return self._hidden.get(line.translate(ZEROS))

    def tell(self, kind: str, value: bytes) -> list[Value]:
        """A private text, unless it was told before."""
        key = hash((kind, value))
        if key in self._told:
            return []
        bounded(self._told, MOST_REMEMBERED).add(key)
        return self._probe.meet(kind, value.decode("utf-8", "replace"))

    def _near(self, text: str, lower: str) -> list[Rule]:
        """The rules that are worth trying, as `is_near` says of each; all at once takes half the time."""
        places = {place for hint, place in self._hints if hint in lower}
        places.update(place for near, place in self._nears if near.search(text))
        return [self._probe.rules[place] for place in sorted(places)]

    def _hints_with_digits(self, zeros: bytes) -> bool:
        """Whether other digits in the line could make another hint of it, such as `ya29.`."""
        lower = zeros.lower()
        return any(hint in lower for hint in self._with_digits)


class _Probe(Redactor):
    """Tells which values it meets for the first time."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(knowledge)
        self._fresh: list[Value] = []
        self._found: list[Value] = []

    def look(self, text: str, rules: list[Rule]) -> tuple[list[Value], list[Value]]:
        """The values that these rules find for the first time, and all that they find."""
        self._fresh, self._found = [], []
        self.redacted_by(rules, text if len(text) < MOST_TEXT else without_last_word(text[:MOST_TEXT]))
        return self._fresh, self._found

    def meet(self, kind: str, value: str) -> list[Value]:
        """The value, if it is met for the first time."""
        self._fresh = []
        self.mark(kind, value)
        return self._fresh

    def mark(self, kind: str, value: str) -> str:
        self._found.append((kind, value))
        known = len(self._known.get(kind, ()))
        marker = super().mark(kind, value)
        if len(self._known[kind]) > known:
            self._fresh.append((kind, value))
        return marker


def _blurred(rule: Rule) -> list[bytes]:
    """The pattern of where a rule is worth trying, for blurred texts."""
    near = rule.pattern("near")
    if near is None:
        return []
    return [near.pattern.replace(r"\d", "a").replace("0-9a-fA-F", "a").encode()]


@cache
def _depends_on_digits(rule: Rule) -> bool:
    """Whether a rule may find something in one of two lines that differ in digits alone, and not in the other."""
    if rule.pattern("near") is not None:
        return True
    patterns = map(rule.pattern, ("where", "pattern", "unless", "not_after", "not_before"))
    return any(re.search(r"\d", _ANY_DIGIT.sub("", found.pattern)) for found in patterns if found is not None)
