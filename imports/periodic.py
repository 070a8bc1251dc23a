"""Regular work: remove the files that no import needs any more."""

import logging
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import Storage
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.periodic import periodic
from imports.models import Import, Stage, imports_storage
from imports.services.uploads import FOLDER, JOBS, file_remove, import_discard, import_finish, import_report, tasks_of
from imports.services.writing import START
from tasks.models import Task

logger = logging.getLogger(__name__)

FILE_LIFETIME = timedelta(days=1)


@periodic()
def uploads_expire() -> int:
    """Remove the files that no task needs: of imports that have ended, and those a day old; return their number."""
    with_task = Exists(Task.objects.active().filter(user=OuterRef("user"), name__in=JOBS))
    ended = ~Q(stage__in=(Stage.READING, Stage.PREVIEW, Stage.IMPORTING))
    old = Q(created_at__lt=timezone.now() - FILE_LIFETIME) & ~with_task
    count = 0
    for upload in Import.objects.exclude(file="").filter(ended | old):
        count += _expire(upload)
    return count


def _expire(upload: Import) -> bool:
    """Remove a file, unless its import has gone on meanwhile; one that failed on the way ends, and can be undone."""
    if upload.stage in (Stage.READING, Stage.PREVIEW):
        return import_discard(upload)
    if upload.stage == Stage.IMPORTING:
        last = tasks_of(upload).filter(name="import_posts").first()
        import_finish(upload, import_report(upload, (last and last.checkpoint) or START))
    file_remove(upload)
    return True


@periodic()
def upload_leftovers_remove() -> int:
    """Remove what web servers that were killed during an upload have left for a day; return the number of files."""
    before = timezone.now() - FILE_LIFETIME
    storage, count = imports_storage(), 0
    for name in _stored_files(storage):
        if not Import.objects.filter(file=name).exists() and storage.get_modified_time(name) < before:
            storage.delete(name)
            logger.warning("%s, left behind by an upload, was removed", name)
            count += 1
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        with suppress(FileNotFoundError):  # another worker was faster
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
                logger.warning("%s, left behind by an upload, was removed", path)
                count += 1
    return count


def _stored_files(storage: Storage) -> list[str]:
    try:
        return [f"{FOLDER}/{name}" for name in storage.listdir(FOLDER)[1]]
    except FileNotFoundError:
        return []
