"""Whether the disks have room for an export: looked at before it is built, not when they are full."""

import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from exports.models.archive import exports_storage
from exports.models.failure import Failure, FailureCode
from exports.services.refusing import ExportRefusedError

logger = logging.getLogger(__name__)

BYTES_A_POST = 1000
"""Generous: the longest post, escaped, with its time; a whole archive, compressed, is below it too."""


FULL = {errno.ENOSPC, errno.EDQUOT}


class NoSpaceError(ExportRefusedError):
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
        raise NoSpaceError from error


def ensure_free_space(*, posts: int) -> None:
    """Raise NoSpaceError unless an export of so many posts fits, and leaves EXPORT_FREE_SPACE_RESERVE free."""
    needed = posts * BYTES_A_POST + settings.EXPORT_FREE_SPACE_RESERVE
    for folder in _folders():
        free = shutil.disk_usage(folder).free
        if free < needed:
            logger.error("No export of %s posts: %s has %s bytes free, %s are wanted", posts, folder, free, needed)
            raise NoSpaceError


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
