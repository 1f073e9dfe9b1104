"""Reads what a client posts: a log as text, as a file of a form, or as JSON with the log and how to explain it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from explain_log.api.options import ServiceOptions
from explain_log.api.problems import Problem
from explain_log.api.spool import RawLog, too_long
from explain_log.lines.unpacking import DamagedArchiveError, is_archive, unpacked

_TEXT = ("text/plain", "application/octet-stream", "application/gzip", "application/x-gzip", "application/zstd")
_JSON, _FORM = "application/json", "multipart/form-data"
_ENCODINGS = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_LEAST_BYTES_A_SECOND = 16 * 1024
_FIELD_BYTES = 64 * 1024
_AT_ONCE_BYTES = 256 * 1024

Language = Literal["auto", "zh", "en"]
Body = TypeVar("Body", bound=BaseModel)


class ExplainRequest(BaseModel):
    """A log and how to explain it. llm: whether a model of the local Ollama may write the explanation."""

    model_config = ConfigDict(extra="forbid")

    log: str = ""
    language: Language | None = None
    model: str | None = Field(default=None, max_length=200)
    llm: StrictBool | None = None
    question: str | None = Field(default=None, max_length=2000)


@dataclass(eq=False)
class Posted:
    """A request taken in: the log's bytes, its name, and how to explain it."""

    log: RawLog
    asked: ExplainRequest
    name: str = "-"


async def read_posted(request: Request, options: ServiceOptions) -> Posted:
    """The request's body in any form. Raises Problem: 400, 408, 413, 415 or 422, each with what to do."""
    kind, encoding = _kind(request), _encoding(request)
    if kind == _FORM:
        return await _read_form(request, options, encoding)
    raw = await _received(request, options, encoding)
    try:
        if kind == _JSON:
            asked = await parsed(raw.data(), ExplainRequest)
            raw.close()
            raw = RawLog(options.folder, options.most_bytes)
            raw.add(asked.log.encode("utf-8", "replace"))
            asked.log = ""
            return Posted(raw, asked)
        return Posted(await _unpacked(raw, options), ExplainRequest())
    except BaseException:
        raw.close()
        raise


async def read_json(request: Request, options: ServiceOptions, shape: type[Body]) -> Body:
    """A body that is JSON of a shape. Raises Problem as read_posted does."""
    kind = _kind(request, (_JSON,))
    assert kind == _JSON
    raw = await _received(request, options, _encoding(request))
    try:
        return await parsed(raw.data(), shape)
    finally:
        raw.close()


