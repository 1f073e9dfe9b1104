"""AES-256-CBC as Feishu and WeCom use it, by the library `cryptography`."""

from __future__ import annotations

from typing import Any

from explain_log.bots.signing import Refused
from explain_log.errors import InputError

AES_BLOCK_BYTES = 16


def _cipher(key: bytes, vector: bytes, extra: str) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:
        raise InputError("bot.missing_extra", package="cryptography", extra=extra) from None
    return Cipher(algorithms.AES(key), modes.CBC(vector))


def check_library(extra: str) -> None:
    """Raises InputError where the library is missing. extra: which extra of ours brings it."""
    _cipher(bytes(32), bytes(16), extra)


def decrypt(key: bytes, vector: bytes, data: bytes, *, padding_bytes: int) -> bytes:
    """The plain text, without its PKCS#7 padding to a multiple of padding_bytes. Raises Refused where it is none."""
    if not data or len(data) % AES_BLOCK_BYTES:
        raise Refused("not encrypted")
    decryptor = _cipher(key, vector, "").decryptor()
    plain: bytes = decryptor.update(data) + decryptor.finalize()
    count = plain[-1]
    if not 1 <= count <= padding_bytes or plain[-count:] != bytes([count]) * count:
        raise Refused("not encrypted with our key")
    return plain[:-count]


def encrypt(key: bytes, vector: bytes, plain: bytes, *, padding_bytes: int) -> bytes:
    """The plain text with its padding, encrypted."""
    count = padding_bytes - len(plain) % padding_bytes
    encryptor = _cipher(key, vector, "").encryptor()
    sealed: bytes = encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()
    return sealed
