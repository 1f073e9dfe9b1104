"""`explain-log serve`: the service, as the settings have it."""

from __future__ import annotations

import dataclasses
import os
import sys

from explain_log.cli import ANSWERED, streams
from explain_log.cli.settings import Settings
from explain_log.errors import InputError
from explain_log.render.words import Words


def serve(settings: Settings) -> int:
    """Serves until it is told to stop. Raises InputError where it may or can not."""
    from explain_log.api.options import MEBIBYTE, ServiceOptions
    from explain_log.api.server import Place, run
    from explain_log.cli.asking import model_options

    place = Place(settings.text("host"), settings.amount("port"))
    options = ServiceOptions(
        store=not settings.flag("no_store"),
        open_to_all=settings.flag("insecure"),
        hosts=tuple(name.strip() for name in settings.text("hosts").split(",") if name.strip()),
        rate=_rate(settings.text("rate")),
        days=settings.amount("keep_days"),
        store_bytes=settings.amount("keep_mib") * MEBIBYTE,
        most_bytes=settings.amount("body_mib") * MEBIBYTE,
        model_slots=settings.amount("model_slots"),
        llm=not settings.flag("no_llm"),
        cache=not settings.flag("no_cache"),
        model=model_options(settings),
    )
    if settings.text("database"):
        options = dataclasses.replace(options, database=settings.text("database"))
    workers = settings.number("workers")
    if workers is not None:
        options = dataclasses.replace(options, workers=workers)
    contained = os.environ.get("EXPLAIN_LOG_CONTAINER") == "1"
    words = Words(settings.language)

    def on_key(name: str, token: str) -> None:
        sys.stdout.flush()
        streams.say(words("serve.key_first", name=name))
        streams.say(words("serve.key_made", key=token))

    run(place, options, on_key=on_key if contained else None)
    return ANSWERED


def _rate(text: str) -> str:
    if text:
        from limits import parse

        try:
            parse(text)
        except ValueError as error:
            raise InputError("serve.rate", rate=text) from error
    return text
