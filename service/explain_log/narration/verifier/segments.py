"""Cuts a sentence into clauses, and says of each what it is about: aspects, devices, loads, mood."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.named_loads import ORDINALS, loads_of, ordinal

_BREAK = re.compile(
    r"[。；;！？!?，（）()：—]|,(?!\d{3}(?!\d))|:(?!\d)|(?<!i\.e)(?<!e\.g)(?<!vs)\.(?=\s|$)|\s[-–]\s|(?<=[^\d])→"
)
_LIST = re.compile(
    r"、|和|与|及|而|但|加上?|(?<![A-Za-z])(?:and|while|whereas|but|plus|versus|against|compared (?:with|to)"
    r"|vs\.?|than|of which|because|since)(?![A-Za-z])"
)
_TURN = re.compile(r"while|whereas|but|而|但", re.IGNORECASE)
_DEVICE = re.compile(
    r"(?<![A-Za-z0-9_])(?P<lib>CUDA|ROCm|Vulkan|SYCL|MTL|Metal|GPU|device|card|卡|显卡)[ _:#\-]?"
    r"(?P<first>\d{1,3})(?!\d|\.\d)"
    r"(?:\s?(?:[-–~～至到]|to|through)\s?(?:(?P=lib)[ _:#\-]?)?(?P<last>\d{1,3})(?!\d|[.,]\d))?"
    r"(?!\s?(?:GiB|MiB|GB|MB|块|张|层|个|%|\.\d|,\d|on\b|layers?\b))",
    re.IGNORECASE,
)
_DEVICE_ZH = re.compile(
    r"(?<!\d)(\d{1,3})\s?号(?:卡|GPU|显卡|设备)|第\s?([一二三四五六七八九十\d]+)\s?(?:块|张|个)(?:卡|GPU|显卡)"
)
_DEVICE_EN = re.compile(
    r"(?<![A-Za-z])(first|second|third|fourth|fifth|sixth|seventh|eighth) (?:card|GPU|device)(?![A-Za-z])",
    re.IGNORECASE,
)
_HOST_NAME = re.compile(
    r"(?<![A-Za-z0-9_])(CPU_Mapped|CUDA_Host|ROCm_Host|Vulkan_Host|CPU_REPACK|CPU_AARCH64)(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_METAL = re.compile(r"(?<![A-Za-z0-9_])Metal(?![ _]?\d)(?![A-Za-z0-9_])")
_SEEN = re.compile(
    r"可以(?:看出|看到|发现|确认|知道|认为|说|判断|推断|使用|用到|用满)|(?:can be|can) (?:see|seen|read|found|told)"
    r"|could(?: not|n['’]t)|(?:I|we|one) would (?:say|call|read|count)",
    re.IGNORECASE,
)
"""What reads like advice or a condition and is none."""

_ABOUT_LOADS = re.compile(r"\bloads?\b", re.IGNORECASE)
_SETTLED = frozenset({"total", "host", "capacity"})
"""Hints by which a clause turns to something else than the one before it."""

_MOST = 64
_BARE = 2
_OF = re.compile(r"\bof\b|之|/")
_WHAT_IF = frozenset({"saved", "spent"})
_POINTS_BACK = re.compile(r"\s*(?:它|其|这|那|此|it|its|this|that|they|their|these|those)(?![A-Za-z])", re.IGNORECASE)
_ENDS = ("。", ".", "！", "!", "？", "?")


@dataclass(frozen=True)
class Segment:
    """A clause: its place, and what it is about.

    aspects: what its numbers measure; weak: words that only hint at it.  devices: ids as written, folded.
    every, others, total, some, host: what it says of devices without naming them.  loads: numbers of loads.
    own_devices: whether it names them itself and does not take them over from a clause before.
    """

    start: int
    end: int
    text: str
    aspects: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    devices: tuple[str, ...] = ()
    loads: frozenset[int] = frozenset()
    every: bool = False
    others: bool = False
    total: bool = False
    some: bool = False
    host: bool = False
    hypothetical: bool = False
    vram: bool = False
    own_devices: bool = False


@dataclass(frozen=True)
class Said:
    """aspects: one of these; empty: the sentence does not say.  weak: what words hint at.  inherited: the aspects are
    those of a clause before.
    """

    aspects: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    inherited: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence with its clauses."""

    text: str
    segments: list[Segment] = field(default_factory=list)

    def at(self, place: int) -> Segment:
        """The clause of a place."""
        return next((s for s in self.segments if s.start <= place < s.end), self.segments[-1])

    def said(self, segment: Segment, dim: str) -> Said:
        """What a number of this dimension in a clause is about: the clause says it, or one before."""
        words = claim_words()
        own, weak = words.of_dim(segment.aspects, dim), words.of_dim(segment.weak, dim)
        if own or weak & _SETTLED or (segment.own_devices and not self.before(segment)):
            return Said(own, weak)
        for other in reversed(self.before(segment)):
            if other.text.rstrip().endswith(_ENDS):
                break
            taken = words.of_dim(other.aspects, dim)
            if taken:
                return Said(taken, weak, inherited=True)
        return Said(own, weak)

    def sentences(self) -> list[tuple[int, int]]:
        """The places of the parts between full stops."""
        bounds, start = list[tuple[int, int]](), 0
        for segment in self.segments:
            if segment.text.rstrip().endswith(_ENDS):
                bounds.append((start, segment.end))
                start = segment.end
        if self.text[start:].strip():
            bounds.append((start, len(self.text)))
        return bounds

    def before(self, segment: Segment) -> list[Segment]:
        """The clauses before one."""
        return [s for s in self.segments if s.start < segment.start]

    @property
    def aspects(self) -> frozenset[str]:
        """What any clause is about."""
        return frozenset().union(*(s.aspects | s.weak for s in self.segments))


