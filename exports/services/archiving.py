"""From a finished local file to an Archive in the private storage, and the task's success."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, transaction
from django.utils import timezone

from exports.models import Archive, Task
from exports.models.archive import exports_storage
from exports.services.progress import ClaimLostError
from exports.services.storing import attempt_folder, file_remove, file_store
from exports.services.tallies import BYTES, measured, tally_later
from exports.services.transitions import task_succeed

logger = logging.getLogger(__name__)


def archive_keep(task: Task, archive: Archive, path: Path, *, done: int) -> None:
    """Move the file at `path` into the storage and, in one transaction, save the archive and the success.

    `done` is how many records were read for it.

    Raises ClaimLostError. Whatever is raised, the stored file is removed again unless its archive was saved: the
    job's time can run out in the moment after the commit.
    """
    name = f"{attempt_folder(task, task.attempt)}/{archive.filename}"
    try:
        name = file_store(path, name)
        close_old_connections()  # a slow storage can take longer than a connection, or the database's server, lives
        archive.expires_at = timezone.now() + timedelta(days=settings.EXPORT_RETENTION_DAYS)
        _succeed(task, archive, name, done=done)
    except BaseException:
        _remove_unless_saved(name)
        raise
    logger.info("Task %s: attempt %s succeeded; %s has %s bytes", task.pk, task.attempt, name, archive.size)


def _remove_unless_saved(name: str) -> None:
    """Remove the stored file unless it has an archive; with database or storage away the housekeeping does it."""
    try:
        if not Archive.objects.filter(file=name).exists():
            file_remove(exports_storage(), name)
    except Exception:  # whatever a storage raises; why the archive could not be kept matters more
        logger.warning("%s could not be removed from the storage", name, exc_info=True)


def _succeed(task: Task, archive: Archive, name: str, *, done: int) -> None:
    archive.file.name = name
    archive.mail_due_at = timezone.now()
    with transaction.atomic():
        archive.save()
        if task_succeed(task, done=done) is None:
            raise ClaimLostError(task.pk)
        tally_later(measured("bytes", task.name, value=archive.size, limits=BYTES))


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
