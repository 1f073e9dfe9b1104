"""The explanation without a model: written from the findings' own texts, section by section."""

from __future__ import annotations

import re
from typing import Any

from explain_log.checks.finding import Finding, Observation, Unknown
from explain_log.checks.wording import Wording, fill, number
from explain_log.facts.models import Facts, ModelLoad
from explain_log.facts.record import gpu_devices
from explain_log.facts.selection import leading, serving
from explain_log.knowledge import Knowledge
from explain_log.narration.explanation import SECTIONS, Explanation, Section, Sentence
from explain_log.narration.gaps import gaps

MOST_ADVICE = 8
_BETWEEN_HAN = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")


class RulesNarrator:
    """Writes explanations in one language."""

    def __init__(self, knowledge: Knowledge, language: str, wording: Wording) -> None:
        self._table: Any = knowledge.table("narration")
        self._language = language
        self._wording = wording
        self._order = {finding: place for place, finding in enumerate(knowledge.keys("findings"))}

    def explain(
        self, facts: Facts, observations: list[Observation], unknowns: list[Unknown], recognised: int
    ) -> Explanation:
        """The whole explanation; sections without a sentence are left out."""
        crash = self._crash(observations)
        focus = leading(facts.loads, None if crash is None else crash.load)
        told = [o for o in observations if self._is_told(o, focus)]
        by_section: dict[str, list[Sentence]] = {name: [] for name in SECTIONS}
        by_section["summary"] = self._summary(facts, focus, crash, told, recognised)
        # The order of the texts in knowledge/findings is the order in which they read well.
        for observation in sorted(told, key=lambda o: (self._order[o.id], o.load or 0)):
            text = self._wording.say(observation)
            finding = self._wording.finding(observation, facts)
            if text is not None:
                by_section[finding.section].append(Sentence(text, _cites(finding)))
        by_section["advice"] += self._advice(facts, told)
        by_section["unknown"] += self._unknown(facts, focus, unknowns)
        headings = self._table["headings"][self._language]
        sections = [Section(name, headings[name], by_section[name]) for name in SECTIONS if by_section[name]]
        return Explanation(self._language, sections=sections)

    @staticmethod
    def _is_told(observation: Observation, focus: ModelLoad | None) -> bool:
        """About the log, the load in focus, or a vocab-only pass right beside it."""
        if observation.load is None or focus is None or observation.load == focus.index:
            return True
        return observation.id == "load.vocab_only" and abs(observation.load - focus.index) == 1

    @staticmethod
    def _crash(observations: list[Observation]) -> Observation | None:
        """The last failure of a model that had been loaded and was serving."""
        crashes = [o for o in observations if o.values.get("phase") == "serving"]
        return max(crashes, key=lambda o: max(o.lines, default=0), default=None)

    def _summary(
        self, facts: Facts, focus: ModelLoad | None, crash: Observation | None, told: list[Observation], recognised: int
    ) -> list[Sentence]:
        texts = self._table["summary"][self._language]
        if focus is None:
            return [Sentence(texts["no_load" if recognised else "nothing"], [])]
        failed_later = self._serving_failed(facts, focus, crash, texts)
        sentences = [*failed_later]
        served = serving(facts.loads)
        if len(served) > 1:
            failed = sum(load.outcome == "failed" for load in served)
            omitted = facts.loads_omitted
            values: dict[str, Any] = {
                "loads": len(served) + (omitted.served if omitted else 0),
                "failed": failed + (omitted.failed if omitted else 0),
                "index": focus.index,
            }
            cites = [f"fact:loads.{load.index}.outcome" for load in served]
            crashed = crash is not None and crash.load == focus.index
            text = texts["many" if focus is served[-1] else "many_crashed" if crashed else "many_failed"]
            sentences.append(Sentence(fill(text, values, self._language), cites))
        # Who reads that it failed later need not read first that it takes requests.
        return [*sentences, *self._outcome(focus, told, texts)[1 if failed_later else 0 :]]

    def _serving_failed(
        self, facts: Facts, focus: ModelLoad, crash: Observation | None, texts: dict[str, str]
    ) -> list[Sentence]:
        """What went wrong after the load, unless a later load failed and is the news."""
        if crash is None or (crash.load != focus.index and focus.outcome == "failed"):
            return []
        finding = self._wording.finding(crash, facts)
        values: dict[str, Any] = {**crash.values, "model": self._model(focus, texts), "what": finding.title}
        text = fill(texts["crashed" if crash.load is not None else "crashed_one_of"], values, self._language)
        cites = [f"fact:loads.{focus.index}.{path}" for path in self._told_of(focus)] if crash.load is not None else []
        return [Sentence(text.replace("） ", "）"), [*_cites(finding), *cites])]

    def _outcome(self, load: ModelLoad, told: list[Observation], texts: dict[str, str]) -> list[Sentence]:
        """What happened: which model, where, and the numbers that matter most."""
        gpus = [d for d in gpu_devices(load) if d.model_mib or d.kv_mib]
        values: dict[str, Any] = {
            "model": self._model(load, texts),
            "gpus": len(gpus),
            "device": gpus[0].device if gpus else "",
            "error": load.error.message.rstrip(".。") if load.error else "",
        }
        on_cpu = load.devices and (not gpu_devices(load) or any(d.model_mib for d in load.devices))
        on_cpu = on_cpu and not (not gpus and any(d.compute_mib for d in gpu_devices(load)))
        place = "_gpus" if len(gpus) > 1 else "_gpu" if gpus else "_cpu" if on_cpu else ""
        key = f"ready{place}" if load.outcome == "ready" else load.outcome
        prefix = f"fact:loads.{load.index}"
        findings = [
            f"finding:{o.id}@{o.load}" for o in told if o.id in ("offload.full", "offload.partial", "memory.total")
        ]
        cites = [f"{prefix}.{path}" for path in self._told_of(load)]
        if load.error:
            cites.append(f"line:{load.error.line}")
        text = _BETWEEN_HAN.sub("", fill(texts[key], values, self._language).replace("） ", "）"))
        sentences = [Sentence(text, cites + findings)]
        total = next((o for o in told if o.id == "memory.total"), None)
        context = load.context
        if load.outcome == "ready" and context.n_ctx_per_seq and context.n_seq_max:
            numbers: dict[str, Any] = {"n_ctx_per_seq": context.n_ctx_per_seq, "n_seq_max": context.n_seq_max}
            cites = [f"{prefix}.context.n_ctx_per_seq", f"{prefix}.context.n_seq_max"]
            key = "numbers_cpu"
            if total is not None and gpus and load.load_seconds is not None:
                numbers |= {"gpu_mib": total.values["gpu_mib"], "seconds": load.load_seconds}
                cites += [f"finding:memory.total@{load.index}", f"{prefix}.load_seconds"]
                # Where a kind of buffer is not in the log, nobody knows how much VRAM is in use.
                key = "numbers_load" if total.variant == "incomplete" else "numbers"
            key += "_one" if context.n_seq_max == 1 else ""
            sentences.append(Sentence(fill(texts[key], numbers, self._language), cites))
        return sentences

    @staticmethod
    def _told_of(load: ModelLoad) -> list[str]:
        """The paths of what is said of a load first."""
        return ["outcome", *(f"model.{n}" for n in ("name", "params", "file_type") if getattr(load.model, n))]

    def _model(self, load: ModelLoad, texts: dict[str, str]) -> str:
        model = load.model
        if not model.name:
            return texts["the_model"]
        if model.params is None or model.file_type is None:
            return model.name
        values: dict[str, Any] = {"name": model.name, "params": _params(model.params), "file_type": model.file_type}
        return fill(texts["what_model"], values, self._language)

    def _advice(self, facts: Facts, told: list[Observation]) -> list[Sentence]:
        """What to change, in order of use, with what it costs and gains here; each action once."""
        ranked = [
            (rank, advice, observation)
            for observation in told
            for rank, _, advice in self._wording.ranked_advice(observation, facts)
        ]
        sentences, seen = [], set()
        for _, advice, observation in sorted(ranked, key=lambda r: r[0]):
            if advice.action in seen:
                continue
            seen.add(advice.action)
            finding = self._wording.finding(observation, facts)
            separator = "" if self._language == "zh" else " "
            sentences.append(Sentence(advice.action + separator + advice.effect, _cites(finding)))
        return sentences[:MOST_ADVICE]

    def _unknown(self, facts: Facts, focus: ModelLoad | None, unknowns: list[Unknown]) -> list[Sentence]:
        sentences = [Sentence(gap[self._language], []) for gap in gaps(self._table["gap"], facts, focus)]
        missing = self._table["missing"]
        says = self._table["missing_says"]
        if focus is None or focus.outcome != "ready" or not focus.devices:
            return sentences
        how = says["how_llama" if facts.server_runs and facts.server_runs[-1].product == "llama.cpp" else "how_ollama"]
        paths = [path for unknown in unknowns if unknown.load == focus.index for path in unknown.missing]
        names = [missing[path][self._language] for path in dict.fromkeys(paths) if path in missing]
        if names:
            values: dict[str, Any] = {"what": ", ".join(names), "how": how}
            sentences.append(Sentence(fill(says[self._language], values, self._language), []))
        return sentences


def _cites(finding: Finding) -> list[str]:
    """The finding, the facts in its formula, and the terms it is about."""
    facts = list(dict.fromkeys((finding.operands or {}).values()))
    return [finding.fact_id, *facts[:6], *(f"term:{term}" for term in finding.terms[:3])]


def _params(params: float) -> str:
    """70.55e9 as `70.55B`."""
    for scale, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if params >= scale:
            return f"{number(params / scale, 2)}{unit}"
    return number(params, 0)
