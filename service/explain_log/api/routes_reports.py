"""`/v1/reports/{id}`: a kept report in each format, its lines, questions about it, and its end."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from explain_log.api.accept import chosen
from explain_log.api.answering import answered
from explain_log.api.body import Language, read_json
from explain_log.api.explain import Explained, Wanted, language_of, notice_header, with_id
from explain_log.api.formats import MEDIA_TYPES
from explain_log.api.lines import lines_of
from explain_log.api.problems import Problem
from explain_log.api.routes_explain import promise_response
from explain_log.api.schemas import Answer, KnownLine, Promised, Question, may_refuse
from explain_log.api.service import Service
from explain_log.api.streaming import EVENT_STREAM, Emit, streamed, with_client
from explain_log.render.html.page import policy, style_text
from explain_log.report import Report
from explain_log.store import Content, NotKeptError

_ID = re.compile(r"[0-9a-f]{32}")
_MOST_LINE = 2**31 - 1


class _Convertor(StringConvertor):
    """What an id can be: other paths match no route, whatever stands in them."""

    regex = "[0-9a-f]{32}"


register_url_convertor("report", _Convertor())
ReportId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="as in the report's field id")]
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def router(service: Service) -> APIRouter:
    """The operations of a service."""
    routes = APIRouter(prefix="/v1/reports", tags=["reports"])
    _add_formats(routes, service)
    _add_lines(routes, service)
    _add_ask(routes, service)
    _add_explain(routes, service)
    return routes


def _add_formats(routes: APIRouter, service: Service) -> None:
    for kind, media_type in MEDIA_TYPES.items():
        _add_format(routes, service, kind, media_type)
    promised: dict[int | str, dict[str, Any]] = {202: {"model": Promised}, **may_refuse(404, 406, 422)}
    media_types = {kind.partition(";")[0]: name for name, kind in MEDIA_TYPES.items()}

    @routes.get("/{report_id:report}", response_model=Report, responses=promised)
    async def report(request: Request, report_id: ReportId, language: _Other = None) -> Response:
        """The report, in the format that Accept names; JSON where it names none."""
        return await _shown(service, request, report_id, media_types[chosen(request, tuple(media_types))], language)

    @routes.delete("/{report_id:report}", status_code=204, responses=may_refuse(404, 422))
    async def delete(request: Request, report_id: ReportId) -> Response:
        """Drops the report. The data goes with the last report of the same log."""
        await owned(service, request, report_id)
        await service.runner.cancel(report_id)
        if not await service.reports.delete(report_id):
            raise _no_report()
        return Response(status_code=204)


_Other = Annotated[Language | None, Query(description="the report's language; the other one has the rules' text")]


def _add_format(routes: APIRouter, service: Service, kind: str, media_type: str) -> None:
    plain = media_type.partition(";")[0]
    schema: dict[str, Any] = {} if kind in ("json", "sarif") else {"type": "string"}
    if kind == "png":
        schema["format"] = "binary"
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {plain: {"schema": schema}}, "description": f"The report as {kind}."},
        202: {"model": Promised}, **may_refuse(404, 413, 422),
    }  # fmt: skip

    @routes.get(
        f"/{{report_id:report}}.{kind}", response_class=Response, responses=answers, operation_id=f"report_{kind}"
    )
    async def report(request: Request, report_id: ReportId, language: _Other = None) -> Response:
        """The report in this format."""
        return await _shown(service, request, report_id, kind, language)


async def owned(service: Service, request: Request, report_id: str) -> str | None:
    """The key of a report's content, None while it is not ready. Raises Problem 404 for what is not this key's."""
    pointer = await service.reports.pointer(report_id) if _ID.fullmatch(report_id) else None
    if pointer is None or (request.state.keys_on and pointer.owner != request.state.owner):
        raise _no_report()
    request.state.notice = pointer.notice
    if await service.jobs.find(report_id) is not None:
        return None
    return pointer.content_key


async def ready(service: Service, request: Request, report_id: str) -> Content:
    """A report's content. Raises Problem 404, and 409 while it is not ready."""
    key = await owned(service, request, report_id)
    if key is None:
        await promise_response(service, report_id)  # raises what it failed of
        raise Problem(409, "the report is not ready yet: try again soon", retry_after=2)
    try:
        return await service.reports.content(key)
    except NotKeptError:
        raise _no_report() from None


async def _in_language(service: Service, content: Content, language: str | None) -> Content:
    """The report in the language that was asked for."""
    if language not in ("zh", "en") or language == content.language:
        return content
    return replace(content, report=await service.explainer.other_of(content), other=content.report, language=language)


def _no_report() -> Problem:
    return Problem(404, "there is no such report: it was deleted, is too old, or belongs to another key")


