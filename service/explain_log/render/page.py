"""What a reader's page holds, before it becomes text or markdown: chosen and ordered, not computed.

Everything here is text of a report in the order in which it is read. What comes from the log is
made harmless on the way in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.checks.finding import Advice, Finding
from explain_log.facts.models import ModelLoad
from explain_log.facts.selection import leading, serving
from explain_log.narration.explanation import SECTIONS, Sentence
from explain_log.render.findings import AdvicePart, FindingPart, Told, advice_part, finding_parts, load_ranges
from explain_log.render.loads import LoadTable, Placement, load_table, model_name, placements
from explain_log.render.safe import visible
from explain_log.render.words import Words
from explain_log.report import Report

_PLACEMENT = "placement"


@dataclass(eq=False)
class Headline:
    """The page's first lines. mood: good, warning, error or plain."""

    text: str
    mood: str
    about: list[str] = field(default_factory=list)


@dataclass(eq=False)
class SectionPart:
    """A section of the explanation: its heading and its sentences; advice stands with how to follow it."""

    id: str
    heading: str
    sentences: list[str | AdvicePart]


@dataclass(eq=False)
class Page:
    """One page. `before` are the sections up to the tables, `after` those that follow them."""

    headline: Headline
    before: list[SectionPart]
    loads: LoadTable | None
    placements: list[Placement]
    after: list[SectionPart]
    findings: list[FindingPart]
    notes: list[str]


def make_page(report: Report, words: Words) -> Page:
    """The page of a report, in the language of `words`."""
    told: Told = set()
    sections = sections_of(report, words, told)
    before = [part for part in sections if is_before_tables(part.id)]
    return Page(
        headline=headline(report, words),
        before=before,
        loads=load_table(report, words),
        placements=placements(report, words),
        after=[part for part in sections if part not in before],
        findings=finding_parts(report, words, told),
        notes=notes(report, words),
    )


def is_before_tables(section_id: str) -> bool:
    """Whether a section stands before the tables."""
    return section_order(section_id) <= SECTIONS.index(_PLACEMENT)


def section_order(section_id: str) -> int:
    """What is not among the contract's sections is the answer to a question, and comes first."""
    return SECTIONS.index(section_id) if section_id in SECTIONS else -1


def sections_of(report: Report, words: Words, told: Told) -> list[SectionPart]:
    """The sections that say something, in the contract's order."""
    if report.explanation is None:
        return []
    parts = []
    for section in sorted(report.explanation.sections, key=lambda section: section_order(section.id)):
        sentences = [sentence_part(sentence, report, words, told) for sentence in section.statements]
        if sentences:
            parts.append(SectionPart(section.id, visible(section.heading), sentences))
    return parts


def heading(report: Report, section_id: str, words: Words) -> str:
    """The heading of a section of the report's explanation."""
    sections = report.explanation.sections if report.explanation else []
    return next((visible(section.heading) for section in sections if section.id == section_id), words("page.answer"))


def sentence_part(sentence: Sentence, report: Report, words: Words, told: Told | None = None) -> str | AdvicePart:
    """A sentence as it is shown; advice with how to follow it, which is noted in `told`."""
    for finding in report.findings:
        for advice in finding.advice:
            if _tells(sentence.text, advice):
                return advice_part(advice, words, set() if told is None else told)
    return visible(sentence.text)


def _tells(text: str, advice: Advice) -> bool:
    """Whether a sentence is this advice: its action and its effect, which has this load's numbers."""
    return text.startswith(advice.action) and text.endswith(advice.effect)


def headline(report: Report, words: Words) -> Headline:
    """The outcome of the latest failure or else the latest load, its model and the server, and what was read."""
    load = leading(report.loads)
    crash = _crash(report)
    if crash is not None and crash.load is None:
        text, mood = words("headline.crashed_one_of"), "error"
    elif crash is not None:
        crashed = next((one for one in serving(report.loads) if one.index == crash.load), load)
        text, mood = words("headline.crashed", model=_model_name(crashed, words)), "error"
    elif load is None:
        text, mood = words("headline.no_load" if report.source.recognised_lines else "headline.nothing"), "plain"
    else:
        mood = {"ready": "good", "failed": "error"}.get(load.outcome, "plain")
        text = words(f"headline.{load.outcome}", model=_model_name(load, words))
        if mood == "good" and any(finding.severity in ("warning", "error") for finding in report.findings):
            mood = "warning"
    about = (_server(report, words), _others(report, words), _source(report, words))
    return Headline(text, mood, [line for line in about if line])


def _crash(report: Report) -> Finding | None:
    """The last failure of a model that was serving, unless a load failed after it."""
    crashes = [finding for finding in report.findings if finding.values.get("phase") == "serving" and finding.evidence]
    last = max(crashes, key=lambda finding: finding.evidence[-1].line, default=None)
    failed = max((load.last_line for load in report.loads if load.outcome == "failed"), default=0)
    return last if last is not None and last.evidence[-1].line > failed else None


def _model_name(load: ModelLoad | None, words: Words) -> str:
    return (load and model_name(load)) or words("headline.a_model")


def _others(report: Report, words: Words) -> str:
    """Which loads failed where several did, and which got ready after the last failure."""
    served = serving(report.loads)
    failed = [load.index for load in served if load.outcome == "failed"]
    ready = [load.index for load in served if failed and load.index > failed[-1] and load.outcome == "ready"]
    told = [words("headline.failed_loads", loads=load_ranges(failed, words))] if len(failed) > 1 or ready else []
    if ready:
        told.append(words("headline.ready_loads", loads=load_ranges(ready, words)))
    return " · ".join(told)


def _server(report: Report, words: Words) -> str:
    """Which server, by the run of the latest load, else the last run."""
    if not report.server_runs:
        return ""
    place = next((load.server_run for load in reversed(report.loads) if load.server_run is not None), -1)
    run = report.server_runs[place]
    product = {"ollama": "Ollama"}.get(run.product, run.product)
    if run.version:
        return f"{product} {visible(run.version)}"
    if run.version_range:
        return words("headline.version_range", product=product, span=_span(run.version_range))
    return words("headline.version_unknown", product=product)


def _span(versions: list[str]) -> str:
    first, last = visible(str(versions[0])), visible(str(versions[-1]))
    return first if first == last else f"{first}–{last}"


def _source(report: Report, words: Words) -> str:
    source = report.source
    name = words("headline.standard_input") if source.name == "-" else visible(source.name)
    parts = [name, words("headline.lines", lines=source.lines, recognised=source.recognised_lines)]
    times = [time.replace("T", " ")[:19] for time in (source.first_time, source.last_time) if time]
    if times:
        parts.append(" – ".join(dict.fromkeys(map(visible, times))))
    return " · ".join(parts)


def notes(report: Report, words: Words) -> list[str]:
    """How the page came about and what it leaves out."""
    told: list[str] = []
    explanation = report.explanation
    if explanation is not None and explanation.origin == "model":
        told.append(words("notes.by_model", model=visible(explanation.model or "?")))
        if explanation.rejected:
            told.append(words("notes.rejected", count=len(explanation.rejected)))
    unknown = report.source.unrecognised
    if unknown:
        told.append(words("notes.unrecognised", count=sum(shape.count for shape in unknown)))
        told += [f"L{shape.first_line} ×{shape.count}: {visible(shape.example)}" for shape in unknown[:3]]
    return told
