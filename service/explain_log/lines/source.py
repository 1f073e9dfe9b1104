"""Opens what the user named: a file, several, standard input, gzip or zstd, or a part `FILE:120-180`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from typing import IO, cast

from explain_log.errors import InputError
from explain_log.lines.encoding import SAMPLE_BYTES, decoded, is_text
from explain_log.lines.unpacking import BLOCK_BYTES, DamagedArchiveError, is_archive, unpacked

BIG_BYTES = 8 << 20
"""Inputs of which less comes are small."""

_NO_LOGS = (
    (b"GGUF\x01\x00", "input.model"),
    (b"GGUF\x02\x00", "input.model"),
    (b"GGUF\x03\x00", "input.model"),
    (b"PK\x03\x04", "input.zip"),
    (b"\xfd7zXZ\x00", "input.xz"),
    (b"BZh", "input.bzip2"),
    (b"\x7fELF", "input.program"),
    (b"%PDF-", "input.pdf"),
)


class Origin:
    """One input as the user named it, and what was read of it.

    begun: what was read of it already to see how much there is.
    path: what is opened for it, which is another file where standard input was copied to one.
    first, last: the 1-based lines wanted of it (`FILE:120-180`), or None for all.
    note: what a reader should know, such as that the archive is cut off; None where all is well.
    """

    def __init__(self, name: str, first: int | None = None, last: int | None = None) -> None:
        self.name = name
        self.path = name
        self.first = first
        self.last = last
        self.bytes = 0
        self.begun: list[bytes] = []
        self.first_line = 0
        self.last_line = 0
        self.note: InputError | None = None

    @property
    def shown(self) -> str:
        """The name as it can be printed: file names may hold anything."""
        return shown_name(self.name)


def shown_name(name: str) -> str:
    """A file's name for a message of one line; what is given is `-` for standard input."""
    if name == "-":
        return "standard input"
    return name if name.isprintable() else ascii(name)


def parse_origin(argument: str) -> Origin:
    """`FILE`, `-`, `FILE:120-180` or `FILE:120`; a file that really is called that wins."""
    name, colon, part = argument.rpartition(":")
    if colon and name and not os.path.exists(argument):
        first, dash, last = part.partition("-")
        if _is_number(first) and (_is_number(last) or not dash):
            low, high = int(first), int(last or first)
            if not 1 <= low <= high:
                raise InputError("input.no_range", name=shown_name(argument), part=part)
            return Origin(name, low, high)
    return Origin(argument)


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def decoded_blocks(origin: Origin) -> Iterator[str]:
    """The text of one input, block by block.

    Raises InputError where it cannot be opened or is no text. A file that shrinks, grows or goes away
    while it is read, and an archive that is damaged or cut off, give what could be read.
    """
    with open_input(origin.path) as file:
        yield from decoded_text(byte_blocks(file, origin), origin)


def byte_blocks(file: IO[bytes], origin: Origin) -> Iterator[bytes]:
    """The unpacked bytes of one input, block by block; counts what was read in `origin.bytes`."""
    return _readable(unpacked(_raw_blocks(file, origin)), origin)


def decoded_text(blocks: Iterator[bytes], origin: Origin) -> Iterator[str]:
    """The text of an input's bytes. Raises InputError where they are no text."""
    texts = decoded(blocks)
    first = next(texts, "")
    refuse_what_is_no_text(first, origin)
    yield first
    yield from texts


def refuse_what_is_no_text(start: str, origin: Origin) -> None:
    """Raises InputError for an input that begins with what is no text."""
    if not is_text(start[:SAMPLE_BYTES]):
        raise InputError("input.not_text", name=origin.shown)


def is_big(origin: Origin, enough: int) -> bool:
    """Whether an input surely has so many bytes, packed ones counted tenfold.

    Of what is no file so much is read to find out, and kept.
    """
    if origin.first is not None:
        return False
    if os.path.isfile(origin.path):
        size = os.path.getsize(origin.path)
        return size >= enough or (size * 10 >= enough and is_packed(origin.path))
    if os.path.isdir(origin.path):
        return False
    with open_input(origin.path) as file:
        read = 0
        for block in _raw_blocks(file, origin):
            origin.begun.append(block)
            read += len(block)
            if read >= enough:
                return True
    return False


def is_packed(path: str) -> bool:
    """Whether a file's first bytes are those of an archive that can be read."""
    try:
        with open(path, "rb") as file:
            return is_archive(file.read(4))
    except OSError:
        return False


def _readable(blocks: Iterator[bytes], origin: Origin) -> Iterator[bytes]:
    """The blocks that can be read of what may be a log; refuses what surely is none."""
    seen = False
    try:
        for block in blocks:
            if not seen:
                _refuse_what_is_no_log(block, origin)
            seen = seen or bool(block)
            yield block
    except DamagedArchiveError as error:
        if not seen:
            raise InputError("input.archive", name=origin.shown, damage=error) from error
        origin.note = InputError("input.cut_off", name=origin.shown, damage=error)


def _refuse_what_is_no_log(start: bytes, origin: Origin) -> None:
    for magic, refusal in _NO_LOGS:
        if start.startswith(magic):
            raise InputError(refusal, name=origin.shown)


def open_input(name: str) -> IO[bytes]:
    """A file's bytes, or standard input's for `-`. Raises InputError that says what to do."""
    try:
        if name == "-":
            return cast("IO[bytes]", os.fdopen(os.dup(sys.stdin.fileno()), "rb"))
        return open(name, "rb")
    except OSError as error:
        raise _refusal(name, error) from error
    except (AttributeError, ValueError) as error:  # standard input is closed; a name with a zero byte
        raise InputError("input.closed", name=shown_name(name)) from error


def _refusal(name: str, error: OSError) -> InputError:
    keys = {
        errno.ENOENT: "input.no_file",
        errno.EISDIR: "input.folder",
        errno.EACCES: "input.no_permission",
        errno.EPERM: "input.no_permission",
    }
    return InputError(
        keys.get(error.errno or 0, "input.unreadable"), name=shown_name(name), reason=error.strerror or error
    )


def _raw_blocks(file: IO[bytes], origin: Origin) -> Iterator[bytes]:
    """What the file gives, as soon as it gives it; `origin.bytes` counts it."""
    begun, origin.begun = origin.begun, []
    origin.bytes = 0
    for block in begun:
        origin.bytes += len(block)
        yield block
    read = getattr(file, "read1", file.read)
    while True:
        try:
            block = read(BLOCK_BYTES)
        except OSError as error:
            if not origin.bytes:
                raise _refusal(origin.name, error) from error
            origin.note = InputError("input.read_in_part", name=origin.shown, reason=error.strerror or error)
            return
        if not block:
            return
        origin.bytes += len(block)
        yield block
