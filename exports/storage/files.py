"""Files in the storage of archives: store, find and remove them, with their folders."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from exports.models import Archive
from exports.models.archive import exports_storage
from tasks.models import Task


class StorageUnavailableError(Exception):
    """The storage doesn't answer: nothing is known about its files."""


class MovableFile(File[bytes]):
    """A finished local file, which a storage on the same disk renames instead of copying."""

    def temporary_file_path(self) -> str:
        """Return the path; FileSystemStorage looks for this method."""
        return str(self.name)


def attempt_folder(task: Task, attempt: int) -> str:
    """Return the folder of an attempt's file: two attempts at a task never write the same file."""
    return f"{task.user_id}/{task.pk}-{attempt}"


def file_store(path: Path, name: str) -> str:
    """Move the file at `path` into the storage; return the name it has there, `name` if that is free.

    Raises OSError, also if the storage kept only a part: Django's copy to another disk does not notice that the disk
    is full. The caller removes that part.
    """
    storage = exports_storage()
    size = path.stat().st_size
    with path.open("rb") as content:
        stored = storage.save(name, MovableFile(content, name=str(path)))
    if (taken := storage.size(stored)) != size:
        raise OSError(errno.ENOSPC, f"The storage kept {taken} of {size} bytes", stored)
    return stored


def file_exists(archive: Archive) -> bool:
    """Return whether the archive's file is in its storage.

    Raises StorageUnavailableError: an unavailable storage has lost nothing.
    """
    storage = archive.file.storage
    found = _exists(storage, str(archive.file.name))
    if not found:
        ensure_there(storage)
    return found


def _exists(storage: Storage, name: str) -> bool:
    try:
        return bool(storage.exists(name))
    except Exception as error:  # whatever a storage raises
        raise StorageUnavailableError(str(error)) from error


def ensure_there(storage: Storage) -> None:
    """Raise StorageUnavailableError if the storage is a disk that isn't mounted: every file would look missing."""
    if isinstance(storage, FileSystemStorage) and not Path(storage.location).is_dir():
        raise StorageUnavailableError(f"{storage.location} is no folder")


def existing_folder(folder: Path) -> Path:
    """Return the folder or its nearest existing parent, which is on the same disk."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def storage_ping() -> None:
    """Raise StorageUnavailableError unless the storage answers and, if it is a disk, can be written to.

    The first export creates a disk's folder: before that, its nearest existing parent is checked.
    """
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        if Archive.objects.kept().exists():
            ensure_there(storage)
        folder = existing_folder(Path(storage.location))
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailableError(f"{folder} cannot be written to")
    else:
        _exists(storage, "readiness")


def member_files(user_id: int) -> list[str]:
    """Return the names of all files of a member in the storage."""
    try:
        attempts, _files = exports_storage().listdir(str(user_id))
    except FileNotFoundError:
        return []
    return [name for attempt in attempts for name in _files_in(f"{user_id}/{attempt}")]


def task_files(task: Task) -> list[str]:
    """Return the names of the files that the attempts at a task have in the storage."""
    attempts = range(1, task.attempt + 1)
    return [name for attempt in attempts for name in _files_in(attempt_folder(task, attempt))]


def _files_in(folder: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in exports_storage().listdir(folder)[1]]
    except FileNotFoundError:
        return []


def member_folder_remove(user_id: int) -> None:
    """Remove the folder of a member without files, if the storage has folders."""
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        folder = Path(storage.path(str(user_id)))
        for path in (*folder.glob("*"), folder):
            with suppress(OSError):  # it doesn't exist, or has files again
                path.rmdir()


def file_remove(storage: Storage, name: str) -> None:
    """Remove a file, if it exists, and its folder if that is empty then."""
    storage.delete(name)
    if isinstance(storage, FileSystemStorage):
        with suppress(OSError):  # it has other files
            Path(storage.path(name)).parent.rmdir()
