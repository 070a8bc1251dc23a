"""The disk of this machine: temporary files for exports, and free space before and while they are written."""

import errno
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from exports.models.archive import exports_storage
from exports.storage.files import existing_folder
from tasks.exceptions import TaskRefusedError
from tasks.models.failure import Failure, FailureCode

logger = logging.getLogger(__name__)

BYTES_A_RECORD = 1000
"""A generous estimate for a post, a message or a follow; SpaceWatch notices longer ones."""

CHECK_EVERY = 1_000_000  # bytes written between two checks of the free space

FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def local_file() -> Iterator[Path]:
    """Yield the path of a new private file under `var/`, removed afterwards unless it was moved."""
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="export-", delete=False) as file:
        path = Path(file.name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


class NoSpaceError(TaskRefusedError):
    """A disk has too little free space for the export."""

    def __init__(self) -> None:
        super().__init__(Failure(FailureCode.NO_SPACE))


@contextmanager
def full_disk_refused() -> Iterator[None]:
    """Raise NoSpaceError when a disk is full: a retry would fill it again."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        logger.exception("An export was stopped because the disk is full")
        raise NoSpaceError from error


def ensure_free_space(*, records: int) -> None:
    """Raise NoSpaceError unless an export of so many records fits, and leaves EXPORT_FREE_SPACE_RESERVE free."""
    for folder in _folders():
        _ensure_room(folder, records * BYTES_A_RECORD)


def ensure_storage_space(path: Path) -> None:
    """Raise NoSpaceError unless the storage has room for the file; on the same disk a rename needs none."""
    size, disk = path.stat().st_size, path.stat().st_dev
    for folder in _folders():
        if folder.stat().st_dev != disk:
            _ensure_room(folder, size)


def _ensure_room(folder: Path, size: int) -> None:
    free, needed = shutil.disk_usage(folder).free, size + settings.EXPORT_FREE_SPACE_RESERVE
    if free < needed:
        logger.error("No room for an export: %s has %s bytes free, %s are wanted", folder, free, needed)
        raise NoSpaceError


class SpaceWatch:
    """Checks the free space of a folder while an export is written to it.

    It stops the writer while the site can still write: on a full disk, every member's next post would fail.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._until_next_check = 0

    def note(self, size: int) -> None:
        """Count `size` bytes as written; raise OSError, as a full disk does, when only the reserve is left."""
        self._until_next_check -= size
        if self._until_next_check < 0:
            self._until_next_check = CHECK_EVERY
            free = shutil.disk_usage(self._folder).free
            if free < settings.EXPORT_FREE_SPACE_RESERVE:
                reason = f"Only {free} bytes are free, EXPORT_FREE_SPACE_RESERVE is not to be used up"
                raise OSError(errno.ENOSPC, reason, str(self._folder))


def free_space() -> int:
    """Return the free bytes of the fullest disk of this machine that exports are written to."""
    return min(shutil.disk_usage(folder).free for folder in _folders())


def _folders() -> Iterator[Path]:
    """Yield the folders that an export is written to: the temporary one, and the storage if that is local."""
    yield existing_folder(settings.VAR_DIR / "tmp")
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        yield existing_folder(Path(storage.location))
