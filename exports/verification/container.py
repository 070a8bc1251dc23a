"""The ZIP of an archive, as the site wrote it or as another program packed it again. The code trusts nothing in it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO
from zipfile import ZipInfo

from core.safe_zip import METHODS, UNREADABLE, files_of, open_zip

MAX_FOLDERS = 4  # on top of the archive's files
MAX_MESSAGE = 300  # characters
CHUNK = 256 * 1024  # bytes
MANIFEST = "manifest.json"
COMMENT = re.compile(rb"sha256:[0-9a-f]{64}")
"""The comment of a ZIP that the site wrote. Programs that pack the files again write none."""


class ArchiveError(Exception):
    """An archive is damaged. The text is one line that any terminal can show: parts of it come from the file."""

    def __init__(self, problem: str) -> None:
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in problem[:MAX_MESSAGE])
        super().__init__(line if len(problem) <= MAX_MESSAGE else f"{line}…")


class Container:
    """A ZIP whose directory is readable. Names are those below the folder that holds the manifest."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = open_zip(file)
        except UNREADABLE as error:
            raise ArchiveError(f"it is not a ZIP file, or cut short: {error}") from error
        files = files_of(self._zip)
        root = _root(files.values())
        self.members: dict[str, ZipInfo] = {}
        for info, name in files.items():
            inner = name.removeprefix(root)
            if inner in self.members:
                raise ArchiveError(f"{inner!r} is in it twice")
            self.members[inner] = info
        self.is_repacked = (
            bool(root) or len(files) < len(self._zip.infolist()) or not COMMENT.fullmatch(self._zip.comment)
        )

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, never more than the size in the directory. Raises ArchiveError."""
        info = self.members[name]
        if info.compress_type not in METHODS:
            raise ArchiveError(f"{name}: its compression is unusual ({info.compress_type}): use Deflate, or none")
        try:
            with self._zip.open(info) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except UNREADABLE as error:
            raise ArchiveError(f"{name}: it cannot be unpacked: {error}") from error


def _root(names: Iterable[str]) -> str:
    """Return the folder of the manifest that is nearest to the top, such as `my-archive/`; empty if there is none."""
    folders = [str(path.parent) for name in names if (path := PurePosixPath(name)).name == MANIFEST]
    folder = min(folders, key=lambda folder: folder.count("/") + (folder != "."), default=".")
    if folder.count("/") >= MAX_FOLDERS:
        raise ArchiveError(f"its files are more than {MAX_FOLDERS} folders deep")
    return "" if folder == "." else f"{folder}/"
