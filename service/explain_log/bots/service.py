"""The REST service as the bots see it: explain, ask, the picture. Everything that goes wrong is a ServiceError."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from explain_log.report import Report

_TIMES = httpx.Timeout(10.0, read=60.0)
"""Between two pieces of a stream the service says at least that it is still there, every 15 s."""

_EVENTS = {"Accept": "text/event-stream"}
_DEFAULT_RETRY_SECONDS = 5.0
AWAY = 0
"""The status of a service that cannot be reached."""


class ServiceError(Exception):
    """An answer other than success. status: of HTTP, or AWAY.  retry_seconds: when to come again, where it says so."""

    def __init__(self, status: int, retry_seconds: float | None = None) -> None:
        super().__init__(f"the service answered {status}" if status else "the service cannot be reached")
        self.status = status
        self.retry_seconds = retry_seconds


@dataclass(frozen=True)
class Event:
    """A server-sent event. kind: report, statement, rejected, progress or done."""

    kind: str
    data: Any


class ExplainService:
    """A client of the service. key: sent as a bearer token where it is not "".  public_url: for links, may be ""."""

    def __init__(
        self, url: str, key: str = "", public_url: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"), headers=headers, timeout=_TIMES, transport=transport, trust_env=False
        )
        self._public_url = public_url.rstrip("/")

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def link(self, report_id: str | None) -> str:
        """The address of a report for people; "" where there is none."""
        return f"{self._public_url}/r/{report_id}" if report_id and self._public_url else ""

    async def explain(self, log: bytes, name: str, language: str, question: str) -> AsyncIterator[Event]:
        """The events of explaining a log. Raises ServiceError, also in the middle."""
        fields = {"language": language, **({"question": question} if question else {})}
        files = {"log": (name, log, "application/octet-stream")}
        async for event in self._events("/v1/explain", data=fields, files=files):
            yield event

    async def ask(self, report_id: str, question: str) -> AsyncIterator[Event]:
        """The events of answering a question about a report: statements, then done with the whole answer."""
        async for event in self._events(f"/v1/reports/{report_id}/ask", json={"question": question}):
            yield event

    async def report(self, report_id: str) -> Report:
        """A kept report. Raises ServiceError."""
        return report_of((await self._get(f"/v1/reports/{report_id}.json")).content)

    async def picture(self, report_id: str, language: str) -> bytes | None:
        """The memory picture as PNG; None where the service draws none."""
        try:
            answer = await self._get(f"/v1/reports/{report_id}.png", {"language": language})
        except ServiceError:
            return None
        return answer.content if answer.content.startswith(b"\x89PNG") else None

    async def _get(self, path: str, query: dict[str, str] | None = None) -> httpx.Response:
        try:
            answer = await self._client.get(path, params=query)
        except httpx.HTTPError as error:
            raise ServiceError(AWAY) from error
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer)
        return answer

    async def _events(self, path: str, **body: Any) -> AsyncIterator[Event]:
        async with self._stream(path, body) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _refusal(answer)
            ended = False
            async for event in events_of(answer.aiter_lines()):
                problem = event.data.get("problem") if event.kind == "done" and isinstance(event.data, dict) else None
                if problem:
                    raise ServiceError(int(problem.get("status", 500)), problem.get("retry_after"))
                ended = ended or event.kind == "done"
                yield event
            if not ended:
                raise ServiceError(AWAY)

    @asynccontextmanager
    async def _stream(self, path: str, body: dict[str, Any]) -> AsyncIterator[httpx.Response]:
        try:
            async with self._client.stream("POST", path, headers=_EVENTS, **body) as answer:
                yield answer
        except httpx.HTTPError as error:
            raise ServiceError(AWAY) from error


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """The events of a stream (WHATWG HTML, 9.2); comments are left out, data is JSON."""
    kind, data = "message", list[str]()
    async for line in lines:
        if line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield Event(kind, json.loads("\n".join(data)))
            kind, data = "message", []


def _refusal(answer: httpx.Response) -> ServiceError:
    after = answer.headers.get("retry-after", "")
    seconds = float(after) if after.replace(".", "", 1).isdigit() else None
    if answer.status_code in (429, 503) and seconds is None:
        seconds = _DEFAULT_RETRY_SECONDS
    return ServiceError(answer.status_code, seconds)


def report_of(data: bytes | dict[str, Any]) -> Report:
    """A report from its JSON. Fields that this version does not know are left out."""
    adapter = _adapter()
    report: Report = adapter.validate_python(data) if isinstance(data, dict) else adapter.validate_json(data)
    return report


_ADAPTERS: list[Any] = []


def _adapter() -> Any:
    if not _ADAPTERS:
        from pydantic import TypeAdapter

        _ADAPTERS.append(TypeAdapter(Report))
    return _ADAPTERS[0]
