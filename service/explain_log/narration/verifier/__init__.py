"""Judges what is said of a log, claim by claim: a model's sentences with their cites, or anybody's text.

Each module is one kind of question. `verify_sentence` refuses at the first objection; `judge_text` tells all.
"""

from __future__ import annotations

from collections.abc import Sequence

from explain_log.briefing import Briefing
from explain_log.narration.prompts import refusal
from explain_log.narration.verifier.answers import judge_text
from explain_log.narration.verifier.questions import objections
from explain_log.narration.verifier.quotes import plain
from explain_log.narration.verifier.verdict import ACCEPTED, Claim, Code, Objection, Verdict

__all__ = ["ACCEPTED", "Claim", "Code", "Objection", "Verdict", "judge_text", "verify_sentence"]


def verify_sentence(
    text: str, cites: list[str], briefing: Briefing, language: str, lines: Sequence[str] = ()
) -> Verdict:
    """Whether a model's sentence may be shown, or why not.

    cites: the ids that it rests on.  lines: log lines that may be quoted beside those that findings show.
    """
    objection = next(objections(text, cites, briefing, language, [plain(line) for line in lines]), None)
    if objection is None:
        return ACCEPTED
    return Verdict(accepted=False, code=objection.code, reason=refusal(language, objection.text, objection.names))
