"""Remove files: expired ones, those beyond a member's limit, and what crashed attempts left behind.

All of it can run repeatedly and in several workers at once: a file that is already gone is no error. A storage that
fails is logged, doesn't keep other files from being removed, and is retried at the next cleanup.
"""

import logging
import time
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, When
from django.utils import timezone

from core.periodic import periodic
from exports.models import Archive, Schedule
from exports.models.archive import ArchiveQuerySet, Removal, exports_storage
from exports.storage.files import StorageUnavailableError, file_remove, task_files
from tasks.models import Task, TaskStatus
from tasks.services.payloads import task_withdraw

logger = logging.getLogger(__name__)


@periodic()
def archives_expire() -> int:
    """Remove the expired files; return their number."""
    return _discard_each(Archive.objects.kept().filter(expires_at__lte=timezone.now()), Removal.EXPIRED)


@periodic()
def archives_trim() -> int:
    """Remove the oldest files of the members who keep too many; return their number."""
    groups = Archive.objects.kept().values("user_id", "is_scheduled", "user__export_schedule__keep").order_by()
    limit = Case(When(is_scheduled=True, then="user__export_schedule__keep"), default=settings.EXPORT_MAX_ARCHIVES)
    too_many = groups.annotate(number=Count("pk")).filter(number__gt=limit)
    return sum(member_trim(user_id=row["user_id"], is_scheduled=row["is_scheduled"]) for row in too_many)


def member_trim(*, user_id: int, is_scheduled: bool) -> int:
    """Remove the member's oldest files beyond EXPORT_MAX_ARCHIVES, or the scheduled ones beyond their own number."""
    newest_first = Archive.objects.kept().filter(user_id=user_id, is_scheduled=is_scheduled)
    schedules = Schedule.objects.filter(user_id=user_id).values_list("keep", flat=True)
    limits = schedules if is_scheduled else [settings.EXPORT_MAX_ARCHIVES]
    return sum(_discard_each(newest_first.order_by("-created_at", "-pk")[limit:], Removal.REPLACED) for limit in limits)


def archive_delete(archive: Archive) -> bool:
    """Remove the archive's file, as its member asks; return False if it had no file any more.

    Raises StorageUnavailableError for whatever the storage raises.
    """
    try:
        return archive_discard(archive, Removal.DELETED)
    except Exception as error:
        logger.exception("The file of archive %s could not be deleted", archive.pk)
        raise StorageUnavailableError(str(error)) from error


def archive_discard(archive: Archive, removal: Removal) -> bool:
    """Remove the archive's file, cancel its email, withdraw its alert; return False if it had no file any more.

    The file goes first: if the process dies in between, the row leads the next cleanup to it.
    """
    name = str(archive.file.name)
    if not name:
        return False
    file_remove(archive.file.storage, name)
    with transaction.atomic():
        discarded = Archive.objects.filter(pk=archive.pk, file=name).update(file="", removal=removal, mail_due_at=None)
        if discarded:
            task_withdraw(archive.task)
    return bool(discarded)


@periodic()
def leftovers_remove() -> int:
    """Remove the temporary files of crashed jobs; return their number.

    No job runs longer than EXPORT_JOB_TIMEOUT, so nothing older is being written.
    """
    before = time.time() - settings.EXPORT_JOB_TIMEOUT
    count = 0
    for path in (settings.VAR_DIR / "tmp").glob("export-*"):
        with suppress(FileNotFoundError):  # its job has just removed it
            if path.stat().st_mtime < before:
                path.unlink()
                logger.warning("%s, left behind by a crashed job, was removed", path)
                count += 1
    return count


@periodic()
def orphans_remove() -> int:
    """Remove files in the storage that have no archive, of tasks that ended recently; return their number.

    No attempt runs longer than EXPORT_JOB_TIMEOUT, so no attempt stores a file long after its task has ended.
    """
    since = timezone.now() - timedelta(seconds=2 * settings.EXPORT_JOB_TIMEOUT)
    ended = Task.objects.filter(ended_at__gt=since, user__isnull=False)
    count = 0
    for task in ended.exclude(status=TaskStatus.SUCCEEDED, attempt=1):
        for name in task_files(task):
            if not Archive.objects.filter(file=name).exists():
                file_remove(exports_storage(), name)
                logger.warning("%s, left behind in the storage by a crashed attempt, was removed", name)
                count += 1
    return count


def _discard_each(archives: ArchiveQuerySet, removal: Removal) -> int:
    count = 0
    for archive in archives.select_related("task__user"):
        try:
            count += archive_discard(archive, removal)
        except Exception:  # whatever a storage raises
            logger.exception("The file of archive %s could not be removed", archive.pk)
    return count
