"""Open a ZIP that somebody sent: the code trusts nothing in it."""

import re
import struct
import zlib
from collections.abc import Iterable
from itertools import pairwise
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

MAX_DIRECTORY = 16 * 1024 * 1024  # bytes: more than 200,000 files
METADATA = re.compile(r"(.*/)?(__MACOSX/.*|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)", re.IGNORECASE | re.DOTALL)
"""Files that macOS and Windows add."""
# zlib is told how much to unpack at most; Python's readers of the other methods are not.
METHODS = {ZIP_STORED, ZIP_DEFLATED}
UNREADABLE = (
    BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What `zipfile` raises for a ZIP that is damaged, encrypted or hostile."""


def open_zip(file: BinaryIO) -> ZipFile:
    """Open a ZIP and read its directory, which is bounded. Raises one of UNREADABLE, with a reason."""
    try:
        opened = ZipFile(cast(IO[bytes], _BoundedReads(file)))
    except OSError as error:  # an offset before the beginning
        raise BadZipFile(str(error)) from error
    _check_overlaps(opened.infolist())
    return opened


def files_of(opened: ZipFile) -> dict[ZipInfo, str]:
    """Return the names of its files with `/` between folders, without those that systems add."""
    infos = [info for info in opened.infolist() if info.file_size or not info.is_dir()]
    names = {info: info.filename.replace("\\", "/") for info in infos}
    return {info: name for info, name in names.items() if not METADATA.fullmatch(name)}


def _check_overlaps(infos: Iterable[ZipInfo]) -> None:
    """Refuse files that share bytes, which make a bomb of a small ZIP: only later releases of Python do."""
    for info, following in pairwise(sorted(infos, key=lambda info: info.header_offset)):
        if info.header_offset + info.compress_size > following.header_offset:
            raise BadZipFile(f"{info.filename!r} and {following.filename!r} overlap")


class _BoundedReads:
    """A file of which no more is read at once than the largest directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise BadZipFile(f"its directory claims to be of {size} bytes; {MAX_DIRECTORY} are the most")
        return self._file.read(size)
