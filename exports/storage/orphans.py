"""Files in the storage without an archive: whoever stored them died before the archive was saved."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import Storage
from django.utils import timezone

from exports.models import Archive
from exports.models.archive import exports_storage
from exports.storage.files import attempt_folder, file_remove
from tasks.models import Task, TaskStatus

logger = logging.getLogger(__name__)


def orphans_remove() -> int:
    """Remove what the attempts at tasks that ended lately left in the storage, but no archive; return the number.

    No attempt runs longer than EXPORT_JOB_TIMEOUT, so that none leaves a file long after its task has ended.
    """
    storage = exports_storage()
    since = timezone.now() - timedelta(seconds=2 * settings.EXPORT_JOB_TIMEOUT)
    ended = Task.objects.filter(ended_at__gt=since, user__isnull=False)
    count = 0
    for task in ended.exclude(status=TaskStatus.SUCCEEDED, attempt=1):
        for name in _stored_by(task, storage):
            if not Archive.objects.filter(file=name).exists():
                file_remove(storage, name)
                logger.warning("%s, left behind in the storage by an attempt that died, was removed", name)
                count += 1
    return count


def _stored_by(task: Task, storage: Storage) -> Iterator[str]:
    """Yield the names of the files that the task's attempts have in the storage."""
    for attempt in range(1, task.attempt + 1):
        folder = attempt_folder(task, attempt)
        try:
            _folders, files = storage.listdir(folder)
        except FileNotFoundError:
            continue
        yield from (f"{folder}/{file}" for file in files)
