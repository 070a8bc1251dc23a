"""Where the files are in a ZIP that anybody may have made: nothing in it is believed before it was looked at."""

import struct
from dataclasses import dataclass
from io import SEEK_END
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from exports.formats.zip_file import SEAL, SEAL_LENGTH
from exports.verification.damage import DamagedError

MAX_DIRECTORY = 16 * 1024 * 1024  # bytes: more than 200,000 files, and all that a hostile one can make us hold
FILE_SIGNATURE = b"PK\3\4"
END_SIGNATURE = b"PK\5\6"
END_LENGTH = 22  # bytes, without the comment, whose length is in the last two
MAX_COMMENT = 0xFFFF  # bytes
LOCAL_HEADER = struct.Struct("<4s22xHH")  # the signature, and the lengths of the name and of what else follows
UTF8_FLAG = 0x800


@dataclass(frozen=True)
class Member:
    """A file in the container."""

    name: str
    size: int
    crc: int
    begin: int
    """Where its compressed bytes are."""
    compressed_size: int


def read_members(file: BinaryIO) -> dict[str, Member]:
    """Return the files in the container by name; raise DamagedError unless they fill it, one after another."""
    _check_end(file)
    try:
        with ZipFile(cast(IO[bytes], _BoundedReads(file))) as container:
            directory, end = container.filelist, container.start_dir
    except (BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, OSError) as error:
        raise DamagedError(f"its directory cannot be read: {error}") from error
    members: dict[str, Member] = {}
    offset = 0
    for info in directory:
        member = _member(file, info, offset)
        if member.name in members:
            raise DamagedError(f"{member.name!r} is in it twice")
        members[member.name] = member
        offset = member.begin + member.compressed_size
    if offset != end:
        raise DamagedError(f"the bytes from {offset} to {end} belong to no file in it")
    return members


def _check_end(file: BinaryIO) -> None:
    """Tell the ways apart in which the end, where the seal is, can be missing."""
    file.seek(0)
    if file.read(4) != FILE_SIGNATURE:
        raise DamagedError("it is not a ZIP file with anything in it")
    size = file.seek(0, SEEK_END)
    tail_begin = file.seek(max(0, size - END_LENGTH - MAX_COMMENT))
    tail = file.read()
    found = tail.rfind(END_SIGNATURE, 0, len(tail) - END_LENGTH + len(END_SIGNATURE))
    if found < 0:
        raise DamagedError("it is cut short: no end of a ZIP is found")
    comment_begin = tail_begin + found + END_LENGTH
    comment_length = int.from_bytes(tail[found + END_LENGTH - 2 : found + END_LENGTH], "little")
    surplus = size - comment_begin - comment_length
    if surplus < 0:
        raise DamagedError(f"it is cut short: the last bytes are missing ({-surplus})")
    if surplus > 0:
        raise DamagedError(f"it goes on after its end: remove the last bytes ({surplus})")
    if comment_length != SEAL_LENGTH or not tail.startswith(SEAL, found + END_LENGTH):
        raise DamagedError("it has no seal: it was not made by this site, or was packed anew")


def _member(file: BinaryIO, info: ZipInfo, offset: int) -> Member:
    """Return a file that begins at `offset`, and nowhere else."""
    name = info.orig_filename
    if info.flag_bits & ~UTF8_FLAG or info.compress_type != ZIP_DEFLATED:
        raise DamagedError(f"{name!r} is encrypted, or packed in another way than an archive's files are")
    file.seek(offset)
    header = file.read(LOCAL_HEADER.size)
    if info.header_offset != offset or len(header) < LOCAL_HEADER.size or not header.startswith(FILE_SIGNATURE):
        raise DamagedError(f"{name!r} does not begin where the file before it ends")
    _signature, name_length, extra_length = LOCAL_HEADER.unpack(header)
    if file.read(name_length) != name.encode():
        raise DamagedError(f"{name!r} has another name in the directory than at its beginning")
    begin = offset + LOCAL_HEADER.size + name_length + extra_length
    return Member(name, info.file_size, info.CRC, begin, info.compress_size)


class _BoundedReads:
    """A file from which nobody reads more at once than the largest directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise DamagedError(f"its directory claims to be of {size} bytes; {MAX_DIRECTORY} are the most")
        return self._file.read(size)