def cut(text: str, masked: str, found: list[Mention]) -> Sentence:
    """The clauses of a sentence. text: as the verifier reads it; masked: the same, names masked."""
    places = _places(masked, found)
    segments: list[Segment] = []
    for start, end in places:
        segments.append(_take_over(_segment(text, start, end, about_loads=bool(_ABOUT_LOADS.search(text))), segments))
    return Sentence(text, _hypothetical_from(_in_apposition(_led_in(segments), found)))


def _places(masked: str, found: list[Mention]) -> list[tuple[int, int]]:
    """Where clauses begin and end: at punctuation, and at "and" between two numbers."""
    cuts = {0, len(masked)}
    inside = [(m.start, m.end) for m in found]
    for match in _BREAK.finditer(masked):
        if not any(start <= match.start() < end for start, end in inside):
            cuts.add(match.end())
    bounds = sorted(cuts)
    for start, end in pairwise(bounds):
        for match in _LIST.finditer(masked, start, end):
            left = any(start <= m.start and m.end <= match.start() for m in found)
            right = any(match.end() <= m.start and m.end <= end for m in found)
            turns = _TURN.fullmatch(match[0]) and _DEVICE.search(masked, start, match.start())
            if (left and right) or (turns and _DEVICE.search(masked, match.end(), end)):
                cuts.add(match.start())
    bounds = sorted(cuts)
    return [(a, b) for a, b in pairwise(bounds) if masked[a:b].strip()] or [(0, len(masked) or 1)]


def _segment(text: str, start: int, end: int, *, about_loads: bool) -> Segment:
    words = claim_words()
    piece = text[start:end]
    strong = words.strong.all_ids(piece)
    flags = {kind: bool(pattern.search(piece)) for kind, pattern in words.devices.items()}
    devices = devices_in(piece)
    sure = _SEEN.sub("", piece)
    if devices:  # `CUDA0 takes 900 MiB more` compares; it saves and spends nothing
        strong -= _WHAT_IF
    return Segment(
        start,
        end,
        piece,
        aspects=frozenset(strong),
        weak=frozenset(words.weak.all_ids(piece)),
        devices=devices,
        loads=loads_of(piece, about_loads=about_loads),
        hypothetical=bool(
            words.hypothetical.search(sure) or (_may_command(piece, start) and words.imperative.match(piece.lstrip()))
        ),
        own_devices=bool(devices),
        **flags,
    )


