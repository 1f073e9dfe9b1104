"""The REST service: an app factory, so that tests and servers each make their own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.responses import HTMLResponse

from explain_log import __version__
from explain_log.api import problems
from explain_log.api.body import MOST_BYTES, ExplainRequest, Language, read_request
from explain_log.api.docs import POLICY, docs_page
from explain_log.api.explain import Explainer, language_of, notice_header
from explain_log.api.guard import LoopbackOnly
from explain_log.report import Report

_DESCRIPTION = "Explains logs of ollama serve and llama.cpp, correctly, in Chinese and English."
_PROBLEM = {"content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One line that says what is wrong and what to do."},
    },
    "required": ["type", "title", "status", "detail"],
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": "llm_load_tensors: offloaded 81/81 layers to GPU"},
            "application/json": {"schema": ExplainRequest.model_json_schema()},
        },
    }
}


def make_app(*, most_bytes: int = MOST_BYTES) -> FastAPI:
    """The service. most_bytes: how long a log may be."""
    app = FastAPI(title="explain-log", version=__version__, description=_DESCRIPTION, docs_url=None, redoc_url=None)
    app.add_middleware(LoopbackOnly)
    problems.install(app)
    _add_explain(app, most_bytes)
    _add_pages(app)
    return app


def _add_explain(app: FastAPI, most_bytes: int) -> None:
    explainer = Explainer()
    refusals: dict[int | str, dict[str, Any]] = {
        413: {"description": "The log is too long.", **_PROBLEM},
        415: {"description": "The body is neither text nor JSON.", **_PROBLEM},
        422: {"description": "The body or a parameter is not as described.", **_PROBLEM},
    }

    @app.post("/v1/explain", response_model=Report, responses=refusals, openapi_extra=_BODY, tags=["explain"])
    async def explain(
        request: Request,
        language: Annotated[Language | None, Query(description="zh, en, or auto: by Accept-Language")] = None,
        llm: Annotated[bool | None, Query(description="false: rules only, no model is asked")] = None,
        accept_language: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        """Explains a log.

        Send the log as text/plain, or JSON with the field log. The answer is the report. Where a model was to
        write the explanation and could not, the rules' text stands in and the header Explain-Log-Notice says why.
        """
        asked = await read_request(request, most_bytes)
        if llm is not None:
            asked.llm = llm
        chosen = language_of(language or asked.language, accept_language)
        report, notices = await explainer.explain(asked, chosen)
        return Response(report, media_type="application/json", headers=notice_header(notices))


def _add_pages(app: FastAPI) -> None:
    @app.get("/healthz", tags=["service"])
    async def healthz() -> dict[str, str]:
        """Whether the service runs."""
        return {"status": "ok", "version": __version__}

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()), headers={"Content-Security-Policy": POLICY})

    generated = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generated()
        schema["components"]["schemas"].setdefault("Problem", _PROBLEM_SCHEMA)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
