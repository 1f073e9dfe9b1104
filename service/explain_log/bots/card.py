"""The card that a chat shows: what of a report a phone's screen is for. Chosen and shortened, not computed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from explain_log.facts.models import ModelLoad
from explain_log.facts.selection import leading
from explain_log.render.findings import AdvicePart, FindingPart, finding_parts
from explain_log.render.page import headline, sections_of
from explain_log.render.picture.amounts import seconds_text, size_text
from explain_log.render.words import Words
from explain_log.report import Report

_SENTENCE_END = re.compile(r"。|\.(?= )")
Mood = Literal["good", "warning", "error", "plain"]
Number = tuple[str, str]
"""What a number is, and the number with its unit."""

ANSWER, SUMMARY = "answer", "summary"
MOST_FINDINGS = 6
MOST_STEPS = 3
MOST_SENTENCES = 8
_SHORT, _LONG, _COMMAND = 160, 420, 600
_DETAIL = {"error": 420, "warning": 320}
_MINOR_DETAIL = 150


@dataclass(frozen=True)
class CardFinding:
    """A finding. severity: or "benign"; where: its lines."""

    severity: str
    title: str
    detail: str
    where: str


@dataclass(frozen=True)
class Step:
    """Something to do. command: lines to copy, may be empty."""

    action: str
    effect: str
    command: str


@dataclass(frozen=True)
class Card:
    """Everything that is said of a log, in one language, in the order in which it is shown.

    status: what is being done just now, "" when nothing is.  more: how many findings are not shown here.
    """

    language: str
    title: str
    mood: Mood = "plain"
    about: tuple[str, ...] = ()
    status: str = ""
    answer: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    summary: tuple[str, ...] = ()
    findings: tuple[CardFinding, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    link: str = ""


@dataclass(eq=False)
class Told:
    """What a model has said so far: section → sentences."""

    sentences: dict[str, list[str]] = field(default_factory=dict)

    def add(self, section: str, text: str) -> None:
        """Notes a sentence."""
        self.sentences.setdefault(section, []).append(text)

    @property
    def count(self) -> int:
        """How many sentences there are."""
        return sum(map(len, self.sentences.values()))


def plain_card(
    language: str, title: str, *, mood: Mood = "plain", status: str = "", notes: tuple[str, ...] = ()
) -> Card:
    """A card without a report."""
    return Card(language, title, mood, status=status, notes=notes)


def report_card(report: Report, told: Told | None = None, *, status: str = "", link: str = "") -> Card:
    """The card of a report, in its language. told: sentences of a model, which stand in for the report's own."""
    words = Words(report.language)
    head = headline(report, words)
    sections = sections_of(report, words, set())
    own = {part.id: [one for one in part.sentences if isinstance(one, str)] for part in sections}
    said = own | (told.sentences if told else {})
    findings = finding_parts(report, words, set())
    shown = [one for one in findings if one.severity != "info"][:MOST_FINDINGS]
    hidden = len(findings) - len(shown)
    return Card(
        language=report.language,
        title=shortened(head.text, _SHORT),
        mood=_mood(head.mood),
        about=tuple(shortened(line, _SHORT) for line in head.about),
        status=status,
        answer=_sentences(said.get(ANSWER, [])),
        numbers=tuple(_numbers(report, words)),
        summary=_sentences(said.get(SUMMARY, [])),
        findings=tuple(map(_finding, shown)),
        steps=tuple(_steps(shown)),
        notes=(words("bot.more_findings", count=hidden),) if hidden else (),
        link=link,
    )


def answer_card(language: str, sentences: list[str], *, status: str = "", link: str = "") -> Card:
    """The card of an answer to a question."""
    return Card(language, "", status=status, answer=_sentences(sentences), link=link)


def with_note(card: Card, note: str) -> Card:
    """The card with one more note."""
    return replace(card, notes=(*card.notes, note))


