"""The end of what is kept: files past their time, a member's files beyond their number, and leftovers.

Everything here can be done again, and by several workers at once: a file that is gone is no error. A storage
that fails is logged, keeps nobody else's file, and is tried again at the next housekeeping.
"""

import logging
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from exports.models import Archive
from exports.models.archive import ArchiveQuerySet, Removal
from exports.storage.files import file_remove
from tasks.services.payloads import task_withdraw

logger = logging.getLogger(__name__)


def archives_expire() -> int:
    """Remove the files whose time is over; return their number."""
    return _discard_each(Archive.objects.kept().expired(), Removal.EXPIRED)


def archives_trim() -> int:
    """Remove the oldest files of the members who keep more than EXPORT_MAX_ARCHIVES; return their number."""
    kept = Archive.objects.kept().values("user_id").annotate(number=Count("pk")).order_by()
    too_many = kept.filter(number__gt=settings.EXPORT_MAX_ARCHIVES)
    return sum(member_trim(user_id=row["user_id"]) for row in too_many)


def member_trim(*, user_id: int) -> int:
    """Remove the member's oldest files beyond EXPORT_MAX_ARCHIVES; return their number."""
    newest_first = Archive.objects.kept().filter(user_id=user_id).order_by("-created_at", "-pk")
    return _discard_each(newest_first[settings.EXPORT_MAX_ARCHIVES :], Removal.REPLACED)


def archive_discard(archive: Archive, removal: Removal) -> bool:
    """Remove the archive's file, call off its mail, take its alert away; return False if it had no file any more.

    The file goes first: a death in between leaves a row by which the next housekeeping finds it again.
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


def leftovers_remove() -> int:
    """Remove the temporary files of jobs that died before they could; return their number.

    No job runs longer than EXPORT_JOB_TIMEOUT, so nothing older is being written.
    """
    before = time.time() - settings.EXPORT_JOB_TIMEOUT
    leftovers = [path for path in (settings.VAR_DIR / "tmp").glob("export-*") if _modified_at(path) < before]
    for path in leftovers:
        path.unlink(missing_ok=True)
        logger.warning("%s, left behind by a job that died, was removed", path)
    return len(leftovers)


def _discard_each(archives: ArchiveQuerySet, removal: Removal) -> int:
    count = 0
    for archive in archives.select_related("task__user"):
        try:
            count += archive_discard(archive, removal)
        except Exception:  # whatever a storage raises
            logger.exception("The file of archive %s could not be removed", archive.pk)
    return count


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # its job has just ended
        return float("inf")
