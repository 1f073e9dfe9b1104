"""What the service knows, and what it says of a single line or of somebody's text."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request

from explain_log.api.body import Language, read_json
from explain_log.api.explain import Wanted, language_of
from explain_log.api.lines import all_pieces
from explain_log.api.problems import Problem
from explain_log.api.routes_reports import ready
from explain_log.api.schemas import KnownLine, LineRequest, Verification, VerifyRequest, may_refuse
from explain_log.api.service import Service
from explain_log.api.spool import RawLog
from explain_log.api.streaming import with_client
from explain_log.knowledge import load
from explain_log.redaction import Redactor
from explain_log.render import glossary, known_lines
from explain_log.render.sarif import rule

_MOST_LINES = 5000
_Accepted = Annotated[str, Header(alias="accept-language", include_in_schema=False)]
_Language = Annotated[Language | None, Query(description="zh, en, or auto: by Accept-Language")]


def router(service: Service) -> APIRouter:
    """The operations of a service."""
    routes = APIRouter(prefix="/v1", tags=["knowledge"])
    _add_lists(routes)
    _add_line(routes, service)
    _add_verify(routes, service)
    return routes


def _add_lists(routes: APIRouter) -> None:
    @routes.get("/terms", responses=may_refuse(422))
    def terms(language: _Language = None, accepted: _Accepted = "") -> list[dict[str, Any]]:
        """The glossary: each term's id, name and one sentence."""
        return glossary.all_terms(language_of(language, accepted))

    @routes.get("/terms/{term_id}", responses=may_refuse(404, 422))
    def term(term_id: str, language: _Language = None, accepted: _Accepted = "") -> dict[str, Any]:
        """One term, by its id or by what it is called."""
        entry = glossary.find_term(term_id, language_of(language, accepted))
        if entry is None:
            raise Problem(404, "there is no such term: GET /v1/terms lists them")
        return entry

    @routes.get("/statements", responses=may_refuse(422))
    def statements(
        search: Annotated[str, Query(max_length=200, description="words that each one holds")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        language: _Language = None,
        accepted: _Accepted = "",
    ) -> list[dict[str, Any]]:
        """The log lines that are known, with what they mean."""
        found = known_lines.search(search.split(), language_of(language, accepted))
        return [entry for place, entry in enumerate(found) if offset <= place < offset + limit]

    @routes.get("/findings", responses=may_refuse(422))
    def findings(language: _Language = None, accepted: _Accepted = "") -> list[dict[str, Any]]:
        """The findings that a report can have: id, severity, title."""
        chosen = language_of(language, accepted)
        return [_finding(finding_id, chosen) for finding_id in load().keys("findings")]


def _finding(finding_id: str, language: str) -> dict[str, Any]:
    record: Any = load().finding(finding_id)
    return {
        "id": finding_id,
        "severity": record["severity"],
        "benign": bool(record.get("benign")),
        "section": record.get("section"),
        "title": rule(finding_id, language)["shortDescription"]["text"],
        "terms": record.get("terms", []),
    }


def _add_line(routes: APIRouter, service: Service) -> None:
    body = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": LineRequest.model_json_schema()}}}
    }

    @routes.post("/line", response_model=list[KnownLine], responses=may_refuse(408, 413, 415, 422), openapi_extra=body)
    async def line(request: Request, accepted: _Accepted = "") -> list[dict[str, Any]]:
        """What each line of a text is and means."""
        asked = await read_json(request, service.options, LineRequest)
        texts = asked.text.replace("\r\n", "\n").split("\n")
        if len(texts) > _MOST_LINES:
            raise Problem(413, f"more than {_MOST_LINES} lines: POST /v1/explain takes whole logs")
        redactor = Redactor(load())
        shown = [(number, redactor.redact(text)) for number, text in enumerate(texts, 1) if text.strip()]
        header = {
            "task": "lines", "language": language_of(asked.language, accepted),
            "numbers": [number for number, _ in shown], "texts": [text for _, text in shown],
        }  # fmt: skip
        lines: list[dict[str, Any]] = (await with_client(request, service.workers.do(header)))[0]["lines"]
        return lines


def _add_verify(routes: APIRouter, service: Service) -> None:
    shape = VerifyRequest.described()
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": shape}}}}

    @routes.post(
        "/verify", response_model=Verification, responses=may_refuse(404, 408, 409, 413, 415, 422), openapi_extra=body
    )
    async def verify(request: Request) -> dict[str, Any]:
        """Checks anybody's text about a log: what holds, what the log contradicts, what it cannot tell."""
        asked = await read_json(request, service.options, VerifyRequest)
        if ("log" in asked.model_fields_set) == ("report" in asked.model_fields_set):
            raise Problem(422, "give either log, the text of the log, or report, the id of its report")
        return await with_client(request, _verified(service, request, asked))


async def _verified(service: Service, request: Request, asked: VerifyRequest) -> dict[str, Any]:
    if "report" in asked.model_fields_set:
        content = await ready(service, request, asked.report)
        pieces = await all_pieces(content, service.reports)
    else:
        log = RawLog(service.options.folder, service.options.most_bytes)
        try:
            log.add(asked.log.encode("utf-8", "replace"))
            log.end()
            wanted = Wanted("en", llm=False)
            content, _ = await service.explainer.parsed(log, wanted, "", lambda *_: None, bounded=True)
        finally:
            log.close()
        pieces = [data for _, data in content.lines]
    header = {"task": "verify", "answer": asked.answer}
    answer, _ = await service.workers.do(header, [content.report, *pieces])
    verification: dict[str, Any] = answer["verification"]
    return verification
