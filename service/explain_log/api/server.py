"""`explain-log serve`: the service on a loopback address."""

from __future__ import annotations

import errno
import os
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
        raise InputError("serve.database", database=database)
    listener = listen(host or DEFAULT_HOST, port)
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"explain-log: http://{shown}:{listener.getsockname()[1]}/docs\n")
    _run(listener)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address. Raises InputError with one line of what to do.

    In our container (the image sets EXPLAIN_LOG_CONTAINER) "all addresses" are the container's own; which of the
    machine's they are published on is the compose file's affair: 127.0.0.1 only.
    """
    name = host.strip("[]")
    contained = os.environ.get("EXPLAIN_LOG_CONTAINER") == "1" and name in ("0.0.0.0", "::")  # noqa: S104
    if not contained and not is_loopback(f"http://[{name}]" if ":" in name else f"http://{name}"):
        raise InputError("serve.host", host=host)
    if not 0 <= port <= 65535:
        raise InputError("serve.port", port=port)
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        return socket.create_server((name, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        key = "serve.in_use" if error.errno == errno.EADDRINUSE else "serve.not_had"
        raise InputError(key, port=port, host=host, reason=error.strerror) from error


def _run(listener: socket.socket) -> None:
    import uvicorn

    from explain_log.api.app import make_app

    config = uvicorn.Config(
        make_app(), log_level="warning", access_log=False, server_header=False, limit_concurrency=_BACKLOG
    )
    uvicorn.Server(config).run(sockets=[listener])