def _may_command(piece: str, start: int) -> bool:
    """Whether a clause can be a request: in English only one that begins the sentence."""
    return start == 0 or not piece.strip()[:1].isascii()


def _take_over(segment: Segment, before: list[Segment]) -> Segment:
    """What a clause leaves unsaid is what the one before it said, within a sentence."""
    if before and before[-1].text.rstrip().endswith(_ENDS) and not _POINTS_BACK.match(segment.text):
        return replace(segment, loads=segment.loads or before[-1].loads)
    ends = [n for n, s in enumerate(before[:-1]) if s.text.rstrip().endswith(_ENDS)]
    before = before[ends[-1] + 1 :] if ends else before
    says_where = segment.devices or segment.every or segment.others or segment.host or segment.vram
    turns_to_gpu = "on_gpu" in segment.aspects and any(s.host for s in before)
    if not (says_where or segment.total or turns_to_gpu):
        last = next((s for s in reversed(before) if s.devices or s.every or s.others or s.host or s.some), None)
        if last:
            taken = {n: getattr(last, n) for n in ("devices", "every", "others", "host")}
            segment = replace(segment, some=segment.some or last.some, **taken)
    if not segment.loads and before:
        segment = replace(segment, loads=before[-1].loads)
    return segment


def _led_in(segments: list[Segment]) -> list[Segment]:
    """A first clause that names no device ("With 352 MiB, CUDA0 …") is about those of the next one."""
    if len(segments) > 1 and segments[1].own_devices:
        first = segments[0]
        if not (first.devices or first.every or first.total or first.host or first.others or first.aspects):
            return [replace(first, devices=segments[1].devices[:1]), *segments[1:]]
    return segments


def _in_apposition(segments: list[Segment], found: list[Mention]) -> list[Segment]:
    """A clause that is only a number ("most of the cache, 800 MiB, is on …") is where the next one says."""
    joined = list(segments)
    for place in range(1, len(segments) - 1):
        segment, following = segments[place], segments[place + 1]
        numbers = sum(m.end - m.start for m in found if segment.start <= m.start and m.end <= segment.end)
        own = (following.own_devices or following.host or following.vram) and not (
            segments[place - 1].own_devices or segments[place - 1].host or segments[place - 1].vram
        )
        rest = len(_OF.sub("", segment.text).strip(" ,，;；()（）")) - numbers
        if numbers and rest <= _BARE and own and not segment.own_devices:
            joined[place] = replace(
                segment, devices=following.devices, host=following.host, every=following.every, vram=following.vram
            )
    return joined


def _hypothetical_from(segments: list[Segment]) -> list[Segment]:
    """After "if" the rest of the sentence is about what would be."""
    first = next((n for n, s in enumerate(segments) if s.hypothetical), len(segments))
    return [replace(s, hypothetical=n >= first) for n, s in enumerate(segments)]


def devices_in(text: str) -> tuple[str, ...]:
    """The devices that a text names, folded: "cuda0", "gpu3" (any library), a range as all of its members."""
    found: list[tuple[int, str]] = []
    for match in _DEVICE.finditer(text):
        library = match["lib"].casefold()
        library = "gpu" if library in ("device", "card", "卡", "显卡") else "mtl" if library == "metal" else library
        first, last = int(match["first"]), int(match["last"] or match["first"])
        if first <= last <= first + _MOST:
            found += [(match.start(), f"{library}{n}") for n in range(first, last + 1)]
    for match in _DEVICE_ZH.finditer(text):
        number = int(match[1]) if match[1] else ordinal(match[2]) - 1
        found.append((match.start(), f"gpu{number}"))
    found += [(m.start(), f"gpu{ORDINALS[m[1].casefold()] - 1}") for m in _DEVICE_EN.finditer(text)]
    found += [(m.start(), m[1].casefold()) for m in _HOST_NAME.finditer(text)]
    found += [(m.start(), "metal") for m in _METAL.finditer(text)]
    return tuple(dict.fromkeys(name for _, name in sorted(found)))
