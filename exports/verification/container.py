"""The ZIP of an archive, as the site wrote it or as another program packed it again. The code trusts nothing in it."""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

MAX_DIRECTORY = 16 * 1024 * 1024  # bytes: more than 200,000 files
MAX_FOLDERS = 4  # on top of the archive's files
MAX_MESSAGE = 300  # characters
CHUNK = 256 * 1024  # bytes
MANIFEST = "manifest.json"
COMMENT = re.compile(rb"sha256:[0-9a-f]{64}")
"""The comment of a ZIP that the site wrote. Programs that pack the files again write none."""
METADATA = re.compile(r"(.*/)?(__MACOSX/.*|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)", re.IGNORECASE | re.DOTALL)
"""Files that macOS and Windows add."""
# zlib is told how much to unpack at most; Python's readers of the other methods are not.
METHODS = {ZIP_STORED, ZIP_DEFLATED}
UNREADABLE = (BadZipFile, NotImplementedError, RuntimeError, ValueError, OverflowError, EOFError, struct.error)
"""What `zipfile` raises for a ZIP that is damaged, encrypted or hostile."""


class ArchiveError(Exception):
    """An archive is damaged. The text is one line that any terminal can show: parts of it come from the file."""

    def __init__(self, problem: str) -> None:
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in problem[:MAX_MESSAGE])
        super().__init__(line if len(problem) <= MAX_MESSAGE else f"{line}…")


class Container:
    """A ZIP whose directory is readable. Names are those below the folder that holds the manifest."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = ZipFile(cast(IO[bytes], _BoundedReads(file)))
        except (*UNREADABLE, OSError) as error:  # OSError: an offset before the beginning
            raise ArchiveError(f"it is not a ZIP file, or cut short: {error}") from error
        infos = self._zip.infolist()
        _check_overlaps(infos)
        names = {info: info.filename.replace("\\", "/") for info in infos if info.file_size or not info.is_dir()}
        files = {info: name for info, name in names.items() if not METADATA.fullmatch(name)}
        root = _root(files.values())
        self.members: dict[str, ZipInfo] = {}
        for info, name in files.items():
            inner = name.removeprefix(root)
            if inner in self.members:
                raise ArchiveError(f"{inner!r} is in it twice")
            self.members[inner] = info
        self.is_repacked = bool(root) or len(files) < len(infos) or not COMMENT.fullmatch(self._zip.comment)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, never more than the size in the directory. Raises ArchiveError."""
        info = self.members[name]
        if info.compress_type not in METHODS:
            raise ArchiveError(f"{name}: its compression is unusual ({info.compress_type}): use Deflate, or none")
        try:
            with self._zip.open(info) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except (*UNREADABLE, zlib.error) as error:
            raise ArchiveError(f"{name}: it cannot be unpacked: {error}") from error


def _root(names: Iterable[str]) -> str:
    """Return the folder of the manifest that is nearest to the top, such as `my-archive/`; empty if there is none."""
    folders = [str(path.parent) for name in names if (path := PurePosixPath(name)).name == MANIFEST]
    folder = min(folders, key=lambda folder: folder.count("/") + (folder != "."), default=".")
    if folder.count("/") >= MAX_FOLDERS:
        raise ArchiveError(f"its files are more than {MAX_FOLDERS} folders deep")
    return "" if folder == "." else f"{folder}/"


def _check_overlaps(infos: Iterable[ZipInfo]) -> None:
    """Refuse files that share bytes, which make a bomb of a small ZIP: only later releases of Python do."""
    for info, following in pairwise(sorted(infos, key=lambda info: info.header_offset)):
        if info.header_offset + info.compress_size > following.header_offset:
            raise ArchiveError(f"{info.filename!r} and {following.filename!r} overlap")


class _BoundedReads:
    """A file of which no more is read at once than the largest directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise ArchiveError(f"its directory claims to be of {size} bytes; {MAX_DIRECTORY} are the most")
        return self._file.read(size)
