"""Whether counted lines hold secrets or private texts, at a few hundred nanoseconds a line.

What may be a hit is found on texts in which all digits and letters of hexadecimal numbers are one letter: of those
there are few different ones. Only lines whose text so made holds a hint of a rule are looked at as they stand.
"""

from __future__ import annotations

import re

from explain_log.knowledge import Knowledge
from explain_log.redaction import Redactor
from explain_log.redaction.redactor import MARKER, MOST_VALUES, Rule

MOST_REMEMBERED = 20_000
MOST_TEXT = 960
"""In characters: so much of a line is kept as evidence, less the time that it begins with."""

_HEX = b"0123456789abcdefABCDEF"
_BLUR = bytes(ord("a") if byte in _HEX else byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))
_ZEROS = bytes(ord("0") if 48 <= byte <= 57 else byte for byte in range(256))

Value = tuple[str, str]
"""(kind, value) of a private text."""


class Screen:
    """Looks at lines for one process; remembers which private texts it has told."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._probe = _Probe(knowledge)
        rules = self._probe.rules
        self._secret = [rule for rule in rules if rule.secret]
        hints = {hint for rule in rules if rule.pattern("near") is None for hint in rule.hint_bytes}
        blurred = [re.escape(hint.translate(_BLUR)) for hint in sorted(hints)] + [near for rule in rules for near in _blurred(rule)]
        self._suspect = re.compile(b"|".join(blurred))
        self._near = [near for rule in rules if (near := rule.pattern("near")) is not None]
        self._with_digits = [zeros for hint in hints if (zeros := hint.translate(_ZEROS)) != hint]
        self._verdicts: dict[bytes, bool] = {}
        self._clean: set[bytes] = set()
        self._told: set[bytes] = set()

    def suspects(self, texts: list[bytes]) -> list[int]:
        """Which of the texts may hold a hit. None of them has a line end."""
        blurred = b"\n".join(texts).translate(_BLUR).split(b"\n")
        verdicts = self._verdicts
        different = set(blurred)
        wild = {text for text in different if verdicts.get(text, True) and self._judge(text)}
        return [place for place, text in enumerate(blurred) if text in wild] if wild else []

    def _judge(self, blurred: bytes) -> bool:
        verdict = self._verdicts.get(blurred)
        if verdict is None:
            verdict = self._suspect.search(blurred) is not None
            if len(self._verdicts) >= MOST_REMEMBERED:
                self._verdicts.clear()
            self._verdicts[blurred] = verdict
        return verdict

    def values(self, line: bytes) -> list[Value] | None:
        """The private texts of a line that were not told before; None where it holds a secret."""
        zeros = line.translate(_ZEROS)
        if zeros in self._clean or line in self._told:
            return []
        text = line.decode("utf-8", "replace")
        lower = text.lower()
        for rule in self._secret:
            if rule.is_near(text, lower) and (next(rule.values(text), None) is not None or rule.begins_block(text)):
                return None
        self._probe.fresh = []
        shown = self._probe.redact_cut(text[:MOST_TEXT], MOST_TEXT)
        if MARKER.search(shown):
            _remember(self._told, line)
        elif not any(near.search(text) for near in self._near) and not self._hints_with_digits(zeros):
            _remember(self._clean, zeros)
        return self._probe.fresh

    def _hints_with_digits(self, zeros: bytes) -> bool:
        """Whether other digits in the line could make another hint of it, such as `ya29.`."""
        lower = zeros.lower()
        return any(hint in lower for hint in self._with_digits)


class _Probe(Redactor):
    """Tells which values it meets for the first time."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(knowledge)
        self.fresh: list[Value] = []

    def mark(self, kind: str, value: str) -> str:
        known = self._known.get(kind, {})
        if value not in known and len(known) < MOST_VALUES:
            self.fresh.append((kind, value))
        return super().mark(kind, value)


def _blurred(rule: Rule) -> list[bytes]:
    """The pattern of where a rule is worth trying, for blurred texts."""
    near = rule.pattern("near")
    if near is None:
        return []
    return [near.pattern.replace(r"\d", "a").replace("0-9a-fA-F", "a").encode()]


def _remember(known: set[bytes], text: bytes) -> None:
    if len(known) >= MOST_REMEMBERED:
        known.clear()
    known.add(text)
