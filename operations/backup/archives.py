"""The archives' files in a backup: each one checked by its SHA-256 on the way in, and on the way back."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from exports.models import Archive
from exports.models.archive import exports_storage
from exports.storage.files import file_remove
from operations.backup.errors import BackupError
from operations.backup.manifest import StoredFile, file_sha256

FOLDER = "archives"
ROWS = "SELECT file, size, sha256 FROM exports_archive WHERE file <> '' ORDER BY id"
Row = tuple[str, int, str]


def is_copied_by_default() -> bool:
    """Return whether archives go into the backup: a bucket is kept by its service, a disk by nobody else."""
    return isinstance(exports_storage(), FileSystemStorage)


def archives_keep(rows: list[Row], backup: Path, *, copy: bool) -> Iterator[StoredFile]:
    """Yield what becomes of each archive's file: copied (or linked) into the backup, or only looked for."""
    storage = exports_storage()
    for name, size, sha256 in rows:
        state = _copied(storage, name, sha256, backup) if copy else _listed(storage, name, size)
        if state == "missing" and not Archive.objects.filter(file=name).exists():
            state = "gone"
        yield StoredFile(name, size, sha256, state)


def _listed(storage: Storage, name: str, size: int) -> str:
    if not storage.exists(name):
        return "missing"
    return "listed" if storage.size(name) == size else "damaged"


def _copied(storage: Storage, name: str, sha256: str, backup: Path) -> str:
    target = backup / FOLDER / checked(name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if isinstance(storage, FileSystemStorage) and _linked(Path(storage.path(name)), target):
            found = file_sha256(target)
        else:
            found = _streamed(storage, name, target)
    except FileNotFoundError:
        return "missing"
    return "copied" if found == sha256 else "damaged"


def _linked(source: Path, target: Path) -> bool:
    """Make `target` another name of the same file, which is never written again; return False on another disk."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _streamed(storage: Storage, name: str, target: Path) -> str:
    """Copy the file; return its SHA-256. A file that is not there leaves nothing behind."""
    digest = hashlib.sha256()
    with storage.open(name) as source, target.open("wb") as copy:
        for chunk in source.chunks():
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def archives_check(files: list[StoredFile], backup: Path) -> None:
    """Raise BackupError unless each copied file of the backup is whole."""
    for file in files:
        path = backup / FOLDER / checked(file.name)
        if not path.is_file():
            raise BackupError(f"{path} is missing. Use another backup.")
        if file_sha256(path) != file.sha256:
            raise BackupError(f"{path} is damaged: its SHA-256 is not that of the manifest. Use another backup.")


def archives_restore(files: list[StoredFile], backup: Path) -> Iterator[StoredFile]:
    """Put the copied files back where they are missing or different; yield those."""
    storage = exports_storage()
    for file in files:
        if _is_there(storage, file):
            continue
        file_remove(storage, file.name)  # else the storage would choose another name
        with (backup / FOLDER / checked(file.name)).open("rb") as content:
            storage.save(file.name, File(content))
        yield file


def _is_there(storage: Storage, file: StoredFile) -> bool:
    if not storage.exists(file.name):
        return False
    digest = hashlib.sha256()
    with storage.open(file.name) as content:
        for chunk in content.chunks():
            digest.update(chunk)
    return digest.hexdigest() == file.sha256


def checked(name: str) -> str:
    """Return the name of a file in the storage; raise BackupError for one that leads out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BackupError(f"{name!r} is no name of an archive's file.")
    return name
