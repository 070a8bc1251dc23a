"""Files in the storage of archives: stored, found, and removed together with their folder."""

import errno
from contextlib import suppress
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from exports.models import Archive, Task
from exports.models.archive import exports_storage


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
    if not found and isinstance(storage, FileSystemStorage) and not Path(storage.location).is_dir():
        raise StorageUnavailableError(f"{storage.location} is no folder")
    return bool(found)


def file_remove(storage: Storage, name: str) -> None:
    """Remove a file, if it is there, and its folder if that was the file's own."""
    storage.delete(name)
    if isinstance(storage, FileSystemStorage):
        with suppress(OSError):  # other files are in it
            Path(storage.path(name)).parent.rmdir()
