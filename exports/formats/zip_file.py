"""A ZIP whose files are compressed by ISA-L (docs/decisions/0009); several can be written at the same time.

The standard library's `zipfile` writes the container. Its comment is `sha256:` and the digest of every byte before it.
"""

import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from isal import isal_zlib

LEVEL = 2
COMMENT_PREFIX = b"sha256:"
COMMENT_LENGTH = len(COMMENT_PREFIX) + 64
_PLACEHOLDER = COMMENT_PREFIX + bytes(64)
COPY_SIZE = 256 * 1024  # bytes
SPOOL_SIZE = 64 * 1024  # bytes; smaller parts stay in memory

OnWrite = Callable[[int], object]
"""Takes the number of bytes written to disk; an exception ends the writing."""


def unwatched(_size: int) -> None:
    """Do nothing."""


class DigestingFile:
    """A binary output that counts the bytes and computes their SHA-256."""

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
        """Return the digest of all bytes written so far, in hexadecimal."""
        return self._sha256.hexdigest()


@dataclass(frozen=True, slots=True)
class CompressedPart:
    """What the container needs to know of a finished part."""

    size: int  # bytes, uncompressed
    sha256: str
    compressed_size: int  # bytes
    crc: int


class ZipPart:
    """A file being written: compressed in memory, or in an unnamed temporary file once it is large."""

    def __init__(self, name: str, folder: Path, on_write: OnWrite = unwatched) -> None:
        self.name = name
        self._on_write = on_write
        self.spool = tempfile.SpooledTemporaryFile(SPOOL_SIZE, dir=str(folder))  # noqa: SIM115 - ZipWriter closes it
        self._compress = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
        self._sha256 = hashlib.sha256()
        self.crc = 0
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        """Write `data`."""
        self._sha256.update(data)
        self.crc = isal_zlib.crc32(data, self.crc)
        self.size += len(data)
        compressed = self._compress.compress(data)
        self._on_write(len(compressed))
        self.spool.write(compressed)
        return len(data)

    def flush_to_disk(self) -> None:
        """Move everything to the temporary file: another process continues to write to it."""
        self.spool.rollover()
        self.spool.flush()

    def unpacked(self) -> Iterator[bytes]:
        """Yield what was written, after `finish`."""
        decompress = isal_zlib.decompressobj(-zlib.MAX_WBITS)
        self.spool.seek(0)
        while packed := self.spool.read(COPY_SIZE):
            yield decompress.decompress(packed)

    def finish(self) -> CompressedPart:
        """Flush the compressor; no further writes."""
        self.spool.write(self._compress.flush())
        self.spool.flush()
        return CompressedPart(self.size, self._sha256.hexdigest(), self.spool.tell(), self.crc)


class ZipWriter:
    """A ZIP being written to `output`. The bytes depend on the contents and on `moment` alone.

    Parts are kept in `folder`, compressed, until they are added; `on_write` is called for bytes written there.
    """

    def __init__(self, output: DigestingFile, folder: Path, moment: datetime, on_write: OnWrite = unwatched) -> None:
        self._folder = folder
        self._on_write = on_write
        self._date = moment.timetuple()[:6]
        self._zip = ZipFile(cast(IO[bytes], _CommentedOutput(output)), "w", ZIP_DEFLATED)
        self._zip.comment = _PLACEHOLDER
        self._parts: list[ZipPart] = []
        self.entries: list[dict[str, str | int]] = []
        """The files added so far, as the manifest lists them."""

    def part(self, name: str) -> ZipPart:
        """Return a new file to write to; pass it to `add` when it is finished."""
        part = ZipPart(name, self._folder, self._on_write)
        self._parts.append(part)
        return part

    def add(self, part: ZipPart, packed: CompressedPart | None = None) -> None:
        """Copy a finished part into the container; `packed` is what `finish` returned, if it was called."""
        packed = packed or part.finish()
        info = ZipInfo(part.name, self._date)
        info.create_system = 3  # Unix: the next line would mean nothing elsewhere
        info.external_attr = 0o100644 << 16
        info.compress_type = ZIP_DEFLATED
        info.CRC, info.file_size, info.compress_size = packed.crc, packed.size, packed.compressed_size
        part.spool.seek(0)
        self._append(info, cast(IO[bytes], part.spool))
        self.drop(part)
        self.entries.append({"name": part.name, "size": packed.size, "sha256": packed.sha256})

    def drop(self, part: ZipPart) -> None:
        """Free a part's space."""
        part.spool.close()
        self._parts.remove(part)

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a small file."""
        part = self.part(name)
        part.write(data)
        self.add(part)

    def close(self) -> None:
        """Write the directory and the comment."""
        self._zip.close()

    def discard(self) -> None:
        """Close the parts that were not added, and keep ZipFile from writing a directory when it is collected."""
        self._zip.fp = None
        for part in self._parts:
            part.spool.close()

    def _append(self, info: ZipInfo, compressed: IO[bytes]) -> None:
        # As ZipFile.open(..., "w") does, for data that is already compressed.
        file = cast(IO[bytes], self._zip.fp)
        info.header_offset = file.tell()
        file.write(info.FileHeader())
        shutil.copyfileobj(compressed, file, COPY_SIZE)
        self._zip.filelist.append(info)
        self._zip.NameToInfo[info.filename] = info
        self._zip.start_dir = file.tell()


class _CommentedOutput:
    """Replaces the comment, the last thing that ZipFile writes, by the digest of all bytes before it."""

    def __init__(self, output: DigestingFile) -> None:
        self._output = output

    def write(self, data: bytes) -> int:
        if data == _PLACEHOLDER:
            data = COMMENT_PREFIX + self._output.sha256.encode()
        return self._output.write(data)

    def flush(self) -> None:
        self._output.flush()
