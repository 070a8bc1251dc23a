"""Byte ranges of a download (RFC 9110, section 14), so that an interrupted one can be resumed."""

import io
import re
from typing import BinaryIO

# Thirty digits exceed any file's size; longer numbers would only cost time to parse.
SINGLE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,30})-([0-9]{0,30})[ \t]*", re.IGNORECASE)


class UnsatisfiableRangeError(Exception):
    """The range lies outside the file."""


def parse_range(header: str, size: int) -> range | None:
    """Return the positions that a `Range` header asks for, in a file of `size` bytes; None means the whole file.

    Malformed headers and multiple ranges are ignored, as the RFC permits.
    Raises UnsatisfiableRangeError.
    """
    match = SINGLE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    positions = range(int(first), min(int(last or size) + 1, size)) if first else range(size)[-int(last) or size :]
    if not positions:
        raise UnsatisfiableRangeError(header)
    return positions


class FilePart(io.RawIOBase):
    """The bytes of an open file at `positions`, read as a file; closing it closes the file."""

    def __init__(self, file: BinaryIO, positions: range) -> None:
        self._file = file
        self._left = len(positions)
        file.seek(positions.start)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next, and return how much that was."""
        content = self._file.read(min(len(buffer), self._left))
        buffer[: len(content)] = content
        self._left -= len(content)
        return len(content)

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
