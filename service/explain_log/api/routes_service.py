"""Whether the service runs, what it can do at the moment, its metrics, and its description."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from explain_log import __version__
from explain_log.api.explain import Wanted
from explain_log.api.metrics import MEDIA_TYPE
from explain_log.api.schemas import Health, Ready, may_refuse
from explain_log.api.service import Service
from explain_log.errors import ExplainLogError, ModelUnavailable
from explain_log.narration.model import OllamaModel
from explain_log.narration.server import OllamaServer

_FRESH_SECONDS = 10.0
_MODEL_SECONDS = 3.0


def router(service: Service) -> APIRouter:
    """The operations of a service."""
    routes = APIRouter(tags=["service"])
    model = _Model(service)

    @routes.get("/healthz", responses=may_refuse())
    async def healthz() -> Health:
        """Whether the service runs."""
        return Health(status="ok", version=__version__)

    @routes.get("/readyz", response_model=Ready, responses=may_refuse())
    async def readyz() -> Ready:
        """Whether the service can do its work, and whether a model writes. 503 while its database is away."""
        await service.keys.count()
        reason, name = await model.state()
        return Ready(status="ready", mode="facts_only" if reason else "model", reason=reason, model=name)

    @routes.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **may_refuse()},
    )
    async def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(service.metrics.text(), media_type=MEDIA_TYPE)

    return routes


class _Model:
    """Which model there is, asked for now and then."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._at = float("-inf")
        self._lock = asyncio.Lock()
        self._state: tuple[str | None, str | None] = ("", None)

    async def state(self) -> tuple[str | None, str | None]:
        """(why no model can be had, or None; the model's name)."""
        if not self._service.options.llm:
            return "the service was started with --no-llm", None
        async with self._lock:
            if time.monotonic() - self._at > _FRESH_SECONDS:
                self._state = await self._asked()
                self._at = time.monotonic()
        return self._state

    async def _asked(self) -> tuple[str | None, str | None]:
        options: Any = self._service.explainer.model_options(Wanted("en"))
        try:
            async with asyncio.timeout(_MODEL_SECONDS), OllamaServer(options) as server:
                model = OllamaModel(server, options)
                await model.choose()
                return None, model.name
        except TimeoutError:
            return "the Ollama server does not answer in time", None
        except (ModelUnavailable, ExplainLogError) as error:
            return " ".join(str(error).split()), None