async def parsed(body: bytes, shape: type[Body]) -> Body:
    """JSON of a shape. Raises Problem 422 that names the field and repeats nothing of the body."""
    try:
        if len(body) < _AT_ONCE_BYTES:
            return shape.model_validate_json(body)
        return await to_thread.run_sync(shape.model_validate_json, body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "body"
        detail = "the body is not JSON" if first["type"] == "json_invalid" else f"{where}: {first['msg']}"
        raise Problem(422, " ".join(detail.split())[:300]) from error


def _kind(request: Request, taken: tuple[str, ...] = (*_TEXT, _JSON, _FORM)) -> str:
    kind = request.headers.get("content-type", taken[0]).partition(";")[0].strip().lower()
    if kind not in taken:
        shown = " ".join(kind.split())[:80]
        wanted = "application/json" if taken == (_JSON,) else (
            "the log as text/plain, as a file of multipart/form-data, or application/json with a field log"
        )  # fmt: skip
        raise Problem(415, f"{shown or 'no type'} is not taken: send {wanted}")
    return kind


def _encoding(request: Request) -> str:
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", *_ENCODINGS):
        raise Problem(415, "this content-encoding is not taken: send gzip, zstd or none")
    return "" if encoding == "identity" else encoding


async def _received(request: Request, options: ServiceOptions, encoding: str) -> RawLog:
    """The body, unpacked where it is encoded, as long as it is neither too long nor too slow."""
    raw = RawLog(options.folder, options.most_bytes)
    try:
        async for block in _stream(request, options):
            raw.add(block)
        raw.end()
        if encoding and raw.size:
            return await _decoded(raw, encoding, options)
    except BaseException:
        raw.close()
        raise
    return raw


async def _stream(request: Request, options: ServiceOptions) -> AsyncIterator[bytes]:
    """The body's blocks. The declared length is checked first, then what really comes, then how fast."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > options.most_bytes:
        raise too_long(options.most_bytes)
    clock = asyncio.get_running_loop().time
    began, size = clock(), 0
    blocks = request.stream()
    while True:
        until = min(
            clock() + options.body_idle_seconds, began + 2 * options.body_idle_seconds + size / _LEAST_BYTES_A_SECOND
        )
        try:
            async with asyncio.timeout_at(until):
                block = await anext(blocks, None)
        except TimeoutError as error:
            raise Problem(408, "the body came too slowly: send it again") from error
        if block is None:
            return
        size += len(block)
        yield block


async def _decoded(raw: RawLog, encoding: str, options: ServiceOptions) -> RawLog:
    start = next(raw.blocks(), b"")
    if not start.startswith(_ENCODINGS[encoding]):
        raise Problem(400, f"the body is not {encoding}, as its content-encoding says")
    return await to_thread.run_sync(partial(_unpack, raw, options, whole=True))


async def _unpacked(raw: RawLog, options: ServiceOptions) -> RawLog:
    """A log that was packed as a file (server.log.gz) as text."""
    if not is_archive(next(raw.blocks(), b"")[:4]):
        return raw
    log = await to_thread.run_sync(partial(_unpack, raw, options, whole=False))
    if is_archive(next(log.blocks(), b"")[:4]):
        log.close()
        raise Problem(422, "the body is an archive in an archive: send the log itself")
    return log


def _unpack(raw: RawLog, options: ServiceOptions, *, whole: bool) -> RawLog:
    """whole: a damaged end is an error; else what can be read counts."""
    log = RawLog(options.folder, options.most_bytes)
    try:
        for block in unpacked(raw.blocks()):
            log.add(block)
    except DamagedArchiveError as error:
        if whole or not log.size:
            log.close()
            raise Problem(400, "the body is damaged or cut off: send it again") from error
    except BaseException:
        log.close()
        raise
    log.end()
    raw.close()
    return log


async def _read_form(request: Request, options: ServiceOptions, encoding: str) -> Posted:
    """A form with the file `log` (or any one file), and fields as in JSON."""
    if encoding:
        raise Problem(415, "a form is taken without content-encoding: pack the file in it instead")
    if "boundary=" not in request.headers.get("content-type", ""):
        raise Problem(400, "the form has no boundary")
    parser = MultiPartParser(
        request.headers, _limited(request, options), max_files=1, max_fields=8, max_part_size=_FIELD_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"the form cannot be read: {error.message}") from error
    except (ValueError, KeyError) as error:
        raise Problem(400, "the form cannot be read") from error
    raw = RawLog(options.folder, options.most_bytes)
    name, fields = "-", {}
    try:
        for key, value in form.multi_items():
            if isinstance(value, UploadFile):
                name = _base_name(value.filename or "")
                while block := await value.read(1 << 20):
                    raw.add(block)
            elif value:
                fields[key] = value
        raw.end()
        try:
            asked = ExplainRequest.model_validate({**fields, **_flag(fields)})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise Problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        if asked.log and not raw.size:
            raw.add(asked.log.encode("utf-8", "replace"))
        asked.log = ""
        return Posted(await _unpacked(raw, options), asked, name)
    except BaseException:
        raw.close()
        raise
    finally:
        await form.close()


def _flag(fields: dict[str, str]) -> dict[str, bool]:
    """The form's `llm`, which is "true" or "false"."""
    known = {"true": True, "false": False}
    return {"llm": known[fields["llm"]]} if fields.get("llm") in known else {}


async def _limited(request: Request, options: ServiceOptions) -> AsyncGenerator[bytes]:
    size = 0
    async for block in _stream(request, options):
        size += len(block)
        if size > options.most_bytes + _FIELD_BYTES:
            raise too_long(options.most_bytes)
        yield block


def _base_name(name: str) -> str:
    """A file's name without folders: those are nobody's business."""
    shown = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c if c.isprintable() else "?" for c in shown)[:200] or "-"
