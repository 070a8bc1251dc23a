"""The archive's ZIP, opened: its seal, and the bytes of its files."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from io import SEEK_END
from typing import BinaryIO

from isal import isal_zlib

from exports.formats.zip_file import SEAL, SEAL_LENGTH
from exports.verification.damage import DamagedError
from exports.verification.zip_directory import Member, read_members

CHUNK = 256 * 1024  # bytes


class Container:
    """A ZIP whose directory is sound."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the directory; raise DamagedError if it is not sound."""
        self._file = file
        self.members = read_members(file)
        self.size = file.seek(0, SEEK_END)

    def is_seal_whole(self, on_read: Callable[[int], object]) -> bool:
        """Return whether the seal is that of the bytes before it; `on_read` is told how many bytes were read."""
        digest = hashlib.sha256()
        left = self.size - SEAL_LENGTH
        self._file.seek(0)
        while chunk := self._file.read(min(CHUNK, left)):
            digest.update(chunk)
            left -= len(chunk)
            on_read(len(chunk))
        on_read(SEAL_LENGTH)
        return self._file.read() == SEAL + digest.hexdigest().encode()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, never more than its size; raise DamagedError if they are not what they were."""
        member = self.members[name]
        size = crc = 0
        try:
            for chunk in self._unpacked(member):
                size += len(chunk)
                if size > member.size:
                    break
                crc = isal_zlib.crc32(chunk, crc)
                yield chunk
        except isal_zlib.error as error:  # type: ignore[misc] # its stub takes the class for an instance
            raise DamagedError(f"{name}: it cannot be unpacked: {error}") from error
        if size != member.size:
            more_or_less = "more" if size > member.size else "less"
            raise DamagedError(f"{name}: it unpacks to {more_or_less} than its {member.size} bytes")
        if crc != member.crc:
            raise DamagedError(f"{name}: its CRC-32 is {crc:08x}, the ZIP says {member.crc:08x}")

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        decompressor = isal_zlib.decompressobj(-zlib.MAX_WBITS)
        left = member.compressed_size
        self._file.seek(member.begin)
        while not decompressor.eof:
            packed = decompressor.unconsumed_tail
            if not packed:
                packed = self._file.read(min(CHUNK, left))
                left -= len(packed)
            chunk = decompressor.decompress(packed, CHUNK)
            if chunk:
                yield chunk
            elif not packed:
                return  # the end is missing; the size shows it
        if left or decompressor.unused_data:
            raise DamagedError(f"{member.name}: there is something behind its end")
