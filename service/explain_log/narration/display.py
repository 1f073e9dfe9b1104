"""Shows sections in their order while they are written in any order, and adds what the rules have to say."""

from __future__ import annotations

from collections.abc import Callable

from explain_log.answers import answered_by_rules
from explain_log.briefing import ANSWER
from explain_log.citations import finding_at
from explain_log.narration.explanation import Explanation, Section, Sentence
from explain_log.narration.prompts import problem
from explain_log.narration.task import Task
from explain_log.report import Report

OnEvent = Callable[[str, object], None]

_TOLD_ANYWAY = ("error", "warning", "notice")


class Display:
    """The sentences of a narration on their way to a reader.

    Nothing is shown before the first usable answer: without one, the caller shows all of the rules' text.
    """

    def __init__(self, report: Report, tasks: list[Task], question: str | None, on_event: OnEvent) -> None:
        self.result = Explanation(report.language)
        self.has_begun = False
        self._report = report
        self._tasks = tasks
        self._question = question
        self._on_event = on_event
        self._at = 0
        self._shown = 0

    def begin(self) -> None:
        """An answer was usable: from now on sentences are shown."""
        self.has_begun = True
        self.advance()

    def advance(self) -> None:
        """Shows what can be shown: of the section that is due what there is, and what follows where it is done."""
        while self.has_begun and self._at < len(self._tasks):
            task = self._tasks[self._at]
            for sentence in task.accepted[self._shown :]:
                self._on_event("sentence", (task.section.id, sentence))
            self._shown = len(task.accepted)
            if not task.done:
                return
            self._finish(task)
            self._at, self._shown = self._at + 1, 0

    def _finish(self, task: Task) -> None:
        """Closes a section: what the model left out or got wrong is said in the rules' words."""
        if task.problem is not None:
            names = {"section": task.section.heading, "error": str(task.problem)}
            self._on_event("problem", problem(self._report.language, "section", **names))
        missing = self._missing(task)
        if task.section.id == ANSWER and not task.accepted:
            asked = task.briefing.asked if task.briefing else None
            missing = answered_by_rules(self._question or "", self._report, asked)
        for sentence in missing:
            self._on_event("sentence", (task.section.id, sentence))
        said = [*task.accepted, *missing]
        if said:
            self.result.sections.append(Section(task.section.id, task.section.heading, said))

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


def _is_covered(sentence: Sentence, cited: set[str]) -> bool:
    """Whether what a rules' sentence is about has been said: its findings, or half of its facts."""
    findings = {cite for cite in sentence.cites if cite.startswith("finding:")}
    if findings:
        return findings <= cited
    facts = {cite for cite in sentence.cites if cite.startswith("fact:")}
    return bool(facts) and 2 * len(facts & cited) >= len(facts)
