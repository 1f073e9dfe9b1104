"""OpenAI's shape: any chat program can use explain-log as a "model". A pasted log is explained, what follows is
answered about it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, StrictBool

from explain_log.api.body import read_json
from explain_log.api.chatting import Chat, ChatAnswer, Message
from explain_log.api.problems import Problem
from explain_log.api.schemas import may_refuse
from explain_log.api.service import Service
from explain_log.api.streaming import EVENT_STREAM, Emit, pieces_of, with_client
from explain_log.briefing import estimate_tokens

MODELS = {"explain-log": True, "explain-log-rules": False}
"""Name → whether a model of the Ollama server may write."""

_MADE = 1_770_000_000
_MOST_MESSAGES = 1000


class ChatPart(BaseModel):
    """A part of a message; only text is read."""

    type: str = "text"
    text: str | None = None


class ChatMessage(BaseModel):
    """A message, as OpenAI has it."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ChatPart] | None = None


class StreamOptions(BaseModel):
    """include_usage: a last chunk tells what it cost."""

    include_usage: StrictBool | None = None


class ChatRequest(BaseModel):
    """What is read of OpenAI's request; further fields are taken and do not matter."""

    model: str = Field(max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=_MOST_MESSAGES)
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None


class ChatCompletion(BaseModel):
    """What is answered."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, int]
    report: str | None


def router(service: Service) -> APIRouter:
    """The operations of a service."""
    routes = APIRouter(prefix="/v1", tags=["chat"])
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": _inlined(ChatRequest)}}}}
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
        **may_refuse(404, 408, 413, 415, 422),
    }

    @routes.get("/models", responses=may_refuse())
    async def models() -> dict[str, Any]:
        """The "models": explain-log, and explain-log-rules, which never asks one."""
        return {"object": "list", "data": [_model(name) for name in MODELS]}

    @routes.get("/models/{name}", responses=may_refuse(404))
    async def model(name: str) -> dict[str, Any]:
        """One of them."""
        if name not in MODELS:
            raise _no_model()
        return _model(name)

    @routes.post("/chat/completions", response_model=ChatCompletion, responses=answers, openapi_extra=body)
    async def completions(
        request: Request, accept_language: Annotated[str, Header(include_in_schema=False)] = ""
    ) -> Response:
        """Explains the log in the messages, or answers the last one about it."""
        asked = await read_json(request, service.options, ChatRequest)
        if asked.model not in MODELS:
            raise _no_model()
        messages = [Message(one.role, _text(one.content)) for one in asked.messages]
        chat = Chat(service, messages, accept_language, request.state.owner, llm=MODELS[asked.model])
        head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": asked.model}
        if asked.stream:
            usage = bool(asked.stream_options and asked.stream_options.include_usage)
            return StreamingResponse(_chunks(chat, head, usage=usage), media_type=EVENT_STREAM)
        answer = await with_client(request, chat.answer(lambda *_: None))
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return JSONResponse(
            {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(messages, answer),
             "report": answer.report_id}
        )  # fmt: skip

    return routes


async def _chunks(chat: Chat, head: dict[str, Any], *, usage: bool) -> AsyncIterator[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return _data({**head, "object": "chat.completion.chunk", "choices": choices, **more})

    ended: list[ChatAnswer] = []

    async def work(emit: Emit) -> None:
        ended.append(await chat.answer(emit))

    yield chunk({"role": "assistant", "content": ""})
    async for piece in pieces_of(work):
        if piece is None:
            yield b": still there\n\n"
        elif piece[0] == "text":
            yield chunk({"content": piece[1]})
        elif piece[0] == "done":  # it went wrong
            yield _data({"error": {"message": piece[1]["problem"]["detail"], "type": "server_error", "code": None}})
            return
    answer = ended[0]
    yield chunk({}, "stop", report=answer.report_id)
    if usage:
        yield _data({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(chat.messages, answer)})
    yield b"data: [DONE]\n\n"


def _data(value: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _text(content: str | list[ChatPart] | None) -> str:
    if isinstance(content, list):
        return "\n".join(part.text for part in content if part.text)
    return content or ""


def _usage(messages: list[Message], answer: ChatAnswer) -> dict[str, int]:
    prompt = sum(estimate_tokens(message.text[:100_000]) for message in messages)
    written = estimate_tokens(answer.text)
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _MADE, "owned_by": "explain-log"}


def _no_model() -> Problem:
    return Problem(404, f"there is no such model here: use {' or '.join(MODELS)}")


def _inlined(shape: type[BaseModel]) -> dict[str, Any]:
    """A shape's schema without references, to stand by itself in the description."""
    schema = shape.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolved(definitions[node["$ref"].rpartition("/")[2]])
            return {key: resolved(value) for key, value in node.items()}
        return [resolved(item) for item in node] if isinstance(node, list) else node

    inlined: dict[str, Any] = resolved(schema)
    return inlined
