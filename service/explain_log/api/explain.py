"""`POST /v1/explain`: a log in, a report out."""

from __future__ import annotations

from urllib.parse import quote

from anyio import CapacityLimiter, to_thread

from explain_log.api.body import ExplainRequest
from explain_log.errors import ModelUnavailable
from explain_log.narration.explain import ModelOptions, narrate
from explain_log.narration.options import default_host, remote_is_allowed
from explain_log.pipeline import report_of_text
from explain_log.report import Report, report_text

NOTICE = "Explain-Log-Notice"
"""Header that says, percent-encoded, why the rules wrote what a model was to write."""

_AT_ONCE = 4


class Explainer:
    """Explains logs, so many at a time."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None

    async def explain(self, asked: ExplainRequest, language: str) -> tuple[str, list[str]]:
        """The report as JSON text, and what a reader should know about how it came about."""
        if self._limiter is None:  # belongs to the event loop that serves
            self._limiter = CapacityLimiter(_AT_ONCE)
        report = await to_thread.run_sync(report_of_text, asked.log, language, limiter=self._limiter)
        notices: list[str] = []
        if asked.llm is not False and report.source.recognised_lines:
            await _let_a_model_write(report, asked, language, notices)
        return await to_thread.run_sync(report_text, report, limiter=self._limiter), notices


async def _let_a_model_write(report: Report, asked: ExplainRequest, language: str, notices: list[str]) -> None:
    def on_event(kind: str, payload: object) -> None:
        if kind == "problem":
            notices.append(str(payload))

    options = ModelOptions(
        model=asked.model,
        host=default_host(),
        allow_remote=remote_is_allowed(),
        question=asked.question,
        language=language,
    )
    try:
        report.explanation = await narrate(report, options, on_event)
    except ModelUnavailable as error:
        notices.append(str(error))


def notice_header(notices: list[str]) -> dict[str, str]:
    """The notices as a header, or none."""
    return {NOTICE: quote("; ".join(notices)[:2000], safe=" :/.,;()-")} if notices else {}


def language_of(asked: str | None, accepted: str) -> str:
    """ "zh" or "en": what was asked for, else the first of Accept-Language that is one of them."""
    if asked in ("zh", "en"):
        return str(asked)
    for part in accepted.lower().split(","):
        tag = part.partition(";")[0].strip()
        if tag.startswith(("zh", "en")):
            return tag[:2]
    return "en"