def shortened(text: str, most: int) -> str:
    """The text in at most so many characters; where it is cut it ends in an ellipsis, at a word where one is near."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > most * 3 // 4 else cut).rstrip(" ，,；;、(（") + "…"


def first_sentences(text: str, most: int) -> str:
    """As many of the text's sentences as are at most so long together; a first one that is longer is shortened."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text + " ") if match.end() <= most]
    if len(text) <= most or not ends:
        return shortened(text, most)
    return text[: ends[-1]].rstrip()


def _mood(mood: str) -> Mood:
    moods: tuple[Mood, ...] = ("good", "warning", "error")
    return next((known for known in moods if known == mood), "plain")


def _sentences(texts: list[str]) -> tuple[str, ...]:
    return tuple(shortened(text, _LONG) for text in texts[:MOST_SENTENCES])


def _finding(part: FindingPart) -> CardFinding:
    where = " · ".join(filter(None, (part.where, part.also)))
    detail = first_sentences(part.detail, _DETAIL.get(part.severity, _MINOR_DETAIL))
    return CardFinding(part.severity, shortened(part.title, _SHORT), detail, where)


def _steps(findings: list[FindingPart]) -> list[Step]:
    """The first advice of each finding, then the others, none twice."""
    turns = max((len(one.advice) for one in findings), default=0)
    ordered = [one.advice[turn] for turn in range(turns) for one in findings if turn < len(one.advice)]
    unique: dict[str, AdvicePart] = {}
    for advice in ordered:
        unique.setdefault(advice.action, advice)
    return [
        Step(shortened(one.action, _SHORT), shortened(one.effect, _LONG), shortened("\n".join(one.commands), _COMMAND))
        for one in list(unique.values())[:MOST_STEPS]
    ]


def _numbers(report: Report, words: Words) -> list[Number]:
    load = leading(report.loads)
    numbers = [] if load is None else _load_numbers(load, report, words)
    requests = report.requests
    if requests is not None and requests.count:
        numbers.append((words("bot.requests_name"), _requests(requests.count, requests.median_seconds, words)))
    return numbers


def _requests(count: int, median_seconds: float | None, words: Words) -> str:
    if median_seconds is None:
        return words("bot.requests", count=count)
    return words("bot.requests_median", count=count, seconds=seconds_text(median_seconds))


def _context(tokens: int, slots: int, words: Words) -> str:
    if slots == 1:
        return words("bot.context_one", tokens=tokens)
    return words("bot.context_slots", tokens=tokens, slots=slots)


def _load_numbers(load: ModelLoad, report: Report, words: Words) -> list[Number]:
    numbers: list[Number] = []
    total = next((one.values for one in report.findings if one.id == "memory.total" and one.load == load.index), {})
    if any(name.startswith("untold_") for name in total):
        total = {}  # not all buffers are in the log: a sum would be taken for what is in use
    gpu_mib, gpus, host_mib = total.get("gpu_mib"), total.get("gpus"), total.get("host_mib")
    if isinstance(gpu_mib, (int, float)) and gpu_mib and gpus:
        numbers.append((words("bot.vram"), words("bot.vram_on", size=size_text(gpu_mib), gpus=gpus)))
    if isinstance(host_mib, (int, float)) and host_mib:
        numbers.append((words("bot.ram"), size_text(host_mib)))
    if load.layers_offloaded is not None and load.layers_total:
        numbers.append((words("bot.layers"), f"{load.layers_offloaded}/{load.layers_total}"))
    context = load.context
    if context.n_ctx_per_seq:
        numbers.append((words("bot.context"), _context(context.n_ctx_per_seq, context.n_seq_max or 1, words)))
    if load.kv_cache.size_mib:
        numbers.append((words("bot.kv"), size_text(load.kv_cache.size_mib)))
    if load.load_seconds is not None:
        numbers.append((words("bot.load_time"), words("bot.seconds", seconds=seconds_text(load.load_seconds))))
    return numbers
