"""From a finished local file to an Archive in the private storage, and the task's success."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from exports.models import Archive, Task
from exports.models.archive import exports_storage
from exports.services.progress import ClaimLostError
from exports.services.transitions import task_succeed


class MovableFile(File[bytes]):
    """A finished local file, which a storage on the same disk takes over by a rename instead of a copy."""

    def temporary_file_path(self) -> str:
        """Return the path: the name by which Django's FileSystemStorage asks."""
        return str(self.name)


def archive_keep(task: Task, archive: Archive, path: Path) -> None:
    """Move the file at `path` into the storage and, in one transaction, save the archive and the success.

    Raises ClaimLostError. Whatever is raised, the stored file is removed again unless its archive was saved: the
    job's time can run out in the moment after the commit.
    """
    storage = exports_storage()
    # The attempt is part of the name: two attempts at one task can never write one file.
    wanted = f"{task.user_id}/{task.pk}-{task.attempt}/{archive.filename}"
    with path.open("rb") as content:
        name = storage.save(wanted, MovableFile(content, name=str(path)))
    try:
        _succeed(task, archive, name, expires_at=timezone.now() + timedelta(days=settings.EXPORT_RETENTION_DAYS))
    except BaseException:
        if not Archive.objects.filter(file=name).exists():
            storage.delete(name)
        raise


def _succeed(task: Task, archive: Archive, name: str, *, expires_at: datetime) -> None:
    archive.file.name = name
    archive.expires_at = expires_at
    archive.mail_due_at = timezone.now()
    with transaction.atomic():
        archive.save()
        if task_succeed(task, done=archive.posts) is None:
            raise ClaimLostError(task.pk)


@contextmanager
def local_file() -> Iterator[Path]:
    """Yield the path of a new private file under `var/`, which is gone afterwards unless it was moved."""
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="export-", delete=False) as file:
        path = Path(file.name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
