"""An uploaded file, as its readers see it: names, and streams of bytes that are bounded however the file lies.

Nothing is unpacked to disk, but for Bluesky's file inside a ZIP (see `car.py`). No name from inside is ever used as a
path.
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from io import BufferedReader, RawIOBase
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from zipfile import ZipFile, is_zipfile

from isal import igzip, igzip_lib

from core.safe_zip import MAX_DIRECTORY, METADATA, METHODS, UNREADABLE, files_of, open_zip

MAX_FILES = 200_000
MAX_UNPACKED = 8 * 1024**3
"""Bytes that are read of one file: several times what the largest upload's worth of text has."""
HEAD = 64 * 1024
"""Bytes by which a reader recognises a file; Mastodon's context alone takes several thousand."""
BUFFER = 256 * 1024
TAR_HEADERS = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}
MAX_OPENED = 100
"""Files of a `.tar.gz` that are opened: each is searched from the beginning."""
GZIP = b"\x1f\x8b"
MAX_TAR_HEADER = 64 * 1024
"""Bytes of a name or of attributes in a tar."""
ERRORS = (*UNREADABLE, OSError, tarfile.TarError, cast(type[Exception], igzip_lib.IsalError))
"""What reading a damaged or hostile file raises."""


class ArchiveError(Exception):
    """The file itself is damaged, or no archive that we know; the code is one of `imports.problems`."""

    def __init__(self, code: str, *, name: str = "", detail: str = "") -> None:
        super().__init__(f"{code} {name}: {detail}")
        self.code = code
        self.params = {"name": _shown(name), "detail": _shown(detail)}


class Archive:
    """A file or a folder of files; `open_archive` returns the right subclass."""

    names: list[str]
    """The files' names, with `/` between folders. A single file has its name at upload."""

    def open(self, name: str) -> BinaryIO:
        """Open a file of `names` for reading. Reading it raises ArchiveError if it is damaged or too large.

        Read one file at a time: those of a `.tar.gz` share a position.
        """
        return cast(BinaryIO, BufferedReader(_Bounded(self._open(name), name), BUFFER))

    def _open(self, name: str) -> BinaryIO:
        raise NotImplementedError

    def find(self, basename: str) -> str | None:
        """Return the name of the file called `basename` that is nearest to the top, in whatever folder."""
        found = [name for name in self.names if PurePosixPath(name).name == basename]
        return min(found, key=lambda name: (name.count("/"), name), default=None)

    def find_all(self, pattern: str) -> list[str]:
        """Return the names of the files whose last parts match a pattern, such as `data/tweets*.js`, in order."""
        return sorted(name for name in self.names if PurePosixPath(name).match(pattern))

    def head(self, name: str) -> bytes:
        """Return the beginning of a file: HEAD bytes, or all if it has fewer."""
        with self.open(name) as file:
            return file.read(HEAD)

    @property
    def is_single(self) -> bool:
        """Return whether it is one file by itself."""
        return isinstance(self, SingleFile)


class SingleFile(Archive):
    """One file, not packed."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.names = [name]

    def _open(self, name: str) -> BinaryIO:
        self._file.seek(0)
        return self._file


class ZipArchive(Archive):
    """A ZIP."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip: ZipFile = open_zip(file)
        except ERRORS as error:
            raise ArchiveError("damaged", detail=str(error)) from error
        self._infos = {name: info for info, name in files_of(self._zip).items()}
        self.names = _few(list(self._infos))

    def _open(self, name: str) -> BinaryIO:
        info = self._infos[name]
        if info.compress_type not in METHODS:
            raise ArchiveError("damaged", name=name, detail=f"unusual compression {info.compress_type}")
        if info.file_size > MAX_UNPACKED:
            raise ArchiveError("too_large_inside", name=name, detail=f"{info.file_size} bytes")
        try:
            return cast(BinaryIO, self._zip.open(info))
        except ERRORS as error:
            raise ArchiveError("damaged", name=name, detail=str(error)) from error


