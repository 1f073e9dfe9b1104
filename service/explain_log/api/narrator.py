"""Lets models write, on an event loop of its own: judging their sentences must not hold up other requests."""

from __future__ import annotations

import asyncio
import threading

from explain_log.cache import ExplanationCache
from explain_log.narration.display import OnEvent
from explain_log.narration.explain import narrate
from explain_log.narration.explanation import Explanation
from explain_log.narration.options import ModelOptions
from explain_log.report import Report


class Narrator:
    """A thread that narrates. cached: whether what models said is kept and said again."""

    def __init__(self, *, cached: bool) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="narrator", daemon=True)
        self._keeper = ExplanationCache() if cached else None

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def narrate(self, report: Report, options: ModelOptions, on_event: OnEvent) -> Explanation:
        """As `narrate`; on_event is called in the caller's event loop. Cancelling it closes the streams."""
        ours = asyncio.get_running_loop()

        def told(kind: str, payload: object) -> None:
            ours.call_soon_threadsafe(on_event, kind, payload)

        writing = asyncio.run_coroutine_threadsafe(narrate(report, options, told, self._keeper), self._loop)
        return await asyncio.wrap_future(writing)

    def close(self) -> None:
        """Ends the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
