"""Where this user's files are kept: what can be made again, and what is to stay."""

from __future__ import annotations

import contextlib
import os

_NAME = "explain-log"


def cache_folder() -> str:
    """What can be made again: the compiled knowledge, what is known of models. EXPLAIN_LOG_CACHE_DIR outweighs it."""
    explicit = os.environ.get("EXPLAIN_LOG_CACHE_DIR")
    if explicit:
        return explicit
    from platformdirs import user_cache_dir

    return user_cache_dir(_NAME, appauthor=False)


def data_folder() -> str:
    """What took time to make: explanations, reports. EXPLAIN_LOG_DATA_DIR outweighs it."""
    explicit = os.environ.get("EXPLAIN_LOG_DATA_DIR")
    if explicit:
        return explicit
    from platformdirs import user_data_dir

    return user_data_dir(_NAME, appauthor=False)


def write_whole(path: str, data: bytes) -> bool:
    """Writes a file whole or not at all. False where it cannot be written: keeping is a convenience here."""
    partial = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(partial, "wb") as file:
            file.write(data)
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        return False
    return True
