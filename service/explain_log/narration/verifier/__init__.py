"""Judges one sentence at a time: what it says must follow from what it cites.

Each module is one kind of question. All are asked in order; the first objection refuses the sentence.
"""

from __future__ import annotations

from explain_log.briefing import Briefing
from explain_log.narration.prompts import refusal
from explain_log.narration.verifier.evidence import gather
from explain_log.narration.verifier.language import wrong_language
from explain_log.narration.verifier.mentions import mentions
from explain_log.narration.verifier.names import name_spans, unknown_name
from explain_log.narration.verifier.numbers import wrong_number
from explain_log.narration.verifier.settings import unoffered_setting
from explain_log.narration.verifier.terms import misreading
from explain_log.narration.verifier.verdict import ACCEPTED, Code, Objection, Verdict
from explain_log.narration.verifier.vocabulary import vocabulary
from explain_log.narration.verifier.wording import mask, normalise

__all__ = ["ACCEPTED", "Code", "Objection", "Verdict", "verify_sentence"]


def verify_sentence(text: str, cites: list[str], briefing: Briefing, language: str) -> Verdict:
    """Whether a sentence may be shown, or why not."""
    objection = _objection(normalise(text), cites, briefing, language)
    if objection is None:
        return ACCEPTED
    return Verdict(accepted=False, code=objection.code, reason=refusal(language, objection.text, objection.names))


def _objection(text: str, cites: list[str], briefing: Briefing, language: str) -> Objection | None:
    if not cites:
        return Objection(Code.UNCITED, "UNCITED")
    known = vocabulary(briefing.report, briefing.knowledge)
    evidence = gather(cites, briefing, known)
    if evidence.missing:
        return Objection(Code.UNCITED, "UNCITED_ID", {"cite": evidence.missing[0]})
    masked = mask(text, name_spans(text, known))
    found = mentions(masked)
    without_quantities = mask(masked, [(mention.start, mention.end) for mention in found])
    return (
        misreading(text, cites, language, briefing.knowledge)
        or unknown_name(text, known)
        or wrong_language(without_quantities, language, known)
        or unoffered_setting(text, language, briefing)
        or wrong_number(text, masked, found, evidence, known)
    )
