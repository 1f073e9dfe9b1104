"""A service on a real socket, and a model that writes what it is told to."""

import asyncio
import contextlib
import threading
import time

import uvicorn

from explain_log.api.app import make_app
from explain_log.api.options import ServiceOptions
from explain_log.api.server import configured
from explain_log.narration.options import ModelOptions

NOBODY = ModelOptions(host="http://127.0.0.1:9")
_START_SECONDS = 60


class Served:
    """url: where it listens."""

    def __init__(self, folder, port=0, **options):
        chosen = {
            "database": f"sqlite:///{folder}/reports.sqlite", "folder": str(folder / "spool"), "workers": 1, "cache": False,
            "shutdown_seconds": 0.5, "model": NOBODY,
        } | options  # fmt: skip
        self.options = ServiceOptions(**chosen)
        self.app = make_app(self.options)
        self._config = configured(self.app, self.options)
        self._config.port = port
        self._server = uvicorn.Server(self._config)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._server.serve())
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0.05))

    def __enter__(self):
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            assert time.monotonic() < until, "the service does not start"
            time.sleep(0.02)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it; what is not done is cut off."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(20)


@contextlib.contextmanager
def written_by(model, folder, **options):
    """A service whose explanations that scripted model writes."""
    with model, Served(folder, model=ModelOptions(host=model.url), **options) as service:
        yield service
