"""`explain-log verify ANSWER --log FILE`: what in somebody's explanation of a log is true."""

from __future__ import annotations

import json
import sys

from explain_log.cli import ANSWERED, CONTRADICTED, streams
from explain_log.cli.pages import write_blocks
from explain_log.cli.settings import Settings
from explain_log.errors import InputError
from explain_log.lines import Origin, parse_origin
from explain_log.lines.source import decoded_blocks
from explain_log.narration.verifier.answers import language_of
from explain_log.pipeline import make_report, report_of_text
from explain_log.render.verification import verification_blocks, verification_markdown
from explain_log.render.words import Words
from explain_log.verification import MOST_ANSWER_CHARACTERS, Verification, verify_answer

_STANDARD_INPUT = "-"
_MOST_LOG_BYTES = 64 * 1024 * 1024
"""Of a larger log only the lines that findings show can be quoted: its text is not held in memory."""


def verify(answer: str, settings: Settings) -> int:
    """Checks an explanation against a log; the exit status tells whether something is contradicted.

    Raises InputError for inputs that cannot be read, and where both would come from standard input.
    """
    log = settings.text("log")
    if not log:
        raise InputError("verify.no_log")
    if answer == log == _STANDARD_INPUT:
        raise InputError("verify.both_standard_input")
    if sys.stdin is None and _STANDARD_INPUT in (answer, log):
        raise InputError("error.no_input")
    text = _text_of(parse_origin(answer))
    if len(text) > MOST_ANSWER_CHARACTERS:
        raise InputError("verify.answer_too_long", name=answer, most=MOST_ANSWER_CHARACTERS)
    language = language_of(text) if settings.text("lang") == "auto" else settings.language
    verification = _verified(text, log, language)
    _show(verification, settings)
    if not verification.claims:
        streams.say(Words(settings.language)("verify.no_claims", name=answer))
    return CONTRADICTED if verification.summary["contradicted"] else ANSWERED


def _verified(answer: str, log: str, language: str) -> Verification:
    origin = parse_origin(log)
    if log == _STANDARD_INPUT:
        text = _text_of(origin)
        return verify_answer(answer, report_of_text(text, language), text)
    report = make_report([origin], language)
    small = report.source.bytes <= _MOST_LOG_BYTES
    return verify_answer(answer, report, _text_of(parse_origin(log)) if small else None)


def _text_of(origin: Origin) -> str:
    return "".join(decoded_blocks(origin))


def _show(verification: Verification, settings: Settings) -> None:
    words = Words(settings.language)
    if settings.text("format") == "json":
        streams.write(json.dumps(verification.as_json(), ensure_ascii=False, indent=2) + "\n")
    elif settings.text("format") == "markdown":
        streams.write(verification_markdown(verification, words))
    else:
        write_blocks(verification_blocks(verification, words, streams.width()), settings)