async def _shown(service: Service, request: Request, report_id: str, kind: str, language: str | None) -> Response:
    key = await owned(service, request, report_id)
    if key is None:
        return await promise_response(service, report_id)
    try:
        content = await service.reports.content(key)
    except NotKeptError:
        raise _no_report() from None
    reports = [content.report]
    switched = language in ("zh", "en") and language != content.language
    if switched or kind == "html":
        reports.insert(0 if switched else 1, await service.explainer.other_of(content))
    blobs = [with_id(report, report_id) for report in reports]
    headers = notice_header(request.state.notice)
    if kind == "json":
        return Response(blobs[0], media_type="application/json", headers=headers)
    if kind == "png":
        _check_png()
    header = {"task": "render", "format": kind}
    page = (await with_client(request, service.workers.do(header, blobs)))[1][0]
    if kind == "html":
        headers["Content-Security-Policy"] = policy(style_text()) + "; frame-ancestors 'self'"
        headers["X-Frame-Options"] = "SAMEORIGIN"
    elif kind == "svg":
        headers["Content-Security-Policy"] = _PICTURE_POLICY
    return Response(page, media_type=MEDIA_TYPES[kind], headers=headers)


def _check_png() -> None:
    from importlib.util import find_spec

    if find_spec("resvg_py") is None:
        raise Problem(406, "this service has no PNG: pip install 'explain-log[png]' adds it; .svg is there")


def _add_lines(routes: APIRouter, service: Service) -> None:
    @routes.get("/{report_id:report}/lines", response_model=list[KnownLine], responses=may_refuse(404, 409, 422))
    async def lines(
        request: Request,
        report_id: ReportId,
        first: Annotated[int, Query(alias="from", ge=1, le=_MOST_LINE)] = 1,
        last: Annotated[int, Query(alias="to", ge=1, le=_MOST_LINE)] = _MOST_LINE,
        language: _Other = None,
    ) -> list[dict[str, Any]]:
        """Lines of the log, redacted, each with what it means and the findings that rest on it; 2000 at most."""
        content = await ready(service, request, report_id)
        shown = language if language in ("zh", "en") else content.language
        return await with_client(request, lines_of(content, first, last, shown, service.reports, service.workers))


def _add_ask(routes: APIRouter, service: Service) -> None:
    body = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": Question.model_json_schema()}}}
    }
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
        **may_refuse(404, 406, 408, 409, 413, 415, 422),
    }

    @routes.post("/{report_id:report}/ask", response_model=Answer, responses=answers, openapi_extra=body)
    async def ask(
        request: Request, report_id: ReportId, accept_language: Annotated[str, Header(include_in_schema=False)] = ""
    ) -> Response:
        """Answers a question about the log, grounded as the explanation is; with text/event-stream as it is written."""
        kind = chosen(request, ("application/json", EVENT_STREAM))
        question = await read_json(request, service.options, Question)
        content = await ready(service, request, report_id)
        content = await _in_language(service, content, question.language)
        language = language_of(content.language, accept_language)
        if kind == EVENT_STREAM:

            async def work(emit: Emit) -> None:
                answer = await answered(service, content, question, language, emit)
                emit("done", answer.model_dump())

            return streamed(work)
        answer = await with_client(request, answered(service, content, question, language, lambda *_: None))
        return Response(answer.model_dump_json(), media_type="application/json", headers=notice_header(answer.notice))


def _add_explain(routes: APIRouter, service: Service) -> None:
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
        **may_refuse(404, 406, 409, 422),
    }

    @routes.post("/{report_id:report}/explain", response_model=Report, responses=answers)
    async def explain(
        request: Request,
        report_id: ReportId,
        language: _Other = None,
        model: Annotated[str | None, Query(max_length=200, description="an Ollama model")] = None,
    ) -> Response:
        """Has a model write the explanation of a kept report that the rules wrote.

        As where the log was posted: the report, or with text/event-stream the events statement, rejected, progress and
        done. What a model has written is not written again.
        """
        kind = chosen(request, ("application/json", EVENT_STREAM))
        content = await _in_language(service, await ready(service, request, report_id), language)
        wanted = Wanted(content.language, model=model, owner=request.state.owner)
        explained = Explained(content, report_id)
        if kind == EVENT_STREAM:

            async def work(emit: Emit) -> None:
                written = await service.explainer.written(explained, wanted, emit)
                emit("done", {"id": report_id, "notice": written.notice})

            return streamed(work)
        written = await with_client(request, service.explainer.written(explained, wanted, lambda *_: None))
        return Response(written.body, media_type="application/json", headers=notice_header(written.notice))
