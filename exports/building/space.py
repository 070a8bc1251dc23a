"""Whether the disks have room for an export: looked at before it is built and while it is written."""

import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from exports.models.archive import exports_storage
from tasks.exceptions import TaskRefusedError
from tasks.models.failure import Failure, FailureCode

logger = logging.getLogger(__name__)

BYTES_A_RECORD = 1000
"""Generous for a post, a message or a follow of usual size; what is longer is noticed while it is written."""

STEP = 1_000_000  # bytes written between two looks at the free space

FULL = {errno.ENOSPC, errno.EDQUOT}


class NoSpaceError(TaskRefusedError):
    """A disk has too little room for the export."""

    def __init__(self) -> None:
        super().__init__(Failure(FailureCode.NO_SPACE))


@contextmanager
def full_disk_refused() -> Iterator[None]:
    """Raise NoSpaceError when a disk turns out to be full: trying again would fill it again."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        logger.exception("An export was stopped for want of room")
        raise NoSpaceError from error


def ensure_free_space(*, records: int) -> None:
    """Raise NoSpaceError unless an export of so many records fits, and leaves EXPORT_FREE_SPACE_RESERVE free."""
    for folder in _folders():
        _ensure_room(folder, records * BYTES_A_RECORD)


def ensure_storage_space(path: Path) -> None:
    """Raise NoSpaceError unless the storage has room for the file; on the same disk it takes none that is not taken."""
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
    """Looks at the free space of a folder while an export is written to it, whatever is in it and whoever else writes.

    It stops the writer while the site can still write: a full disk would fail everybody's next post.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._until_next_look = 0

    def note(self, size: int) -> None:
        """Note that `size` bytes are written; raise OSError, as a full disk does, when only the reserve is left."""
        self._until_next_look -= size
        if self._until_next_look < 0:
            self._until_next_look = STEP
            free = shutil.disk_usage(self._folder).free
            if free < settings.EXPORT_FREE_SPACE_RESERVE:
                reason = f"Only {free} bytes are free, EXPORT_FREE_SPACE_RESERVE is not to be used up"
                raise OSError(errno.ENOSPC, reason, str(self._folder))


def free_space() -> int:
    """Return the bytes that are free where there is least room for an export, on this machine."""
    return min(shutil.disk_usage(folder).free for folder in _folders())


def _folders() -> Iterator[Path]:
    """Yield where an export takes room: where it is built, and where it is kept if that is on this machine."""
    yield _existing(settings.VAR_DIR / "tmp")
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        yield _existing(Path(storage.location))


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there already: it has the same disk."""
    return next(path for path in (folder, *folder.parents) if path.exists())
