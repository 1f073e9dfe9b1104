"""Which encoding the bytes of a log are in, and whether they are text at all."""

from __future__ import annotations

import codecs

SAMPLE_BYTES = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MOST_CONTROL_SHARE = 0.30
_TEXT_CONTROLS = frozenset("\t\n\r\x0b\x0c\x1b\b\x00")


def detect(sample: bytes) -> tuple[str, int]:
    """The encoding of a log that begins with `sample`, and the length of its byte order mark.

    UTF-8, UTF-16 of either order (with or without a mark: PowerShell's `>` writes it) and GB18030.
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, len(mark)
    if wide := _utf16_without_mark(sample):
        return wide, 0
    if sample.isascii() or _bad_utf8(sample) == 0:
        return "utf-8", 0
    # Some damaged UTF-8 in a long log is likelier than GB18030 in which most is valid UTF-8.
    high = sum(byte > 0x7F for byte in sample)
    if _bad_utf8(sample) * 4 > high and _is_gb18030(sample):
        return "gb18030", 0
    return "utf-8", 0


def _utf16_without_mark(sample: bytes) -> str | None:
    """Logs are mostly ASCII, so one byte of each pair is zero and the other hardly ever."""
    half = len(sample) // 2
    if half < 4:
        return None
    even = sample[0 : half * 2 : 2].count(0) / half
    odd = sample[1 : half * 2 : 2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return None


def _bad_utf8(sample: bytes) -> int:
    """How many bytes of the sample UTF-8 cannot read; a character cut by the sample's end is none."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(sample).count("�") - sample.count("�".encode())


def _is_gb18030(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("gb18030")("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def is_text(decoded: str) -> bool:
    """Whether decoded bytes are text: at most 30 % control characters, NUL apart (real logs have runs)."""
    seen = decoded.replace("\x00", "")
    if not seen:
        return not decoded
    controls = sum(
        (char < " " and char not in _TEXT_CONTROLS) or "\x7f" <= char < "\xa0" or char == "�" for char in seen
    )
    return controls <= _MOST_CONTROL_SHARE * len(seen)
