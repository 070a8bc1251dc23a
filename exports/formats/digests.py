"""Counting and hashing on the way to a file."""

import hashlib
from collections.abc import Callable
from typing import BinaryIO

OnWrite = Callable[[int], object]
"""Called with the number of bytes that go to a disk; what it raises ends the writing."""


def unwatched(_size: int) -> None:
    """Note nothing."""


class DigestingFile:
    """A binary file to write to, which counts the bytes and takes their SHA-256 on the way."""

    def __init__(self, file: BinaryIO, on_write: OnWrite = unwatched) -> None:
        self._file = file
        self._on_write = on_write
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        """Write `data`."""
        self._on_write(len(data))
        self._sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Return the digest of what was written so far, in hexadecimal."""
        return self._sha256.hexdigest()
