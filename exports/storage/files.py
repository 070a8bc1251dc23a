"""Files in the storage of archives: stored, found, and removed together with their folder."""

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
    """The storage cannot be asked: nothing is known of its files."""


class MovableFile(File[bytes]):
    """A finished local file, which a storage on the same disk takes over by a rename instead of a copy."""

    def temporary_file_path(self) -> str:
        """Return the path: the name by which Django's FileSystemStorage asks."""
        return str(self.name)


def attempt_folder(task: Task, attempt: int) -> str:
    """Return where an attempt keeps its file: two attempts at one task can never write one file."""
    return f"{task.user_id}/{task.pk}-{attempt}"


def file_store(path: Path, name: str) -> str:
    """Move the file at `path` into the storage; return the name it has there, `name` if that is free.

    Raises OSError, also when only a part was taken: Django's copy to another disk does not notice that it filled up.
    The part is then left for the caller to remove.
    """
    storage = exports_storage()
    size = path.stat().st_size
    with path.open("rb") as content:
        stored = storage.save(name, MovableFile(content, name=str(path)))
    if (taken := storage.size(stored)) != size:
        raise OSError(errno.ENOSPC, f"Of {size} bytes the storage took {taken}", stored)
    return stored


def file_exists(archive: Archive) -> bool:
    """Return whether the archive's file is in its storage.

    Raises StorageUnavailableError: a storage that is away has lost nothing.
    """
    storage = archive.file.storage
    try:
        found = storage.exists(str(archive.file.name))
    except Exception as error:  # whatever a storage raises
        raise StorageUnavailableError(str(error)) from error
    if not found:
        ensure_there(storage)
    return bool(found)


def ensure_there(storage: Storage) -> None:
    """Raise StorageUnavailableError if the storage is a disk that is away: every file would look missing."""
    if isinstance(storage, FileSystemStorage) and not Path(storage.location).is_dir():
        raise StorageUnavailableError(f"{storage.location} is no folder")


def storage_ping() -> None:
    """Raise StorageUnavailableError unless the storage answers, and what is kept can be there.

    A disk's folder is made by the first export: before that, the folder it will be made in has to do.
    """
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        folder = Path(storage.location)
        if not folder.is_dir() and Archive.objects.kept().exists():
            raise StorageUnavailableError(f"{folder} is no folder")
        folder = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailableError(f"{folder} cannot be written to")
        return
    try:
        storage.exists("readiness")
    except Exception as error:  # whatever a storage raises
        raise StorageUnavailableError(str(error)) from error


def member_files(user_id: int) -> list[str]:
    """Return the names of all files that the attempts at a member's tasks have in the storage."""
    storage = exports_storage()
    try:
        attempts, _files = storage.listdir(str(user_id))
    except FileNotFoundError:
        return []
    folders = [f"{user_id}/{attempt}" for attempt in attempts]
    return [f"{folder}/{name}" for folder in folders for name in storage.listdir(folder)[1]]


def member_folder_remove(user_id: int) -> None:
    """Remove the folder of a member whose files are gone, where a storage has folders."""
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        folder = Path(storage.path(str(user_id)))
        for path in (*folder.glob("*"), folder):
            with suppress(OSError):  # it is not there, or a file is in it again
                path.rmdir()


def file_remove(storage: Storage, name: str) -> None:
    """Remove a file, if it is there, and its folder if that was the file's own."""
    storage.delete(name)
    if isinstance(storage, FileSystemStorage):
        with suppress(OSError):  # other files are in it
            Path(storage.path(name)).parent.rmdir()
