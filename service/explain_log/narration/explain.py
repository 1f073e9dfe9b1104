"""The explanation with a model: each section asked for, each statement verified, the rules standing in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from explain_log.briefing import ANSWER, Briefing, make_briefing, rules_sentences
from explain_log.citations import finding_at
from explain_log.errors import ModelOutputError, ModelUnavailable
from explain_log.knowledge import load as load_knowledge
from explain_log.narration.explanation import Explanation, Rejected, Section, Sentence
from explain_log.narration.model import Message, OllamaModel, TimeLimits, Usage
from explain_log.narration.prompts import problem, prompt_file, render, section_task
from explain_log.narration.stream import Said, StatementStream
from explain_log.narration.verifier import verify_sentence
from explain_log.report import Report

OnEvent = Callable[[str, object], None]
"""Called with ("loading", text), ("sentence", (section id, Sentence)), ("rejected", Rejected), ("problem", text)."""

RULES_ONLY = frozenset({"unknown"})
"""What the log cannot tell is not for a model to say."""

_TOLD_ANYWAY = ("error", "warning", "notice")
_FAILURES_IN_A_ROW = 2


@dataclass(frozen=True)
class ModelOptions:
    """What to ask, of which model, where. host: "" is this machine; model: None is the server's best."""

    model: str | None = None
    host: str = ""
    allow_remote: bool = False
    question: str | None = None
    language: str = "en"
    limits: TimeLimits = field(default_factory=TimeLimits)


@dataclass(eq=False)
class Task:
    """One section to be written. problem: why its answer ended early or never came."""

    section: Section
    briefing: Briefing | None = None
    messages: list[Message] = field(default_factory=list)
    accepted: list[Sentence] = field(default_factory=list)
    refused: list[tuple[Said, str]] = field(default_factory=list)
    problem: ModelUnavailable | None = None


def narrate_now(report: Report, options: ModelOptions, on_event: OnEvent) -> Explanation:
    """`narrate` for callers without an event loop."""
    return asyncio.run(narrate(report, options, on_event))


async def narrate(report: Report, options: ModelOptions, on_event: OnEvent) -> Explanation:
    """The report's explanation in a model's words, where they are true.

    Raises ModelUnavailable, with one line of what to do, when nothing can be had from a model.
    """
    narration = _Narration(report, options, on_event)
    async with OllamaModel(options.host, options.language, options.allow_remote, options.limits) as model:
        await model.choose(options.model)
        return await narration.run(model)


