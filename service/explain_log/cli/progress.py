"""Progress on a terminal's standard error, for whatever takes longer than a second."""

from __future__ import annotations

import sys
from time import monotonic

from explain_log.cli import streams
from explain_log.render.width import columns, cut
from explain_log.render.words import Words

PATIENCE_SECONDS = 1.0
_BETWEEN_SECONDS = 0.1
_LONG_LOAD_SECONDS = 5


class StatusLine:
    """One line that is written over again and again, and wiped away at the end."""

    def __init__(self) -> None:
        self.started = monotonic()
        self._shown = 0
        self._last = 0.0
        self.is_active = streams.is_terminal(sys.stderr)

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return monotonic() - self.started

    def due(self) -> bool:
        """Whether it is time to show something: on a terminal, after a second, not too often."""
        now = monotonic()
        return self.is_active and now - self.started >= PATIENCE_SECONDS and now - self._last >= _BETWEEN_SECONDS

    def show(self, text: str) -> None:
        """Shows the text in place of what was shown before."""
        text = cut(text, streams.width() - 1)
        blanks = " " * max(0, self._shown - columns(text))
        streams.tell(f"\r{text}{blanks}\r")
        self._shown = columns(text)
        self._last = monotonic()

    def wipe(self) -> None:
        """Takes the line away."""
        if self._shown:
            streams.tell("\r" + " " * self._shown + "\r")
            self._shown = 0


class Waiting:
    """What is told while a model is loaded and writes: ticking on a terminal, elsewhere one line if it takes long."""

    def __init__(self, language: str) -> None:
        self._words = Words(language)
        self._key, self._model = "progress.connecting", ""
        self._since = monotonic()
        self._told = False
        self.line = StatusLine()

    def hear(self, kind: str, payload: object) -> None:
        """Takes an event of the narration."""
        if kind in ("loading", "waiting"):
            self._key, self._model = f"progress.{kind}", str(payload)
            self._since = monotonic()

    def show(self, passed: int = 0) -> None:
        """Shows what is going on, when it is time to. passed: how many sentences there are."""
        seconds = int(monotonic() - self._since)
        if not self.line.is_active and self._key == "progress.loading" and seconds >= _LONG_LOAD_SECONDS:
            if not self._told and not passed:
                streams.say(self._words(self._key, model=self._model, seconds=seconds))
            self._told = True
        if not self.line.due():
            return
        if passed:
            text = self._words("progress.writing", count=passed, seconds=int(self.line.seconds))
        else:
            text = self._words(self._key, model=self._model, seconds=seconds)
        self.line.show(text)


class ReadingProgress:
    """What the pipeline calls while it reads: bytes read, and bytes in all where that is known."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.line = StatusLine()

    def __call__(self, done: int, total: int | None) -> None:
        """Shows how far reading has come, if it takes long."""
        if not self.line.due():
            return
        words = Words(self._language)
        rate = megabytes(done / self.line.seconds)
        if total:
            share = min(100, done * 100 // total)
            left = round(max(total - done, 0) / max(done, 1) * self.line.seconds)
            sizes = {"done": megabytes(done), "total": megabytes(total)}
            text = words("progress.of", **sizes, share=share, rate=rate, left=left)
        else:
            text = words("progress.so_far", done=megabytes(done), rate=rate)
        self.line.show(text)


def megabytes(size: float) -> str:
    """A number of bytes in MB, or GB from a thousand of those."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"
