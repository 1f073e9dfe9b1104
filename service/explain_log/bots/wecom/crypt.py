"""WeCom's callback encryption (developer.work.weixin.qq.com, 101033): SHA-1 over sorted parts, AES-256-CBC."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import struct
import time

from explain_log.bots.aes import decrypt, encrypt
from explain_log.bots.signing import Refused, same
from explain_log.errors import InputError

_KEY_CHARACTERS = 43
_RANDOM_BYTES = 16
_LENGTH = struct.Struct(">I")
PADDING_BYTES = 32


class WeComCrypt:
    """What a bot's token and EncodingAESKey open and seal. The receive id of an enterprise's own bot is empty."""

    def __init__(self, token: str, encoding_aes_key: str) -> None:
        self._token = token
        try:
            self.key = base64.b64decode(encoding_aes_key + "=", validate=True)
        except binascii.Error:
            self.key = b""
        if len(encoding_aes_key) != _KEY_CHARACTERS or len(self.key) != PADDING_BYTES:
            allowed = f"{_KEY_CHARACTERS} × A–Z a–z 0–9"
            raise InputError("bot.bad_variable", name="EXPLAIN_LOG_WECOM_ENCODING_AES_KEY", allowed=allowed)

    def opened(self, signature: str, timestamp: str, nonce: str, sealed: str) -> bytes:
        """The message. Raises Refused where the signature or the encryption is not ours."""
        if not same(self._signature(timestamp, nonce, sealed), signature):
            raise Refused("wrong signature")
        try:
            data = base64.b64decode(sealed, validate=True)
        except binascii.Error:
            raise Refused("not encrypted") from None
        plain = decrypt(self.key, self.key[:16], data, padding_bytes=PADDING_BYTES)
        start = _RANDOM_BYTES + _LENGTH.size
        if len(plain) < start:
            raise Refused("cut off")
        (size,) = _LENGTH.unpack_from(plain, _RANDOM_BYTES)
        if start + size > len(plain):
            raise Refused("cut off")
        return plain[start : start + size]

    def sealed(self, message: bytes, nonce: str) -> bytes:
        """An answer, encrypted and signed, as JSON."""
        plain = secrets.token_bytes(_RANDOM_BYTES) + _LENGTH.pack(len(message)) + message
        data = base64.b64encode(encrypt(self.key, self.key[:16], plain, padding_bytes=PADDING_BYTES)).decode()
        now = int(time.time())
        told = {
            "encrypt": data, "msgsignature": self._signature(str(now), nonce, data), "timestamp": now, "nonce": nonce,
        }  # fmt: skip
        return json.dumps(told).encode()

    def _signature(self, timestamp: str, nonce: str, sealed: str) -> str:
        parts = "".join(sorted((self._token, timestamp, nonce, sealed)))
        return hashlib.sha1(parts.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def opened_file(data: bytes, key: bytes) -> bytes:
    """An attachment, which is encrypted as messages are, without their frame. Raises Refused."""
    return decrypt(key, key[:16], data, padding_bytes=PADDING_BYTES)
