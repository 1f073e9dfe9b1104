"""Findings of loads that a long log's report leaves out: they are counted with the same findings of the others."""

from __future__ import annotations

from explain_log.checks.finding import Observation
from explain_log.checks.registry import run_checks
from explain_log.facts.models import Facts, ModelLoad


class Occurrences:
    """Takes the loads that are left out, one by one, before they are let go."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, tuple[Observation, dict[int, str]]] = {}

    def take(self, load: ModelLoad, facts: Facts) -> None:
        """Counts the findings about a load; facts hold it alone, with its events."""
        for observation in run_checks(facts)[0]:
            if observation.load != load.index:
                continue
            name = observation.id
            self._counts[name] = self._counts.get(name, 0) + 1
            texts = {line: facts.texts[line] for line in observation.lines if line in facts.texts}
            self._examples[name] = (observation, texts)

    def hand_over(self, facts: Facts) -> None:
        """Puts an example of each finding where it is redacted with the other facts; its load is not in the report."""
        for observation, texts in self._examples.values():
            observation.load = None
            observation.operands = {}
            facts.omitted_examples.append(observation)
            for line, text in texts.items():
                facts.texts.setdefault(line, text)

    def count(self, observations: list[Observation], facts: Facts) -> None:
        """Writes into the last finding of each kind how often it occurs in all; adds those that no other load has."""
        for example in facts.omitted_examples:
            same = [one for one in observations if one.id == example.id and one.load is not None]
            if not same:
                observations.append(example)
            (same or [example])[-1].values["occurrences"] = self._counts[example.id] + len(same)
