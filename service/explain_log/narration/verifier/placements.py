"""Where a sentence says that the weights or the KV cache are, without a device's name: in VRAM or in system memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.facts.record import is_gpu
from explain_log.narration.verifier.propositions import is_negated
from explain_log.narration.verifier.reading import Reading
from explain_log.narration.verifier.segments import Segment
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support
from explain_log.report import Report

_PARTS = {
    "kv_mib": re.compile(r"KV ?缓存|KV ?缓冲区?|(?<![A-Za-z])KV(?: cache| buffer)?s?(?![A-Za-z])", re.IGNORECASE),
    "model_mib": re.compile(r"(?<!每个)权重|(?<![A-Za-z])weights?(?: data)?(?![A-Za-z])", re.IGNORECASE),
}
_PLACED = re.compile(
    r"(?:放|留|存|落|位于|待|住|装|搬|分)?(?:到了?|进了?|在了?|入)\s?(?P<zh>显存|GPU|显卡|系统内存|内存|主机内存|CPU)(?:上|里|中|侧|那边|一侧)"
    r"|(?:is|are|was|were|lives?|lies?|sits?|stays?|resides?|kept|put|placed|left|stored|held|remains?|went|goes)[^.,;]{0,12}?"
    r" (?:in|into|on|onto|to) (?:the )?(?P<en>VRAM|GPU memory|video memory|GPUs?|graphics cards?|cards?|system memory"
    r"|host memory|ordinary RAM|RAM|CPU(?: side)?)(?![A-Za-z])",
    re.IGNORECASE,
)
_HOST = re.compile(r"系统内存|内存|CPU|system|host|RAM", re.IGNORECASE)
_VRAM = re.compile(r"显存|VRAM|GPU|video", re.IGNORECASE)
_NOT_ALL = re.compile(
    r"部分|一些|其余|剩下|另外|还有|大半|\d+ ?层|some|part|rest|most|half|other|another|layers?", re.IGNORECASE
)


def placements(reading: Reading, report: Report) -> Iterator[Judgement]:
    """A judgement for each part that the sentence says is, or is not, in VRAM or in system memory."""
    for match in _PLACED.finditer(reading.text):
        segment = reading.sentence.at(match.start())
        if segment.hypothetical or segment.devices or _NOT_ALL.search(segment.text):
            continue
        place = match["zh"] or match["en"]
        on_gpu = bool(_VRAM.search(place)) or not _HOST.search(place)
        denied = is_negated(reading.text, match.start(), segment.start)
        for part, words in _PARTS.items():
            if words.search(reading.text, segment.start, match.start()):
                yield from _judge(part, segment, report, match.span(), on_gpu=on_gpu, denied=denied)


def _judge(
    part: str, segment: Segment, report: Report, span: tuple[int, int], *, on_gpu: bool, denied: bool
) -> Iterator[Judgement]:
    """Right where a device of that side holds some of the part, or none where that is denied."""
    loads = [load for load in report.loads if not segment.loads or load.index in segment.loads]
    holders = [
        (f"fact:loads.{load.index}.devices.{device.device}.{part}", device)
        for load in loads
        for device in load.devices
        if getattr(device, part)
    ]
    if not holders:
        return
    there = [(cite, device) for cite, device in holders if is_gpu(device.device) == on_gpu]
    if bool(there) != denied:
        yield Support(*span, tuple(cite for cite, _ in there[:1]))
        return
    shown = there or holders
    says = "; ".join(f"{device.device}: {getattr(device, part)} MiB" for _, device in shown[:3])
    cites = tuple(cite for cite, _ in shown[:3])
    yield Objection(Code.POLARITY, "POLARITY", {"says": says}, *span, contradicted=True, cites=cites)
