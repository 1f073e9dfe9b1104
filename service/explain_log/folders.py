"""Where this user's files are kept: what can be made again, what is to stay, and what they wrote."""

from __future__ import annotations

import contextlib
import os
import sys

_NAME = "explain-log"


def cache_folder() -> str:
    """What can be made again: the compiled knowledge, what is known of models. EXPLAIN_LOG_CACHE_DIR outweighs it."""
    return os.environ.get("EXPLAIN_LOG_CACHE_DIR") or _folder("cache", "~/.cache")


def data_folder() -> str:
    """What took time to make: explanations, reports. EXPLAIN_LOG_DATA_DIR outweighs it."""
    return os.environ.get("EXPLAIN_LOG_DATA_DIR") or _folder("data", "~/.local/share")


def config_folder() -> str:
    """What the user wrote."""
    return _folder("config", "~/.config")


def _folder(kind: str, usual: str) -> str:
    """usual: where it is on Linux unless XDG_CACHE_HOME and the like say otherwise."""
    if sys.platform == "linux":  # what platformdirs says there, without the 10 ms that importing it takes
        base = os.environ.get(f"XDG_{kind.upper()}_HOME", "")
        return os.path.join(base if base.strip() else os.path.expanduser(usual), _NAME)
    from platformdirs import PlatformDirs

    found: str = getattr(PlatformDirs(_NAME, appauthor=False), f"user_{kind}_dir")
    return found


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
