"""A browser's way in: the key once, then a cookie that scripts cannot read and a token that other sites cannot know."""

from __future__ import annotations

from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from explain_log.api.access import COOKIE, Rates, cookie_of
from explain_log.api.body import parsed
from explain_log.api.explain import language_of
from explain_log.api.problems import Problem
from explain_log.api.schemas import SessionRequest, SessionState, may_refuse
from explain_log.api.service import Service
from explain_log.render.words import Words
from explain_log.store.sessions import SECONDS

_MOST_BYTES = 4096
_FORM = "application/x-www-form-urlencoded"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = """<!doctype html><html lang="{tag}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>explain-log</title><style>:root{{color-scheme:light dark}}
body{{font:16px/1.6 system-ui,sans-serif;max-width:26rem;margin:18vh auto 0;padding:0 1.25rem}}
label,input,button{{display:block;width:100%;box-sizing:border-box;font:inherit}}
input,button{{padding:.6rem .7rem;margin:.4rem 0}}</style>
<main><h1>explain-log</h1>{problem}<form method="post" action="/v1/session"><label for="key">{label}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>{button}</button></form><p>{help}</p></main></html>"""


def router(service: Service) -> APIRouter:
    """The operations of a service."""
    routes = APIRouter(tags=["session"])
    rates = Rates("")
    form = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": SessionRequest.model_json_schema()}},
        }
    }

    @routes.get("/v1/session", response_model=SessionState, responses=may_refuse())
    async def state(request: Request) -> SessionState:
        """Whether keys are needed, whether this browser has a session, and its token."""
        cookie = cookie_of(request.headers)
        session = await service.sessions.find(cookie) if cookie else None
        if session is not None and await service.keys.active(session.key_id) is None:
            session = None
        keys = request.state.keys_on
        return SessionState(keys=keys, open=not keys or session is not None, csrf=session.csrf if session else None)

    @routes.post("/v1/session", response_model=SessionState, responses=may_refuse(413, 415, 422), openapi_extra=form)
    async def begin(request: Request) -> Response:
        """Begins a session with a key: as JSON, or from the form at /login."""
        rates.guess(request.client.host if request.client else "", count=False)
        key, is_form = await _key_of(request)
        known = await service.keys.check(key)
        if known is None:
            rates.guess(request.client.host if request.client else "")
            if is_form:
                return RedirectResponse("/login?wrong=1", 303)
            raise Problem(401, "this is no key that holds: explain-log keys list shows which do")
        cookie, session = await service.sessions.begin(known.id)
        state = SessionState(keys=True, open=True, csrf=session.csrf)
        response: Response = RedirectResponse("/", 303) if is_form else JSONResponse(state.model_dump())
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, cookie, int(SECONDS), httponly=True, samesite="strict", secure=secure)
        return response

    @routes.delete("/v1/session", status_code=204, responses=may_refuse())
    async def end(request: Request) -> Response:
        """Ends this browser's session."""
        cookie = cookie_of(request.headers)
        if cookie:
            await service.sessions.end(cookie)
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    @routes.get("/login", include_in_schema=False)
    async def login(request: Request, accept_language: Annotated[str, Header()] = "") -> HTMLResponse:
        words = Words(language_of(request.query_params.get("lang"), accept_language))
        wrong = f'<p role="alert">{escape(words("login.wrong"))}</p>' if "wrong" in request.query_params else ""
        page = _PAGE.format(
            tag={"zh": "zh-Hans"}.get(words.language, words.language), problem=wrong,
            label=escape(words("login.label")), button=escape(words("login.button")), help=escape(words("login.help")),
        )  # fmt: skip
        # Without a referrer a form has no origin either, and would be refused as another site's.
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"})

    return routes


async def _key_of(request: Request) -> tuple[str, bool]:
    """The key that was sent, and whether by the form."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > _MOST_BYTES:
            raise Problem(413, "this is longer than any key")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        # Without an Origin it could come from anywhere; browsers send one with a form.
        if "origin" not in request.headers:
            raise Problem(403, "the form is taken from this service's own page only")
        return parse_qs(bytes(body).decode("latin-1")).get("key", [""])[0].strip(), True
    if kind != "application/json":
        raise Problem(415, "send application/json with the field key")
    return (await parsed(bytes(body), SessionRequest)).key.strip(), False
