"""Reads what a client posts: a log as text, or JSON with the log and how to explain it."""

from __future__ import annotations

import json
from typing import Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explain_log.api.problems import Problem
from explain_log.lines.encoding import SAMPLE_BYTES, decoded, is_text

MOST_BYTES = 64 * 1024 * 1024
_TEXT = ("text/plain", "application/octet-stream")
_JSON = "application/json"

Language = Literal["auto", "zh", "en"]


class ExplainRequest(BaseModel):
    """A log and how to explain it. llm: whether a model of the local Ollama may write the explanation."""

    model_config = ConfigDict(extra="forbid")

    log: str = ""
    language: Language | None = None
    model: str | None = Field(default=None, max_length=200)
    llm: bool | None = None
    question: str | None = Field(default=None, max_length=2000)


async def read_request(request: Request, most_bytes: int = MOST_BYTES) -> ExplainRequest:
    """The request's body in either form. Raises Problem: 413 too long, 415 another type, 422 not as described."""
    kind = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind != _JSON and kind not in _TEXT:
        raise Problem(415, f"{kind} is not taken: send the log as text/plain, or application/json with a field log")
    body = await _read(request, most_bytes)
    if kind in _TEXT:
        return ExplainRequest(log=_decoded(body))
    try:
        return ExplainRequest.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "body"
        raise Problem(422, f"{where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise Problem(422, "the body is not JSON") from error


async def _read(request: Request, most_bytes: int) -> bytes:
    """The body, as long as it is not too long: the declared length is checked first, then what really comes."""
    too_long = Problem(413, f"the log is longer than {most_bytes} bytes: send the part that matters")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most_bytes:
        raise too_long
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise too_long
    return bytes(body)


def _decoded(body: bytes) -> str:
    text = "".join(decoded(iter([body])))
    if not is_text(text[:SAMPLE_BYTES]):
        raise Problem(422, "the body is not text: send the log itself, unpacked")
    return text
