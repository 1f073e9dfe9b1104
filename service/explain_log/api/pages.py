"""The web page of the service: the page itself, its files, and the markup of a report that it shows."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Cookie, Header, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import RootModel, ValidationError

from explain_log.api.body import read_json
from explain_log.api.explain import language_of
from explain_log.api.problems import Problem
from explain_log.api.routes_reports import ReportId, ready
from explain_log.api.service import Service
from explain_log.api.streaming import with_client
from explain_log.api.tasks import report_of
from explain_log.render.html.app import app_page

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types explain-log"
)
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".log": "text/plain"}
_EXAMPLE = "deepseek-r1-70b-8gpu.log"

_Language = Annotated[Literal["zh", "en"] | None, Query()]


class _Posted(RootModel[dict[str, Any]]):
    """A report as JSON."""


def router(service: Service) -> APIRouter:
    """The page of a service. None of it is part of the API."""
    routes = APIRouter(include_in_schema=False)
    _add_page(routes, service)
    _add_part(routes, service)

    @routes.get("/static/{name:path}")
    def static(name: str) -> Response:
        found = _files().get(name)
        if found is None:
            raise Problem(404, "there is no such file")
        return Response(found[1], media_type=found[0])

    return routes


def _add_page(routes: APIRouter, service: Service) -> None:
    options = service.options
    settings: dict[str, object] = {
        "llm": options.llm,
        "store": options.store,
        "days": round(options.days),
        "most_bytes": options.most_bytes,
    }

    @routes.get("/r/{report_id}")
    @routes.get("/")
    def page(
        lang: _Language = None,
        explain_log_language: Annotated[str | None, Cookie()] = None,
        accept_language: Annotated[str, Header()] = "",
    ) -> HTMLResponse:
        language = language_of(lang or explain_log_language, accept_language)
        return HTMLResponse(app_page(language, settings), headers={"Content-Security-Policy": POLICY})


def _add_part(routes: APIRouter, service: Service) -> None:
    @routes.get("/r/{report_id}/part")
    async def part(request: Request, report_id: ReportId, language: _Language = None) -> Response:
        content = await ready(service, request, report_id)
        switched = language not in (None, content.language)
        return await _part(request, await service.explainer.other_of(content) if switched else content.report)

    @routes.post("/part")
    async def part_of(request: Request) -> Response:
        """For a report that is not kept: the page has it, and asks what it looks like."""
        posted = await read_json(request, service.options, _Posted)
        return await _part(request, await to_thread.run_sync(_checked, posted))

    async def _part(request: Request, report: bytes) -> Response:
        work = service.workers.do({"task": "render", "format": "part"}, [report])
        return Response((await with_client(request, work))[1][0], media_type="text/html")


def _checked(posted: _Posted) -> bytes:
    """The report, if it is one. Raises Problem 422."""
    report = json.dumps(posted.root).encode()
    try:
        report_of(report)
    except ValidationError as error:
        raise Problem(422, "the body is not a report") from error
    return report


@lru_cache(maxsize=1)
def _files() -> dict[str, tuple[str, bytes]]:
    """The page's files by their names: (type, content). There are no others, whatever a path says."""
    found = {}
    folder = Path(str(files("explain_log").joinpath("web", "static")))
    checkout = Path(__file__).resolve().parents[3] / "examples" / _EXAMPLE
    for path in [*folder.rglob("*"), checkout]:
        if path.suffix in _KINDS and path.is_file():
            name = "example.log" if path == checkout else path.relative_to(folder).as_posix()
            found[name] = (_KINDS[path.suffix], path.read_bytes())
    return found
