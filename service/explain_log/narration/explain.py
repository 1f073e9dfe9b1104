"""The explanation with a model: each section asked for, each statement verified, the rules standing in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol, TypeVar

from explain_log.briefing import Briefing
from explain_log.errors import ModelOutputError, ModelUnavailable
from explain_log.marks import clean, without_marks
from explain_log.narration.display import Display, OnEvent
from explain_log.narration.echo import echoes
from explain_log.narration.explanation import Explanation, Rejected, Sentence
from explain_log.narration.lanes import Lane, Lanes
from explain_log.narration.model import OllamaModel, Usage
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import Message, prompt_file, render
from explain_log.narration.server import OllamaServer, ServerBusy
from explain_log.narration.stream import Said, StatementStream
from explain_log.narration.task import PROMPT_TOKENS, Task, section_tasks
from explain_log.narration.verifier import verify_sentence
from explain_log.report import Report

_FAILURES_IN_A_ROW = 2
_BUSY_PAUSE_SECONDS = 1.0
_BUSY_TRIES = 5
_LONGEST_STATEMENT = 600
_ECHO = "QUOTE"
_WARM_UP_AFTER_SECONDS = 0.02

T = TypeVar("T")


class Keeper(Protocol):
    """Keeps explanations (explain_log.cache). Neither method raises."""

    def find(self, report: Report, model: str, digest: str, options: ModelOptions) -> Explanation | None:
        """What the same model said of the same facts."""

    def keep(self, explanation: Explanation, report: Report, digest: str, options: ModelOptions) -> None:
        """Keeps what it said."""


def narrate_now(report: Report, options: ModelOptions, on_event: OnEvent, keeper: Keeper | None = None) -> Explanation:
    """`narrate` for callers without an event loop."""
    return asyncio.run(narrate(report, options, on_event, keeper))


async def narrate(
    report: Report, options: ModelOptions, on_event: OnEvent, keeper: Keeper | None = None
) -> Explanation:
    """The report's explanation in a model's words, where they are true.

    on_event is called with ("chosen", text), ("loading", model's name), ("waiting", model's name),
    ("sentence", (section id, Sentence)), ("rejected", Rejected), ("problem", text). Raises ModelUnavailable, with
    one line of what to do, when nothing can be had from a model. Cancelling it closes the streams.
    """
    async with chosen_model(options, on_event) as model:
        if keeper is not None and model.digest:
            kept = keeper.find(report, model.name, model.digest, options)
            if kept is not None:
                _show_again(kept, on_event)
                return kept
        tasks = section_tasks(report, options.question, options.language)
        explanation = await write_tasks(report, tasks, model, options, on_event)
        if keeper is not None and model.digest and explanation.origin == "model" and not any(t.problem for t in tasks):
            keeper.keep(explanation, report, model.digest, options)
        return explanation


@contextlib.asynccontextmanager
async def chosen_model(options: ModelOptions, on_event: OnEvent) -> AsyncIterator[OllamaModel]:
    """A model that can be asked; tells which one it is where none was named. Raises ModelUnavailable."""
    async with OllamaServer(options) as server:
        model = OllamaModel(server, options)
        await model.choose()
        if model.installed is not None:
            on_event("chosen", server.told("chosen", count=model.installed))
        yield model


def _show_again(explanation: Explanation, on_event: OnEvent) -> None:
    for section in explanation.sections:
        for sentence in section.statements:
            on_event("sentence", (section.id, sentence))


async def write_tasks(
    report: Report,
    tasks: list[Task],
    model: OllamaModel,
    options: ModelOptions,
    on_event: OnEvent,
    at_least: int = PROMPT_TOKENS,
) -> Explanation:
    """The explanation of these sections by a model that is chosen. Raises ModelUnavailable as `narrate` does.

    at_least: tokens of a prompt to make room for.
    """
    wanted = [task for task in tasks if task.is_for_model]
    for task in tasks:
        task.done = not task.is_for_model
    model.make_room([task.messages for task in wanted], at_least)
    if wanted:
        on_event("waiting" if await model.is_loaded() else "loading", model.name)
    writing = _Writing(report, tasks, model, options, on_event)
    return await writing.run(wanted, at_least)


class _Writing:
    """One explanation in the making."""

    def __init__(
        self, report: Report, tasks: list[Task], model: OllamaModel, options: ModelOptions, on_event: OnEvent
    ) -> None:
        self._tasks = tasks
        self._model = model
        self._options = options
        self._language = options.language
        self._on_event = on_event
        self._lanes = Lanes(options.parallel, options.limits.total)
        self._display = Display(report, tasks, options.question, on_event)
        self._problem: ModelUnavailable | None = None
        self._failures = 0
        self._gave_up = False

    async def run(self, wanted: list[Task], at_least: int) -> Explanation:
        """Writes all sections. Raises what went wrong where no answer could be used."""
        started = time.monotonic()
        if wanted:
            async with self._lanes.lane() as lane:
                await self._model.probe(lane)
            self._model.make_room([task.messages for task in wanted], at_least)
            # The verifier looks through a report once; while the server reads the first prompt there is time.
            asyncio.get_running_loop().call_later(_WARM_UP_AFTER_SECONDS, self._warm_up, wanted[0])
            waiting = deque(wanted)
            await _together([self._work(waiting) for _ in range(min(len(wanted), self._lanes.most or len(wanted)))])
        if self._problem and not self._display.has_begun:
            raise self._problem
        self._display.begin()
        return self._concluded(round(time.monotonic() - started, 2))

    def _warm_up(self, task: Task) -> None:
        for sentence in task.section.statements[:1]:
            if task.briefing is not None:
                # What goes wrong here goes wrong where it counts as well, and is told there.
                with contextlib.suppress(Exception):
                    verify_sentence(sentence.text, sentence.cites, task.briefing, self._language)

    def _concluded(self, seconds: float) -> Explanation:
        """The result: whose it is in the end, and what it cost."""
        result = self._display.result
        result.stats.seconds = seconds
        result.stats.left_out = sum(task.briefing.left_out for task in self._tasks if task.briefing)
        order = [task.section.id for task in self._tasks]
        result.rejected.sort(key=lambda rejected: order.index(rejected.section))
        if any(s.origin == "model" for section in result.sections for s in section.statements):
            result.origin, result.model = "model", self._model.name
        elif result.rejected:
            self._on_event("problem", self._model.server.told("all_refused", count=len(result.rejected)))
        return result

    async def _work(self, waiting: deque[Task]) -> None:
        """Writes one section after the other, as the server has time."""
        while True:
            async with self._lanes.lane() as lane:
                if not waiting:
                    return
                task = waiting.popleft()
                if not self._gave_up:
                    await self._write(task, lane)
            task.done = True
            self._display.advance()

    async def _write(self, task: Task, lane: Lane) -> None:
        """Asks for a section, and once more for what was refused."""
        try:
            answer = await self._ask(task, task.messages, lane)
            if task.refused:
                await self._repair(task, answer, lane)
            self._failures = 0
            self._display.begin()
        except ModelUnavailable as error:
            self._problem = task.problem = error
            self._failures += 1
            connected = isinstance(error, ModelOutputError)
            self._gave_up = self._gave_up or not connected or self._failures >= _FAILURES_IN_A_ROW

    async def _repair(self, task: Task, answer: str, lane: Lane) -> None:
        line = prompt_file("repair", self._language)["line"]
        rows = [line.format(number=n, text=s.text, reason=r) for n, (s, r) in enumerate(task.refused, 1)]
        task.refused = []
        request = render("repair", self._language, {"refused": "\n".join(rows)})
        lane.begin_again()
        await self._ask(task, [*task.messages, {"role": "assistant", "content": answer}, *request], lane, repair=True)

    async def _ask(self, task: Task, messages: list[Message], lane: Lane, *, repair: bool = False) -> str:
        """One answer, its statements verified as they arrive."""
        for pause in range(_BUSY_TRIES):
            try:
                return await self._read(task, messages, lane, repair=repair)
            except ServerBusy:
                self._lanes.one_at_a_time()
                if pause == _BUSY_TRIES - 1:
                    raise
                await asyncio.sleep(_BUSY_PAUSE_SECONDS * 2**pause)
        raise AssertionError

    async def _read(self, task: Task, messages: list[Message], lane: Lane, *, repair: bool) -> str:
        stream = StatementStream()
        usage = Usage()
        try:
            async with contextlib.aclosing(self._model.ask(messages, usage, lane, task.cites, again=repair)) as pieces:
                async for piece in pieces:
                    for said in stream.feed(piece):
                        self._judge(task, said, repair=repair)
                    if stream.broken:
                        break
        finally:
            stats = self._display.result.stats
            stats.prompt_tokens = (stats.prompt_tokens or 0) + (usage.prompt_tokens or 0)
            stats.output_tokens = (stats.output_tokens or 0) + (usage.output_tokens or 0)
        if not stream.complete:
            raise self._model.server.output_error("not_json" if stream.text.strip() else "empty")
        return stream.text

    def _judge(self, task: Task, said: Said, *, repair: bool) -> None:
        """Shows a statement that holds; keeps one that does not, with the reason."""
        text = clean(without_marks(said.text), _LONGEST_STATEMENT)
        if task.briefing is None or not text or any(text == sentence.text for sentence in task.accepted):
            return
        result = self._display.result
        code, reason = self._objection(text, said.cites, task.briefing)
        if not code:
            result.stats.repaired += repair
            task.accepted.append(Sentence(text, said.cites, "model"))
            self._display.begin()
            return
        task.refused.append((Said(text, said.cites), reason))
        if any(text == known.text and task.section.id == known.section for known in result.rejected):
            return
        rejected = Rejected(text, f"{code}: {reason}", task.section.id)
        result.rejected.append(rejected)
        self._on_event("rejected", rejected)

    def _objection(self, text: str, cites: list[str], briefing: Briefing) -> tuple[str, str]:
        """Why a statement may not be shown: code and reason, or two empty texts."""
        if echoes(text, briefing):
            return _ECHO, prompt_file("repair", self._language)["echo"]
        verdict = verify_sentence(text, cites, briefing, self._language)
        return ("", "") if verdict.accepted else (str(verdict.code), verdict.reason)


async def _together(works: list[Coroutine[Any, Any, None]]) -> None:
    """Runs all at a time. Where one fails the others are cancelled, and its error is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