class TarArchive(Archive):
    """A `.tar.gz`. Each file that is opened is searched from the beginning, as the format demands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._opened = 0

    @cached_property
    def names(self) -> list[str]:  # type: ignore[override]
        """Return the names of its plain files."""
        names: list[str] = []
        length = 0
        for number, (_tar, member) in enumerate(self._members(""), start=1):
            length += len(member.name)
            if number > MAX_FILES or length > MAX_DIRECTORY:
                raise ArchiveError("too_many_files", detail=str(MAX_FILES))
            if member.isfile() and not METADATA.fullmatch(member.name):
                names.append(member.name)
        return names

    def _open(self, name: str) -> BinaryIO:
        self._opened += 1
        if self._opened > MAX_OPENED:
            raise ArchiveError("too_many_files", detail=str(MAX_OPENED))
        for tar, member in self._members(name):
            if member.name == name and member.isfile():
                return cast(BinaryIO, tar.extractfile(member))
        raise ArchiveError("damaged", name=name, detail="it is gone")

    def _members(self, name: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """Yield what is in the tar; `name` is for the error."""
        self._file.seek(0)
        unpacked = BufferedReader(_Bounded(igzip.IGzipFile(fileobj=self._file), name), BUFFER)
        try:
            tar: Any = tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_TarInfo)  # noqa: SIM115 - it holds nothing open
            for member in tar:
                tar.members.clear()  # which would grow with each
                tar.pax_headers.clear()
                yield tar, member
            while unpacked.read(BUFFER):  # up to the checksum: tarfile takes a damaged header for the end
                pass
        except ERRORS as error:
            raise ArchiveError("damaged", name=name, detail=str(error)) from error


class _TarInfo(tarfile.TarInfo):
    """A header of a tar. The standard library would read into memory what it claims to have."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.type in TAR_HEADERS and self.size > MAX_TAR_HEADER):
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("a sparse file")
        return cast(tarfile.TarInfo, super()._proc_member(tar))  # type: ignore[misc]

    def _proc_gnusparse_10(self, *_ignored: Any) -> None:
        raise tarfile.ReadError("a sparse file")


class _Bounded(RawIOBase):
    """What a file inside yields, up to MAX_UNPACKED bytes; its errors become ArchiveErrors."""

    def __init__(self, file: Any, name: str) -> None:
        self._file, self._name, self._left = file, name, MAX_UNPACKED

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        try:
            content = self._file.read(len(buffer))
        except ERRORS as error:
            raise ArchiveError("damaged", name=self._name, detail=str(error)) from error
        self._left -= len(content)
        if self._left < 0:
            raise ArchiveError("too_large_inside", name=self._name, detail=f"more than {MAX_UNPACKED} bytes")
        buffer[: len(content)] = content
        return len(content)


@contextmanager
def open_archive(file: BinaryIO, name: str) -> Iterator[Archive]:
    """Open an uploaded file called `name`, by what is in it. Raises ArchiveError."""
    file.seek(0)
    beginning = file.read(len(GZIP))
    file.seek(0)
    if _is_zip(file):
        yield ZipArchive(file)
    elif beginning == GZIP:
        yield TarArchive(file)
    elif beginning:
        yield SingleFile(file, name)
    else:
        raise ArchiveError("empty")


def _is_zip(file: BinaryIO) -> bool:
    try:
        return is_zipfile(file)
    except UNREADABLE as error:
        raise ArchiveError("damaged", detail=str(error)) from error


def _few(names: list[str]) -> list[str]:
    if len(names) > MAX_FILES:
        raise ArchiveError("too_many_files", detail=str(MAX_FILES))
    return names


def _shown(text: str, most: int = 200) -> str:
    """Return a text of the archive on one line that any page can show."""
    return "".join(sign if sign.isprintable() else "�" for sign in text[:most])
