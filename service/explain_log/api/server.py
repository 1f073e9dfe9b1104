"""Runs the service: where it may listen, how long a connection may take to say what it wants, how it ends."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from explain_log.api.app import make_app
from explain_log.api.options import ServiceOptions
from explain_log.api.service import Service
from explain_log.errors import InputError
from explain_log.narration.host import is_loopback
from explain_log.store import Keys, open_database

_BACKLOG = 2048
_HEAD_SECONDS = 15.0
_KEEP_ALIVE_SECONDS = 30
_HEAD_BYTES = 32 * 1024
_FIRST_KEY = "first"
_SWITCH_SECONDS = 0.0003
"""Python lets a thread run for 5 ms before another may; the threads that talk to SQLite need but some microseconds."""

OnKey = Callable[[str, str], None]


@dataclass(frozen=True)
class Place:
    """Where to listen."""

    host: str = "127.0.0.1"
    port: int = 8377

    @property
    def name(self) -> str:
        """The host without brackets."""
        return self.host.strip("[]")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(f"http://[{self.name}]" if ":" in self.name else f"http://{self.name}")


def run(place: Place, options: ServiceOptions, on_key: OnKey | None = None) -> None:
    """Serves until SIGTERM or SIGINT. Raises InputError where it may or can not listen, and for a database that fails.

    on_key: told the name and the token of the first key, which is made where one is needed and none is there; without
    it that is refused.
    """
    options = _with_keys(place, options, on_key)
    listener = listen(place)
    shown = f"[{place.name}]" if ":" in place.name else place.name
    sys.stderr.write(f"explain-log: http://{shown}:{listener.getsockname()[1]}\n")
    app = make_app(options)
    sys.setswitchinterval(_SWITCH_SECONDS)
    _Server(configured(app, options), app.state.service).run(sockets=[listener])


def configured(app: FastAPI, options: ServiceOptions) -> uvicorn.Config:
    """How uvicorn serves it."""
    return uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, ws="none", http=PatientlyNot, lifespan="on",
        h11_max_incomplete_event_size=_HEAD_BYTES, timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(options.shutdown_seconds) + 1,
    )  # fmt: skip


def _with_keys(place: Place, options: ServiceOptions, on_key: OnKey | None) -> ServiceOptions:
    """The options for a place. Other machines need a key, unless everybody may."""
    if place.is_loopback:
        asyncio.run(_checked(options))
        return options
    options = replace(options, beyond_loopback=True, keys_required=not options.open_to_all)
    if options.keys_required:
        asyncio.run(_first_key(place, options, on_key))
    return options


async def _checked(options: ServiceOptions) -> None:
    await (await open_database(options.database)).close()


async def _first_key(place: Place, options: ServiceOptions, on_key: OnKey | None) -> None:
    database = await open_database(options.database)
    try:
        keys = Keys(database)
        if await keys.count():
            return
        if on_key is None:
            raise InputError("serve.host", host=place.host)
        key, token = await keys.create(_FIRST_KEY)
        on_key(key.name, token)
    finally:
        await database.close()


def listen(place: Place) -> socket.socket:
    """A listening socket. Raises InputError with one line of what to do."""
    if not 0 <= place.port <= 65535:
        raise InputError("serve.port", port=place.port)
    family = socket.AF_INET6 if ":" in place.name else socket.AF_INET
    try:
        listener = socket.create_server((place.name, place.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        key = "serve.in_use" if error.errno == errno.EADDRINUSE else "serve.not_had"
        raise InputError(key, port=place.port, host=place.host, reason=error.strerror) from error
    # asyncio sets this on its own sockets only; without it, each answer of two pieces waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """Sends away who waits for the model as soon as it is told to stop, so that the rest can finish in time."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.stop_queues()
        await super().shutdown(sockets)


class PatientlyNot(H11Protocol):
    """HTTP whose requests must have their head complete within some seconds: uvicorn would wait for ever."""

    head_seconds = _HEAD_SECONDS
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Takes a piece in; a request that begins must soon be there as a whole."""
        before = self.cycle
        if self._head_timer is None and (before is None or before.response_complete):
            self._wait_for_head()
        super().data_received(data)
        if self.cycle is not before and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the wait."""
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()
