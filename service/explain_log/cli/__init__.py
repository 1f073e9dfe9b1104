"""The door for people at a terminal: options in, a report out.

`main` is what `explain-log` runs. It turns whatever happens into an exit status and at most one line on
standard error; a traceback is never shown, unless EXPLAIN_LOG_DEBUG asks for it.
"""

from __future__ import annotations

import sys

ANSWERED, CONTRADICTED, WRONG_USE, FAILED_ON, INTERNAL, CANNOT_WRITE, INTERRUPTED = 0, 1, 2, 3, 70, 74, 130
"""Exit statuses; 70 and 74 are what sysexits.h gives an internal error and one of the output."""


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line, by default this process's, and gives its exit status."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    from explain_log.cli import streams
    from explain_log.errors import ExplainLogError

    streams.prepare()
    try:
        from explain_log.cli.commands import run

        status = run(arguments)
        streams.finish()
    except ExplainLogError as error:
        streams.say(str(error))
        return WRONG_USE
    except streams.CannotWrite as error:
        streams.say(_words("error.cannot_write", reason=str(error)))
        return CANNOT_WRITE
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
        return _internal(error)
    return status


def _internal(error: Exception) -> int:
    import os

    from explain_log.cli import streams

    if os.environ.get("EXPLAIN_LOG_DEBUG"):
        import traceback

        traceback.print_exc()
    shown = " ".join(f"{type(error).__name__}: {error}".split())
    streams.say(_words("error.internal", error=shown))
    return INTERNAL


def _words(key: str, **values: object) -> str:
    """A text in the locale's language, also where the knowledge is what is broken."""
    try:
        from explain_log.cli.language import locale_language
        from explain_log.render.words import Words

        return Words(locale_language())(key, **values)
    except Exception:  # noqa: BLE001 - this is already the way out
        return f"{key}: {', '.join(map(str, values.values()))}"
