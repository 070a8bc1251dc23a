"""A ZIP whose files can be written side by side, and which shows any change of a single byte.

The standard library's `zipfile` writes the container; what it lacks is done here: files compressed by ISA-L
(see docs/decisions/0009), several at once, and the seal.

The seal is the container's comment: `sha256:` and the digest of every byte before it.
"""

import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from isal import isal_zlib

from exports.formats.digests import DigestingFile, OnWrite, unwatched

LEVEL = 2
SEAL = b"sha256:"
SEAL_LENGTH = len(SEAL) + 64
_PLACEHOLDER = SEAL + bytes(64)
COPY_SIZE = 256 * 1024  # bytes
SPOOL_SIZE = 64 * 1024  # bytes; a part that is smaller needs no file


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file in the container, as the manifest lists it."""

    name: str
    size: int  # bytes, uncompressed
    sha256: str


@dataclass(frozen=True, slots=True)
class Packed:
    """What the container has to know of a part that is whole."""

    entry: FileEntry
    compressed_size: int  # bytes
    crc: int


class ZipPart:
    """A file on its way into the container: takes bytes, which wait compressed; many, in a file without a name."""

    def __init__(self, name: str, folder: Path, on_write: OnWrite = unwatched) -> None:
        self.name = name
        self._on_write = on_write
        self.spool = tempfile.SpooledTemporaryFile(SPOOL_SIZE, dir=str(folder))  # noqa: SIM115 - SealedZip closes it
        self._compress = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
        self._sha256 = hashlib.sha256()
        self.crc = 0
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        """Take `data`."""
        self._sha256.update(data)
        self.crc = isal_zlib.crc32(data, self.crc)
        self.size += len(data)
        compressed = self._compress.compress(data)
        self._on_write(len(compressed))
        self.spool.write(compressed)
        return len(data)

    def flush_to_disk(self) -> None:
        """Hold nothing back in this process's memory: another is going to write on, in the same file."""
        self.spool.rollover()
        self.spool.flush()

    def unpacked(self) -> Iterator[bytes]:
        """Yield what was written, after `finish`."""
        decompress = isal_zlib.decompressobj(-zlib.MAX_WBITS)
        self.spool.seek(0)
        while packed := self.spool.read(COPY_SIZE):
            yield decompress.decompress(packed)

    def finish(self) -> Packed:
        """Take no more: the spool is whole."""
        self.spool.write(self._compress.flush())
        self.spool.flush()
        return Packed(FileEntry(self.name, self.size, self._sha256.hexdigest()), self.spool.tell(), self.crc)


class SealedZip:
    """A ZIP being written to `output`. The bytes depend on the contents and on `moment` alone.

    `folder` is where parts wait, compressed, until they are added; `on_write` is told of what is written there.
    """

    def __init__(self, output: DigestingFile, folder: Path, moment: datetime, on_write: OnWrite = unwatched) -> None:
        self._folder = folder
        self._on_write = on_write
        self._date = moment.timetuple()[:6]
        self._zip = ZipFile(cast(IO[bytes], _SealedOutput(output)), "w", ZIP_DEFLATED)
        self._zip.comment = _PLACEHOLDER
        self._parts: list[ZipPart] = []
        self.entries: list[FileEntry] = []

    def part(self, name: str) -> ZipPart:
        """Return a new file to write to; give it to `add` when it is whole."""
        part = ZipPart(name, self._folder, self._on_write)
        self._parts.append(part)
        return part

    def add(self, part: ZipPart, packed: Packed | None = None) -> None:
        """Copy a whole part into the container; `packed` is given if it was finished already."""
        packed = packed or part.finish()
        info = ZipInfo(part.name, self._date)
        info.create_system = 3  # Unix: the next line would mean nothing elsewhere
        info.external_attr = 0o100644 << 16
        info.compress_type = ZIP_DEFLATED
        info.CRC, info.file_size, info.compress_size = packed.crc, packed.entry.size, packed.compressed_size
        part.spool.seek(0)
        self._append(info, cast(IO[bytes], part.spool))
        self.drop(part)
        self.entries.append(packed.entry)

    def drop(self, part: ZipPart) -> None:
        """Take a part's room back."""
        part.spool.close()
        self._parts.remove(part)

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a small file."""
        part = self.part(name)
        part.write(data)
        self.add(part)

    def close(self) -> None:
        """Write the directory and the seal."""
        self._zip.close()

    def discard(self) -> None:
        """Drop the parts that were not added, and the directory if it was not written: ZipFile would do it later."""
        self._zip.fp = None
        for part in self._parts:
            part.spool.close()

    def _append(self, info: ZipInfo, compressed: IO[bytes]) -> None:
        # What ZipFile.open(..., "w") does, but for data that are compressed already.
        file = cast(IO[bytes], self._zip.fp)
        info.header_offset = file.tell()
        file.write(info.FileHeader())
        shutil.copyfileobj(compressed, file, COPY_SIZE)
        self._zip.filelist.append(info)
        self._zip.NameToInfo[info.filename] = info
        self._zip.start_dir = file.tell()


class _SealedOutput:
    """Puts the digest of all before it in the place of the comment, the last thing that ZipFile writes."""

    def __init__(self, output: DigestingFile) -> None:
        self._output = output

    def write(self, data: bytes) -> int:
        if data == _PLACEHOLDER:
            data = SEAL + self._output.sha256.encode()
        return self._output.write(data)

    def flush(self) -> None:
        self._output.flush()
