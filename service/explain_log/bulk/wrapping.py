"""Takes off what a log collector put before each line, for many lines at once.

The patterns are strict, and the ordinary way of taking envelopes off is asked once for each different name in them
(of a host and a process, a container, a pod), so that a line without its prefix is what the ordinary way makes of it.
"""

from __future__ import annotations

import re

from explain_log.bulk.bounded import bounded
from explain_log.lines import Line, unwrapped

_CLOCK = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_DAY = rb"(?:0[1-9]|[12][0-9]|3[01])"
_ISO = rb"20[0-9]{2}-(?:0[1-9]|1[0-2])-" + _DAY + rb"T" + _CLOCK + rb"(?:\.[0-9]{1,9}+)?(?:Z|[+-][0-9]{2}:?[0-9]{2}) "
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SHORT = _MONTH + rb" (?: [1-9]|0[1-9]|[12][0-9]|3[01]) " + _CLOCK + rb"(?:\.[0-9]{1,9}+)? "
_PROCESS = rb"([^\x00-\x20:]{1,60} [^\x00-\x20:\[\]]{1,40}\[[0-9]{1,10}\]: )"
_INNER = rb"(?=\[GIN\] 20|time=20)"

PREFIXES = (
    rb"()",
    _SHORT + _PROCESS,
    _ISO + _PROCESS,
    _ISO + rb"()",
    rb"([A-Za-z0-9_.@/-]{1,60} *+\| )",
    rb"([A-Za-z0-9_.@/-]{1,60} *+\| )" + _ISO,
    rb"([a-z0-9.-]{1,80} [a-z0-9.-]{1,60} )",
    rb"(\[pod/[!-Z^-~]{1,150}\] )",
    rb"(\[pod/[!-Z^-~]{1,150}\] )" + _ISO,
)
"""Ways to write what stands before a line. What tells who printed it is the only group."""

MOST_NAMES = 1_000


class Wrapping:
    """The prefix of most lines of a log; by default there is none."""

    def __init__(self, prefix: bytes = PREFIXES[0], envelopes: tuple[str, ...] = ()) -> None:
        self.prefix = prefix
        self.envelopes = envelopes
        self._between = re.compile(rb"\n" + prefix + _INNER)
        self._before = re.compile(prefix + _INNER)
        self._names: dict[bytes, bool] = {}

    @classmethod
    def of(cls, lines: list[Line]) -> Wrapping:
        """The prefix that most of these lines have, as far as they could be counted."""
        found: dict[tuple[str, ...], list[Line]] = {}
        for line in lines:
            if line.envelope[-1:] in (("gin",), ("slog",)):
                key = line.envelope[:-1]
                found.setdefault(key, []).append(line)
        envelopes = max(found, key=lambda key: len(found[key]), default=())
        sample = [line.given.encode() for line in found.get(envelopes, ())]
        if not envelopes or not sample:
            return cls()
        patterns = {prefix: re.compile(prefix + _INNER) for prefix in PREFIXES}
        best = max(PREFIXES, key=lambda prefix: sum(patterns[prefix].match(text) is not None for text in sample))
        return cls(best, envelopes)

    def __reduce__(self) -> tuple[type[Wrapping], tuple[bytes, tuple[str, ...]]]:
        return Wrapping, (self.prefix, self.envelopes)

    def inner(self, line: bytes) -> bytes:
        """A line without its prefix; as it stands where it has none."""
        found = self._before.match(line)
        return b"" if found is None else line[found.end() :]

    def taken_off(self, piece: bytes) -> bytes | None:
        """Lines without their prefixes; None where one has none, or it is not sure what it is."""
        if not self.envelopes:
            return piece
        if b"#0" in piece:  # rsyslog writes control characters so
            return None
        parts = self._between.split(b"\n" + piece)
        names, texts = parts[1::2], parts[2::2]
        if len(names) != piece.count(b"\n") or parts[0]:
            return None
        for name in set(names):
            if name not in self._names:
                place = names.index(name)
                self._look(name, piece.split(b"\n", place + 1)[place], texts[place].strip(b"\n"))
            if not self._names[name]:
                return None
        return b"\n".join(texts)

    def _look(self, name: bytes, line: bytes, text: bytes) -> None:
        """Remembers whether lines with this name are what they look like."""
        whole = unwrapped(1, line.decode("utf-8", "replace"))
        right = whole.raw == text.decode("utf-8", "replace") and whole.envelope[:-1] == self.envelopes
        bounded(self._names, MOST_NAMES)[name] = right and whole.envelope[-1:] in (("gin",), ("slog",))
