"""Which encoding the bytes of a log are in, and whether they are text at all."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

SAMPLE_BYTES = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MOST_CONTROL_SHARE = 0.30
_TEXT_CONTROLS = "\t\n\r\x0b\x0c\x1b\b"
_CONTROLS = sorted({*map(chr, range(1, 32)), *map(chr, range(0x7F, 0xA0)), "\ufffd"} - {*_TEXT_CONTROLS})


def decoded(blocks: Iterator[bytes]) -> Iterator[str]:
    """The text of a log, block by block; what cannot be read becomes U+FFFD.

    The encoding is settled where it first shows: a log may be plain ASCII for megabytes before the first
    Chinese letter. The first block given is long enough to judge whether it is text.
    """
    blocks = without_leading_zeros(blocks)
    sample = gathered(b"", blocks, SAMPLE_BYTES)
    encoding, mark = detect(sample)
    if encoding == "ascii":
        yield sample.decode("ascii")
        for block in blocks:
            high = first_high(block)
            if high is not None:
                sample = gathered(block, blocks, high + SAMPLE_BYTES)
                encoding = eight_bit(sample[high : high + SAMPLE_BYTES])
                break
            yield block.decode("ascii")
        else:
            return
    elif encoding != "utf-16-le" and encoding != "utf-16-be" and not mark:
        sample = gathered(sample, blocks, (first_high(sample) or 0) + SAMPLE_BYTES)
        encoding, mark = detect(sample)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(sample[mark:])
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def gathered(start: bytes, blocks: Iterator[bytes], enough: int) -> bytes:
    """`start` and as many of the blocks as make it long enough: a pipe may give single bytes."""
    whole = bytearray(start)
    while len(whole) < enough:
        block = next(blocks, None)
        if block is None:
            break
        whole += block
    return bytes(whole)


def without_leading_zeros(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """A log that was emptied while its writer kept its place begins with a hole of zeros, maybe gigabytes.

    Of an even number nothing is kept, of an odd number one byte, so that pairs of UTF-16 stay pairs; the
    single zeros that begin UTF-16 stay as well. What is nothing but zeros keeps some: it is no text.
    """
    zeros = 0
    for block in blocks:
        rest = block.lstrip(b"\x00")
        zeros += len(block) - len(rest)
        if rest:
            yield b"\x00" * (zeros if zeros < 4 else zeros % 2) + rest
            yield from blocks
            return
    yield b"\x00" * min(zeros, 4)


def detect(sample: bytes) -> tuple[str, int]:
    """The encoding of a log that begins with `sample`, and the length of its byte order mark.

    UTF-8, UTF-16 of either order (with or without a mark: PowerShell's `>` writes it) and GB18030;
    "ascii" where the sample does not tell yet.
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, len(mark)
    wide = _utf16_without_mark(sample[:SAMPLE_BYTES])
    if wide:
        return wide, 0
    high = first_high(sample)
    return ("ascii" if high is None else eight_bit(sample[high : high + SAMPLE_BYTES])), 0


def first_high(data: bytes) -> int | None:
    """Where the first byte stands that is not ASCII."""
    if data.isascii():
        return None
    try:
        data.decode("ascii")
    except UnicodeDecodeError as error:
        return error.start
    return None


def eight_bit(sample: bytes) -> str:
    """UTF-8 or GB18030. Some damaged UTF-8 is likelier than GB18030 in which most is valid UTF-8."""
    bad = _bad_utf8(sample)
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    return "gb18030" if bad * 4 > high and _decodes(sample, "gb18030") else "utf-8"


def _utf16_without_mark(sample: bytes) -> str | None:
    """One byte of each pair is zero in ASCII letters, and it is the same one throughout."""
    half = len(sample) // 2
    even = sample[0 : half * 2 : 2].count(0)
    odd = sample[1 : half * 2 : 2].count(0)
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if half < 4 or others * 2 >= zeros:  # a character such as U+4E00 has its zero at the other place
            continue
        if zeros > 0.4 * half:
            return name
        # Mostly Chinese text has few zeros (blanks, line ends), but then the bytes are not UTF-8 at all.
        if zeros > 0.02 * half and _bad_utf8(sample) * 20 > half and _decodes(sample, name):
            return name
    return None


def _bad_utf8(sample: bytes) -> int:
    """How many places of the sample UTF-8 cannot read; a character cut by the sample's end is none."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(sample).count("\ufffd") - sample.count("\ufffd".encode())


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def is_text(decoded_sample: str) -> bool:
    """Whether decoded bytes are text: at most 30 % control characters, NUL apart (real logs have runs)."""
    seen = len(decoded_sample) - decoded_sample.count("\x00")
    if not seen:
        return not decoded_sample
    # Counting one character after the other is some twenty times faster than a loop over the text.
    controls = sum(map(decoded_sample.count, _CONTROLS))
    return controls <= _MOST_CONTROL_SHARE * seen
