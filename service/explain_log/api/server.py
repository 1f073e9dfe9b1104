"""`explain-log serve`: the service on a loopback address."""

from __future__ import annotations

import errno
import socket
import sys

from explain_log.errors import InputError
from explain_log.narration.host import is_loopback

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8377
_BACKLOG = 64


def serve(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, database: str | None = None) -> None:
    """Serves until interrupted. Raises InputError where it cannot listen there."""
    if database:
        raise InputError(f"--database {database}: this version keeps no reports; leave it out")
    listener = listen(host or DEFAULT_HOST, port)
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"explain-log: http://{shown}:{listener.getsockname()[1]}/docs\n")
    _run(listener)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address. Raises InputError with one line of what to do."""
    name = host.strip("[]")
    if not is_loopback(f"http://[{name}]" if ":" in name else f"http://{name}"):
        raise InputError(f"--host {host} is not of this machine alone: use 127.0.0.1, ::1 or localhost")
    if not 0 <= port <= 65535:
        raise InputError(f"--port {port} is no port: use a number from 0 to 65535")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        return socket.create_server((name, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = "is in use: name another" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        raise InputError(f"port {port} on {host} {reason} with --port") from error


def _run(listener: socket.socket) -> None:
    import uvicorn

    from explain_log.api.app import make_app

    config = uvicorn.Config(
        make_app(), log_level="warning", access_log=False, server_header=False, limit_concurrency=_BACKLOG
    )
    uvicorn.Server(config).run(sockets=[listener])
