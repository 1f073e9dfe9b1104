"""The REST service: an app factory, so that tests and servers each make their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from explain_log import __version__
from explain_log.api import (
    pages,
    problems,
    routes_explain,
    routes_knowledge,
    routes_openai,
    routes_reports,
    routes_service,
    routes_session,
)
from explain_log.api.access import Access
from explain_log.api.docs import POLICY, docs_page
from explain_log.api.guard import Guard
from explain_log.api.options import ServiceOptions
from explain_log.api.schemas import PROBLEM_SCHEMA
from explain_log.api.service import Service

_DESCRIPTION = "Explains logs of ollama serve and llama.cpp, correctly, in Chinese and English."
_ROUTERS = (routes_explain, routes_reports, routes_knowledge, routes_openai, routes_session, routes_service, pages)


def make_app(options: ServiceOptions | None = None) -> FastAPI:
    """The service; `app.state.service` has its parts. Raises InputError where the database's URL is none."""
    service = Service(options or ServiceOptions())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await service.start()
            yield
        finally:
            await service.close()

    app = FastAPI(
        title="explain-log", version=__version__, description=_DESCRIPTION, docs_url=None, redoc_url=None,
        lifespan=lifespan,
    )  # fmt: skip
    app.state.service = service
    app.add_middleware(Access, options=service.options, keys=service.keys, sessions=service.sessions)
    app.add_middleware(Guard, options=service.options, metrics=service.metrics)
    problems.install(app)
    for module in _ROUTERS:
        app.include_router(module.router(service))
    _add_docs(app)
    return app


def _add_docs(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()), headers={"Content-Security-Policy": POLICY})

    generated = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generated()
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {}).setdefault("Problem", PROBLEM_SCHEMA)
        components.setdefault("securitySchemes", {}).setdefault("key", {"type": "http", "scheme": "bearer"})
        schema.setdefault("security", [{}, {"key": []}])
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