class _Narration:
    """One explanation in the making."""

    def __init__(self, report: Report, options: ModelOptions, on_event: OnEvent) -> None:
        self._report = report
        self._options = options
        self._language = options.language
        self._on_event = on_event
        self._result = Explanation(options.language)
        self._deadline = 0.0
        self._problem: ModelUnavailable | None = None
        self._failures = 0
        self._gave_up = False
        self._was_answered = False
        # Sections that failed before the first usable answer: without one, the caller shows all of the rules' text.
        self._held_back: list[Task] = []

    async def run(self, model: OllamaModel) -> Explanation:
        """Writes all sections. Raises what went wrong where no answer could be used."""
        started = time.monotonic()
        self._deadline = started + self._options.limits.total
        tasks = self._tasks()
        model.make_room(["".join(m["content"] for m in task.messages) for task in tasks.values()])
        self._on_event("loading", problem(self._language, "loading", model=model.name, host=model.url))
        for section in self._sections():
            task = tasks.get(section.id)
            if task is None or self._gave_up:
                self._held_back.append(Task(section))
            else:
                await self._write(task, model)
            if self._was_answered:
                self._show_held_back()
        if self._problem and not self._was_answered:
            raise self._problem
        self._show_held_back()
        self._result.stats.seconds = round(time.monotonic() - started, 2)
        self._conclude(model)
        return self._result

    def _conclude(self, model: OllamaModel) -> None:
        """Whose explanation it is in the end."""
        if any(s.origin == "model" for section in self._result.sections for s in section.statements):
            self._result.origin, self._result.model = "model", model.name
        elif self._result.rejected:
            count = len(self._result.rejected)
            self._on_event("problem", problem(self._language, "all_refused", model=model.name, count=count))

    def _sections(self) -> list[Section]:
        """The sections in order; an answer to a question comes first."""
        rules = list(self._report.explanation.sections) if self._report.explanation else []
        if not self._options.question:
            return rules
        return [Section(ANSWER, prompt_file("answer", self._language)["heading"]), *rules]

    def _tasks(self) -> dict[str, Task]:
        """What the model is asked to write: the answer to the question, else all sections but what is unknown."""
        wanted = [s for s in self._sections() if (s.id == ANSWER if self._options.question else s.id not in RULES_ONLY)]
        tasks = [self._task(section) for section in wanted]
        return {task.section.id: task for task in tasks if task.briefing and task.briefing.items}

    def _task(self, section: Section) -> Task:
        briefing = make_briefing(self._report, section.id, load_knowledge())
        purpose = "answer" if section.id == ANSWER else "explain"
        left_out = prompt_file(purpose, self._language)["left_out"]["some" if briefing.left_out else "none"]
        fields = {
            "heading": section.heading,
            "task": section_task(self._language, section.id),
            "briefing": briefing.text,
            "left_out": left_out.format(count=briefing.left_out),
            "question": self._options.question or "",
        }
        return Task(section, briefing, render(purpose, self._language, fields))

    async def _write(self, task: Task, model: OllamaModel) -> None:
        """Asks for a section, and once more for what was refused."""
        try:
            answer = await self._ask(task, model, task.messages)
            if task.refused:
                await self._repair(task, model, answer)
            self._was_answered, self._failures = True, 0
        except ModelUnavailable as error:
            self._problem = task.problem = error
            self._failures += 1
            connected = isinstance(error, ModelOutputError)
            self._gave_up = not connected or self._failures >= _FAILURES_IN_A_ROW
        self._held_back.append(task)

    def _show_held_back(self) -> None:
        for task in self._held_back:
            self._finish(task)
        self._held_back = []

    async def _ask(self, task: Task, model: OllamaModel, messages: list[Message], *, repair: bool = False) -> str:
        """One answer, its statements verified as they arrive; asked again where `think` breaks the JSON."""
        stream = StatementStream()
        try:
            async for piece in self._pieces(model, messages):
                for said in stream.feed(piece):
                    self._judge(task, said, repair=repair)
                if stream.broken:
                    break
        except ModelOutputError:
            if stream.text or not model.stop_asking_not_to_think():
                raise
            return await self._ask(task, model, messages, repair=repair)
        if not stream.complete:
            if not task.accepted and not stream.text.lstrip().startswith("{") and model.stop_asking_not_to_think():
                return await self._ask(task, model, messages, repair=repair)
            raise model.output_error("not_json" if stream.text.strip() else "empty")
        return stream.text

    async def _pieces(self, model: OllamaModel, messages: list[Message]) -> AsyncIterator[str]:
        """The answer's pieces until the time for all is over; counts what they cost."""
        usage = Usage()
        stream = model.ask(messages, usage)
        try:
            while True:
                async with asyncio.timeout(max(self._deadline - time.monotonic(), 0.001)):
                    piece = await anext(stream, None)
                if piece is None:
                    break
                yield piece
        except TimeoutError as error:
            seconds = f"{self._options.limits.total:g}"
            text = problem(self._language, "timeout", model=model.name, host=model.url, seconds=seconds)
            raise ModelUnavailable(text) from error
        finally:
            await stream.aclose()
            stats = self._result.stats
            stats.prompt_tokens = (stats.prompt_tokens or 0) + (usage.prompt_tokens or 0)
            stats.output_tokens = (stats.output_tokens or 0) + (usage.output_tokens or 0)

    async def _repair(self, task: Task, model: OllamaModel, answer: str) -> None:
        line = prompt_file("repair", self._language)["line"]
        rows = [line.format(number=n, text=s.text, reason=r) for n, (s, r) in enumerate(task.refused, 1)]
        task.refused = []
        request = render("repair", self._language, {"refused": "\n".join(rows)})
        await self._ask(task, model, [*task.messages, {"role": "assistant", "content": answer}, *request], repair=True)

    def _judge(self, task: Task, said: Said, *, repair: bool) -> None:
        """Shows a statement that holds; keeps one that does not, with the reason."""
        briefing = task.briefing
        if briefing is None or not said.text or any(said.text == sentence.text for sentence in task.accepted):
            return
        verdict = verify_sentence(said.text, said.cites, briefing, self._language)
        if verdict.accepted:
            self._was_answered = True
            self._show_held_back()
            self._result.stats.repaired += repair
            task.accepted.append(Sentence(said.text, said.cites, "model"))
            self._on_event("sentence", (task.section.id, task.accepted[-1]))
            return
        task.refused.append((said, verdict.reason))
        rejected = Rejected(said.text, f"{verdict.code}: {verdict.reason}", task.section.id)
        self._result.rejected.append(rejected)
        self._on_event("rejected", rejected)

    def _finish(self, task: Task) -> None:
        """Closes a section: what the model left out or got wrong is said in the rules' words."""
        if task.problem is not None:
            names = {"section": task.section.heading, "error": str(task.problem)}
            self._on_event("problem", problem(self._language, "section", **names))
        missing = self._missing(task)
        if not task.accepted and not missing and task.section.id == ANSWER:
            missing = rules_sentences(self._report, ANSWER)
        self._add(task.section, missing, task.accepted)

    def _missing(self, task: Task) -> list[Sentence]:
        """The rules' sentences that no accepted one covers, where they matter or something went wrong."""
        cited = {cite for sentence in task.accepted for cite in sentence.cites}
        everything = task.problem is not None or bool(task.refused) or not task.accepted
        return [
            sentence
            for sentence in task.section.statements
            if not _is_covered(sentence, cited) and (everything or self._matters(sentence))
        ]

    def _matters(self, sentence: Sentence) -> bool:
        findings = [finding_at(self._report, c.partition(":")[2]) for c in sentence.cites if c.startswith("finding:")]
        return any(finding is not None and finding.severity in _TOLD_ANYWAY for finding in findings)

    def _add(self, section: Section, sentences: list[Sentence], accepted: list[Sentence] | None = None) -> None:
        for sentence in sentences:
            self._on_event("sentence", (section.id, sentence))
        said = [*(accepted or []), *sentences]
        if said:
            self._result.sections.append(Section(section.id, section.heading, said))


def _is_covered(sentence: Sentence, cited: set[str]) -> bool:
    """Whether what a rules' sentence is about has been said: its findings, or half of its facts."""
    findings = {cite for cite in sentence.cites if cite.startswith("finding:")}
    if findings:
        return findings <= cited
    facts = {cite for cite in sentence.cites if cite.startswith("fact:")}
    return bool(facts) and 2 * len(facts & cited) >= len(facts)
