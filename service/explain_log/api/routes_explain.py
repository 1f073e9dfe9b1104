"""`POST /v1/explain`: a log in, a report out: at once, as a stream of events, or promised."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from explain_log.api.accept import chosen
from explain_log.api.body import ExplainRequest, Language, Posted, read_posted
from explain_log.api.explain import Explained, Wanted, language_of, notice_header
from explain_log.api.problems import Problem
from explain_log.api.schemas import Promised, may_refuse
from explain_log.api.service import Service
from explain_log.api.streaming import EVENT_STREAM, Emit, streamed, with_client
from explain_log.report import Report

_JSON = "application/json"
_BODY = {
    "requestBody": {
        "required": False,
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": "llm_load_tensors: offloaded 81/81 layers to GPU"},
            "application/json": {"schema": ExplainRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "log": {"type": "string", "format": "binary"},
                        "language": {"type": "string", "enum": ["auto", "zh", "en"]},
                        "model": {"type": "string", "maxLength": 200},
                        "llm": {"type": "string", "enum": ["true", "false"]},
                        "question": {"type": "string", "maxLength": 2000},
                    },
                    "additionalProperties": False,
                }
            },
        },
    }
}


def router(service: Service) -> APIRouter:
    """The operation of a service."""
    routes = APIRouter(tags=["explain"])
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
        202: {"model": Promised, "description": "Promised: Location says where the report will be."},
        **may_refuse(406, 408, 413, 415, 422),
    }

    @routes.post("/v1/explain", response_model=Report, responses=answers, openapi_extra=_BODY)
    async def explain(
        request: Request,
        language: Annotated[Language | None, Query(description="zh, en, or auto: by Accept-Language")] = None,
        llm: Annotated[bool | None, Query(description="false: rules only, no model is asked")] = None,
        model: Annotated[str | None, Query(max_length=200, description="an Ollama model")] = None,
        question: Annotated[str | None, Query(max_length=2000, description="answer this about the log")] = None,
        accept_language: Annotated[str, Header(include_in_schema=False)] = "",
        prefer: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        """Explains a log.

        Send the log as text/plain, as a file of multipart/form-data, or JSON with the field log; gzip and zstd are
        taken. The answer is the report. With `Accept: text/event-stream` it is a stream of the events report,
        statement, rejected, progress and done; with `Prefer: respond-async` it is 202 with the report's address.
        Where a model was to write the explanation and could not, the rules' text stands in and the header
        Explain-Log-Notice says why.
        """
        kind = chosen(request, (_JSON, EVENT_STREAM))
        posted = await read_posted(request, service.options)
        asked = posted.asked
        wanted = Wanted(
            language=language_of(language or asked.language, accept_language),
            name=posted.name,
            llm=(llm if llm is not None else asked.llm) is not False,
            model=model or asked.model,
            question=_whole(question or asked.question),
            owner=request.state.owner,
        )
        if "respond-async" in prefer.lower() and service.options.store:
            return await _promised(service, posted, wanted)
        if kind == EVENT_STREAM:
            service.workers.queue.refuse_if_full()  # while the status can still say so
            return _stream(service, posted, wanted)
        return await _at_once(request, service, posted, wanted)

    return routes


def _whole(question: str | None) -> str | None:
    """A question in one line; None where it is empty."""
    return " ".join((question or "").split()) or None


async def _at_once(request: Request, service: Service, posted: Posted, wanted: Wanted) -> Response:
    try:
        if not service.explainer.is_at_hand(posted.log, wanted):
            service.workers.queue.refuse_if_full()  # before anything is looked up for it: saying no must be cheap
        explained = await service.explainer.stored(posted.log, wanted)
        if explained is None:
            is_new = not service.explainer.asks_model(wanted)
            work = service.explainer.explain(posted.log, wanted, _nobody, is_new=is_new)
            explained = await with_client(request, work)
    finally:
        posted.log.close()
    return Response(explained.body, media_type=_JSON, headers=_headers(explained))


def _headers(explained: Explained) -> dict[str, str]:
    headers = notice_header(explained.notice)
    if explained.id is not None:
        headers["Content-Location"] = f"/v1/reports/{explained.id}"
    if explained.timing:
        rows = (f"{name};dur={seconds * 1000:.1f}" for name, seconds in explained.timing.items())
        headers["Server-Timing"] = ", ".join(rows)
    return headers


def _nobody(kind: str, payload: Any) -> None:
    """Who waits for the whole answer hears nothing before."""


def _stream(service: Service, posted: Posted, wanted: Wanted) -> Response:
    async def work(emit: Emit) -> None:
        try:
            explained = await service.explainer.explain(posted.log, wanted, emit)
        finally:
            posted.log.close()
        done = {"id": explained.id, "notice": explained.notice}
        emit("done", done)

    return streamed(work)


async def _promised(service: Service, posted: Posted, wanted: Wanted) -> Response:
    try:
        report_id = await service.runner.promise(posted.log, wanted)
    finally:
        posted.log.close()
    return await promise_response(service, report_id, {"Preference-Applied": "respond-async"})


async def promise_response(service: Service, report_id: str, headers: dict[str, str] | None = None) -> Response:
    """The answer while a report is not ready. Raises Problem where it failed; None of it is there: 404."""
    job = await service.jobs.find(report_id)
    position = 0 if job is None else await service.jobs.position(job)
    if job is not None and job.state == "failed":
        raise Problem(job.status, job.detail)
    state: Literal["queued", "running"] = "running" if job is None or job.state == "running" else "queued"
    queue = service.explainer.models
    seconds = queue.promised_seconds(position + queue.waiting if queue.running >= queue.slots else position)
    promised = Promised(id=report_id, state=state, position=position, promised_seconds=seconds)
    address = f"/v1/reports/{report_id}"
    retry = str(max(1, min(30, round(seconds / 4))))
    told = {"Location": address, "Retry-After": retry, **(headers or {})}
    return JSONResponse(promised.model_dump(), 202, told)
