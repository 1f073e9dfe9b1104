"""Advice: a sentence may recommend only settings and values that a finding of the report offers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from explain_log.briefing import Briefing
from explain_log.checks.finding import Advice, Finding
from explain_log.narration.verifier.assigned import same_value
from explain_log.narration.verifier.claim_words import claim_words
from explain_log.narration.verifier.lexicon import lexicon
from explain_log.narration.verifier.verdict import Code, Judgement, Objection, Support

SETTING = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:(?:OLLAMA|CUDA|ROCR|HIP|HSA|GGML|LLAMA)_[A-Z][A-Z0-9_]*|--[a-z][a-z0-9\-]+|-[a-z]{1,4}(?![\w-])|num_[a-z]+"
    r"|keep_alive|use_mmap|main_gpu)"
)
_VALUE = re.compile(
    r" ?(?:= ?|(?:设为|设成|设置为|调整为|调为|调成|改为|改成|调到|设到|提高到|降低到|换成|to|at|of) ?"
    r"|(?:现在|目前|当前)?(?:被)?设(?:的是|成了|为了) ?"
    r"|(?:is|was|are|were) (?:currently |already |explicitly )?(?:set|switched|turned)(?: to)? )"
    r"([A-Za-z0-9_.:\-]+)",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"改成|改为|换成|\bchang(?:e|ing)\b|\bswitch(?:ing)?\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[。；;，,!?！？]|\. ")


def unoffered_settings(text: str, language: str, briefing: Briefing) -> Iterator[Judgement]:
    """A judgement for each setting that the sentence recommends: some finding has to offer it, with this value."""
    recommends = lexicon().advice[language]
    for start, clause in _clauses(text):
        for match in SETTING.finditer(clause):
            value = _VALUE.match(clause, match.end())
            assigned = value is not None and match[0].isupper() and clause[match.end() :].lstrip().startswith("=")
            if not assigned and not recommends.search(SETTING.sub("", clause)):
                continue
            shown = value[1].rstrip(".-:") if value else None
            span = (start + match.start(), start + match.end())
            changes = _CHANGES.search(clause) is not None
            if _is_offered(match[0], shown, briefing, recommended=changes):
                yield Support(*span)
            else:
                name = match[0] if shown is None else f"{match[0]}={shown}"
                yield Objection(Code.ADVICE, "ADVICE", {"setting": name}, *span)


def unoffered_actions(text: str, language: str, briefing: Briefing) -> Iterator[Judgement]:
    """A judgement for each thing to do that is no setting: some finding's advice has to name it too."""
    recommends = lexicon().advice[language]
    for start, clause in _clauses(text):
        if not recommends.search(clause):
            continue
        for first, last, actions in claim_words().actions.found(clause):
            if actions <= _actions_offered(briefing):
                yield Support(start + first, start + last)
            else:
                yield Objection(Code.ADVICE, "ADVICE", {"setting": clause[first:last]}, start + first, start + last)


def _actions_offered(briefing: Briefing) -> frozenset[str]:
    """What the findings of a report advise beside settings."""
    found: set[str] = set()
    for finding in briefing.report.findings:
        for advice in finding.advice:
            for text in (advice.action, advice.effect, advice.check, finding.detail):
                found |= claim_words().actions.all_ids(text)
    return frozenset(found)


def _clauses(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for match in _CLAUSE.finditer(text):
        yield start, text[start : match.start()]
        start = match.end()
    yield start, text[start:]


def _is_offered(setting: str, value: str | None, briefing: Briefing, *, recommended: bool = False) -> bool:
    """Whether some finding offers the setting with this value, or the log has it so."""
    for run in briefing.report.server_runs:
        if recommended or not value or setting not in run.config:
            continue
        if value == run.config[setting] or (not value.isdigit() and same_value(value, run.config[setting])):
            return True
    if any(f"{setting}={value}" in text for finding in briefing.report.findings for text in _told(finding)):
        return True
    offers = [advice for finding in briefing.report.findings for advice in finding.advice]
    return any(_offers(advice, setting, value) for advice in offers)


def _told(finding: Finding) -> list[str]:
    """What a finding says of the settings as they are."""
    return [finding.title, finding.detail, *(value for value in finding.values.values() if isinstance(value, str))]


def _offers(advice: Advice, setting: str, value: str | None) -> bool:
    texts = [advice.action, advice.command, advice.effect, advice.check, advice.undo]
    if setting != advice.setting and not any(_has(text, setting) for text in texts):
        return False
    return value is None or value == advice.value or any(_sets(text, setting, value) for text in texts)


def _sets(text: str, setting: str, value: str) -> bool:
    """Whether a text gives a setting this value."""
    pattern = rf"{re.escape(setting)}[^。；;.\n]{{0,16}}?(?<![\w.]){re.escape(value)}(?![\w]|\.\d)"
    return bool(re.search(pattern, text))


def _has(text: str, word: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(word)}(?![\w]|\.\d)", text))
