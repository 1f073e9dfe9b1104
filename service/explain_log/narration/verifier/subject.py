"""What a sentence says that one of its numbers is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.evidence import Atom
from explain_log.narration.verifier.mentions import Mention
from explain_log.narration.verifier.named_loads import loads_at
from explain_log.narration.verifier.segments import Said, Segment, Sentence, devices_in

_NEAR, _BESIDE, _WINDOW = 14, 5, 40
_BY_NOUN = frozenset({"head", "head_kv", "experts", "bpw"})
"""Aspects that the noun behind a number settles."""
_OF = re.compile(r"(?:\bof|\bfrom|\bout of)(?: the| its| all| all the| the \w+'s)?\s*$|/\s?$", re.IGNORECASE)
_AMONG = re.compile(r"\s?(?:之?中|里|当中|里面|之间)|\s?[除均平]|\s?一层[都也]|，?一层不")
_MOST_OF = re.compile(r"\b(?:most|half|part|all|none|zero|each|one|some|share) of[^,.;]{0,16}$", re.IGNORECASE)
_EACH = re.compile(
    r"(?:每个|每路|每份|各|each(?: with| has| gets| of)?)\s?(?:有|是|为|得到|about)?\s?$"
    r"|\b(?:each|every \w+) (?:with|has|have|gets?|uses?|may use) (?:all of |the whole |the full |all )?(?:the )?$",
    re.IGNORECASE,
)
_EACH_AFTER = re.compile(
    r"\s?(?:apiece|each\b|(?:for|to|in) each|per (?:slot|request|sequence)|才?是每个|(?:一|每)个)", re.IGNORECASE
)
_SHORTEST_CONTEXT = 64
_TWO_LOADS = re.compile(r"两次加载|两次载入|both loads|two loads", re.IGNORECASE)
_NAMED_DEVICE = r"(?P<device>(?:CUDA|ROCm|Vulkan|SYCL|MTL|Metal|GPU|card|卡)[ _:#-]?\d{1,3})"
_ON_DEVICE = re.compile(rf"\s?(?:on|for|at|in|给|在)\s?(?:the )?{_NAMED_DEVICE}(?!\d)", re.IGNORECASE)
_DEVICE_BEFORE = re.compile(
    rf"{_NAMED_DEVICE}\s?(?:(?:的|上的?|分到|只?有|是|占|拿到?|is|has|holds|gets?|got|takes|with|at|alone|：|:|=|（|\()\s?)*$",
    re.IGNORECASE,
)
_TOUCHING, _IN_THE = 3, 12
_AND = re.compile(r"\d|到|至|\bto\b|,|，")
_RESPECTIVELY = re.compile(r"分别|依次|respectively|in turn")


@dataclass(frozen=True)
class Subject:
    """What one number is about.

    devices: one of these.  every, some: all or any of the GPUs.  companions: how many numbers of the same kind the
    clause has beside it.  loads: of these loads only; empty: of any.  own: the aspects that its noun names ("8 KV
    heads"); near: those of the words beside it.  partitive: it is the whole of which a part is told ("of 81").
    beside: the device stands right beside the number.
    """

    sentence: Sentence
    segment: Segment
    dim: str
    devices: tuple[str, ...] = ()
    every: bool = False
    some: bool = False
    total: bool = False
    companions: int = 0
    loads: frozenset[int] = frozenset()
    gpus: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    partitive: bool = False
    in_arithmetic: bool = False
    beside: bool = False

    @property
    def own_words(self) -> bool:
        """Whether the clause names the device itself and nothing else that has a size stands beside the number."""
        return self.segment.own_devices and len(self.devices) == 1 and not self.total

    def said(self, dim: str) -> Said:
        """What the sentence says that a number of this dimension is about."""
        own = claim_words().of_dim(self.own, dim if dim != "any" else self.dim)
        if own:
            return Said(own)
        return self.sentence.said(self.segment, dim if dim != "any" else self.dim)

    def overlap(self, atom: Atom) -> int:
        """How much of what is said the value is about."""
        said = self.said(atom.dim)
        if said.aspects and not atom.aspects & said.aspects:
            return int(self.total and "total" in atom.aspects)
        return len(atom.aspects & (said.aspects | said.weak))


def subject_of(mention: Mention, sentence: Sentence, found: list[Mention], gpus: tuple[str, ...]) -> Subject:
    """What a sentence says that a number of it is about. gpus: the folded ids of the log's GPUs."""
    segment = sentence.at(mention.start)
    dim = mention.dims[0][0]
    same = [m for m in found if m is not mention and sentence.at(m.start) is segment and m.dims[0][0] in (dim, "any")]
    owner = _owner(mention, segment, sentence.text)
    devices = _paired(mention, sentence, found) or owner or segment.devices
    if segment.others:
        named = {d for s in (*sentence.before(segment), segment) for d in s.devices}
        devices = tuple(gpu for gpu in gpus if gpu not in named and gpu.replace("cuda", "gpu") not in named)
    moves = any(claim_words().forms[kind].search(sentence.text) for kind in ("up", "down"))
    return Subject(
        sentence,
        segment,
        dim,
        devices=devices,
        every=(segment.every or segment.others) and not segment.some,
        some=segment.some,
        total=segment.total,
        companions=len(same),
        loads=_load_in_turn(mention, sentence, found)
        or _load_beside(mention, segment, sentence.text)
        or (frozenset() if moves else segment.loads),
        gpus=gpus,
        own=(frozenset(claim_words().strong.all_ids(mention.text)) & _BY_NOUN) | _each_slot(mention, sentence),
        near=_near(mention, segment, sentence.text),
        partitive=_is_whole(mention, sentence.text, found),
        beside=bool(owner),
    )


def _is_whole(mention: Mention, text: str, found: list[Mention]) -> bool:
    """Whether a part of the number is told beside it: "33 of 81", not "a batch of 512"."""
    if _AMONG.match(text[mention.end :]):
        return True
    near = any(0 <= mention.start - other.end <= _WINDOW for other in found)
    return bool(_OF.search(text[: mention.start])) and (near or bool(_MOST_OF.search(text[: mention.start])))


def _load_in_turn(mention: Mention, sentence: Sentence, found: list[Mention]) -> frozenset[int]:
    """The load that a number is said of in "the two loads took 4.02 s and 5.52 s respectively"."""
    if not (_RESPECTIVELY.search(sentence.text) and _TWO_LOADS.search(sentence.text)):
        return frozenset()
    alike = [m for m in found if m.dims[0][0] == mention.dims[0][0] and m.has_unit][:2]
    return frozenset({alike.index(mention) + 1}) if mention in alike and len(alike) > 1 else frozenset()


def _owner(mention: Mention, segment: Segment, text: str) -> tuple[str, ...]:
    """The device right beside a number where its clause names several: `from 4 on CUDA1 to 11 on CUDA6`."""
    if len(segment.devices) < 2 or not segment.own_devices:
        return ()
    behind = _ON_DEVICE.match(text, mention.end)
    if behind:
        return devices_in(text[behind.start("device") : behind.end("device")])[:1]
    before = _DEVICE_BEFORE.search(text[segment.start : mention.start])
    return devices_in(before["device"])[:1] if before else ()


def _load_beside(mention: Mention, segment: Segment, text: str) -> frozenset[int]:
    """The load right beside a number where its clause names several: `从第一次的 512 MiB 升到第二次的 1024 MiB`."""
    if len(segment.loads) < 2:
        return frozenset()
    loads = loads_at(text[segment.start : segment.end])
    at, end = mention.start - segment.start, mention.end - segment.start
    before = [number for _, stop, number in loads if 0 <= at - stop <= _TOUCHING]
    behind = [
        number
        for start, _, number in loads
        if 0 <= start - end <= _IN_THE and not _AND.search(text, mention.end, segment.start + start)
    ]
    return frozenset(before[-1:] or behind[:1])


def _each_slot(mention: Mention, sentence: Sentence) -> frozenset[str]:
    """`两个槽位，每个 8192`: what one slot has, where the sentence is about slots."""
    is_length = mention.dims[0][0] in ("tokens", "any") and mention.shown >= _SHORTEST_CONTEXT
    says_each = _EACH.search(sentence.text[: mention.start]) or _EACH_AFTER.match(sentence.text, mention.end)
    if is_length and "slots" in sentence.aspects and says_each:
        return frozenset({"per_slot"})
    return frozenset()


def _near(mention: Mention, segment: Segment, text: str) -> frozenset[str]:
    """The aspects of the words next to a number, on either side."""
    words = claim_words().strong
    window = max(segment.start, mention.start - _WINDOW)
    before = [word for word in words.found(text[window : mention.start]) if word[1] >= mention.start - window - _NEAR]
    after = words.found(text[mention.end : min(segment.end, mention.end + _NEAR)])
    beside = [ids for start, _, ids in after[:1] if start <= _BESIDE]
    return frozenset().union(*(ids for _, _, ids in before[-1:]), *beside)


def _paired(mention: Mention, sentence: Sentence, found: list[Mention]) -> tuple[str, ...]:
    """The one device that a number is said of in "CUDA0 and CUDA1 have 11 and 10 layers respectively"."""
    devices = list(dict.fromkeys(d for s in sentence.segments if s.own_devices for d in s.devices))
    dim = mention.dims[0][0]
    numbers = [m for m in found if m.dims[0][0] in (dim, "any") or (dim == "any" and m.dims[0][0] != "ratio")]
    numbers = [m for m in numbers if m.index is None]
    if not _RESPECTIVELY.search(sentence.text):
        last = max((s.end for s in sentence.segments if s.own_devices), default=0)
        if len(devices) != 2 or any(m.start < last for m in numbers):
            return ()
    place = next((n for n, m in enumerate(numbers) if m.start == mention.start), None)
    if len(devices) != len(numbers) or len(devices) < 2 or place is None:
        return ()
    return (devices[place],)
