"""Raw logs on their way: in memory while they are small, else in files that only this user can read."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from typing import IO

from explain_log.api.problems import Problem

MEMORY_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_LOCK, _JOB = "lock", "job-"


class RawLog:
    """Bytes that come in. Closing it removes its file, unless that was handed over."""

    def __init__(self, folder: str, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._digest = blake2b(digest_size=16)
        self.path = ""
        self.size = 0

    def add(self, block: bytes) -> None:
        """Raises Problem 413 beyond the limit."""
        self.size += len(block)
        if self.size > self._most:
            raise too_long(self._most)
        self._digest.update(block)
        if self._file is None and self.size > MEMORY_BYTES:
            self._open()
        if self._file is None:
            self._memory += block
        else:
            self._file.write(block)

    def _open(self) -> None:
        descriptor, self.path = tempfile.mkstemp(prefix="upload-", dir=self._folder)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(self._memory)
        self._memory = bytearray()

    def end(self) -> None:
        """All has come."""
        if self._file is not None:
            self._file.flush()

    @property
    def digest(self) -> str:
        """A hash of all bytes."""
        return self._digest.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """The bytes again."""
        if self._file is None:
            yield bytes(self._memory)
            return
        with open(self.path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block

    def data(self) -> bytes:
        """All bytes; of a file they are read into memory."""
        return b"".join(self.blocks())

    def as_job(self) -> str:
        """Puts the bytes in a file that stays; gives its path."""
        if self._file is None:
            descriptor, self.path = tempfile.mkstemp(prefix="upload-", dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._memory)
        kept = os.path.join(self._folder, _JOB + secrets.token_hex(16))
        os.replace(self.path, kept)
        self.path = ""
        return kept

    def close(self) -> None:
        """Forgets the bytes."""
        if self._file is not None:
            self._file.close()
        if self.path:
            remove(self.path)


def too_long(most_bytes: int) -> Problem:
    """The problem of a body beyond the limit."""
    return Problem(413, f"the log is longer than {most_bytes} bytes: send the part that matters")


def remove(path: str) -> None:
    """Removes a raw log, which may have gone already."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


class Spool:
    """The folder. id: its name in jobs, the same for all processes that share it.  worker: under which this process
    holds leases.  alone: it is the only one here, so what is held under `worker` from before is nobody's.
    """

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self._lock = open(os.path.join(self.folder, _LOCK), "a+", encoding="ascii")  # noqa: SIM115 - held open: the lock goes with the process
        self.alone = _locked(self._lock)
        self._lock.seek(0)
        self.id = self._lock.read().strip()
        if not self.id:
            self.id = secrets.token_hex(8)
            if self.alone:
                self._lock.write(self.id)
                self._lock.flush()
        self.worker = self.id if self.alone else secrets.token_hex(8)

    def body_of(self, path: str) -> str:
        """What stands for a raw log in a job. Machines may have equal folders: it says which one."""
        return f"{self.id}/{os.path.basename(path)}"

    def path_of(self, body: str) -> str:
        """Where the raw log of a job lies."""
        return os.path.join(self.folder, os.path.basename(body))

    def tidy(self, needed: set[str]) -> None:
        """Removes what a killed process left, where this one is alone here. needed: bodies of jobs."""
        if not self.alone:
            return
        for name in os.listdir(self.folder):
            if name.startswith("upload-") or (name.startswith(_JOB) and self.body_of(name) not in needed):
                remove(os.path.join(self.folder, name))

    def close(self) -> None:
        """Lets another process have it."""
        self._lock.close()


def _locked(file: IO[str]) -> bool:
    try:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
