"""Errors as `application/problem+json` (RFC 9457): one line each, never a trace."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from explain_log.errors import ExplainLogError, InputError

_PARAMETERS = {"{report_id}": "[0-9a-f]{32}"}
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer other than success, with the line that says what to do. retry_after: in seconds."""

    def __init__(self, status: int, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after

    def document(self) -> dict[str, Any]:
        """As JSON."""
        title = HTTPStatus(self.status).phrase
        again = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **again}

    def response(self) -> JSONResponse:
        """As an answer."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == HTTPStatus.REQUEST_TIMEOUT:  # the rest of a body that nobody waits for
            headers["Connection"] = "close"
        return JSONResponse(self.document(), self.status, headers, MEDIA_TYPE)


def problem_response(status: int, detail: str) -> JSONResponse:
    """A problem document."""
    return Problem(status, detail).response()


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        response = problem_response(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # each route knows its own method only
            response.headers["Allow"] = ", ".join(_allowed(app, request.url.path))
        return response

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        return problem_response(422, f"{where}: {first['msg']}")

    @app.exception_handler(ExplainLogError)
    async def _ours(_: Request, error: ExplainLogError) -> JSONResponse:
        return problem_response(400 if isinstance(error, InputError) else 500, str(error))


def _allowed(app: FastAPI, path: str) -> list[str]:
    """The methods that a path is described with."""
    found: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        parts = re.split(r"(\{\w+\})", template)
        pattern = "".join(_PARAMETERS.get(part, "[^/]+") if part.startswith("{") else re.escape(part) for part in parts)
        if re.fullmatch(pattern, path):
            found |= {method.upper() for method in operations}
    return sorted(found) or ["GET"]
