"""Where the Ollama server is, and whether that is this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from explain_log.errors import ModelUnavailable
from explain_log.narration.prompts import problem

DEFAULT_PORT = 11434
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - what a server listens on; a client means loopback


def base_url(host: str, language: str) -> str:
    """The URL of an `OLLAMA_HOST` as people write it. Raises ModelUnavailable where it is none."""
    text = host.strip().strip("'\"")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    if rest.count(":") > 1 and not rest.startswith("["):
        rest = f"[{rest}]"
    try:
        split = urlsplit(f"{scheme}://{rest}")
        port = split.port
    except ValueError:
        split, port = urlsplit(""), None
    if scheme not in ("http", "https") or (rest and not split.netloc) or split.username or " " in rest:
        raise ModelUnavailable(problem(language, "bad_host", host=clean_host(text)))
    name = split.hostname or ""
    if name in _EVERY_ADDRESS:
        name = "127.0.0.1"
    if port is None:
        port = {"http": 80, "https": 443}[scheme] if separator else DEFAULT_PORT
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}:{port}{split.path.rstrip('/')}"


def clean_host(text: str) -> str:
    """A host without user and password, short enough for one line."""
    return " ".join(text.rpartition("@")[2].split())[:80]


def is_loopback(url: str) -> bool:
    """Whether a URL is on this machine."""
    name = urlsplit(url).hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
