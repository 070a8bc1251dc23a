"""An import from its upload to its end: what members do, and what happens to the file."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from imports.models import Import, Stage, imports_storage
from posts.models import PostOrigin
from tasks.models import Task
from tasks.models.task import TaskQuerySet
from tasks.services.launch import TaskAlreadyActiveError, task_launch
from tasks.services.payloads import task_withdraw
from tasks.services.transitions import task_cancel

logger = logging.getLogger(__name__)

FOLDER = "uploads"
"""Where the storage keeps the files, each under its import's id: a bucket holds the archives of exports too."""
WRITING = ("import_posts", "undo_import")
"""The jobs that change a member's posts: one at a time, since what one finds the other may be taking away."""
JOBS = ("read_import", *WRITING)


def tasks_of(upload: Import) -> TaskQuerySet:
    """Return the tasks of an import, the newest first."""
    return Task.objects.filter(user=upload.user_id, name__in=JOBS, params__import=str(upload.pk))


def with_latest_task(user: User, uploads: list[Import]) -> list[tuple[Import, Task | None]]:
    """Return each of the member's imports with its latest task, by one query."""
    ids = [str(upload.pk) for upload in uploads]
    tasks = Task.objects.filter(user=user, name__in=JOBS, params__import__in=ids).order_by("created_at")
    latest = {task.params["import"]: task for task in tasks}
    return [(upload, latest.get(str(upload.pk))) for upload in uploads]


def is_busy(user: User) -> bool:
    """Return whether an import or an undo is changing the member's posts."""
    return Task.objects.active().filter(user=user, name__in=WRITING).exists()


def import_upload(*, user: User, file: UploadedFile[bytes]) -> tuple[Import, Task]:
    """Keep an uploaded file, and start a task that reads it; an earlier one that waits for a decision is discarded.

    Raises RequestDataTooBig, TaskAlreadyActiveError while the member's posts change, since a preview would be wrong
    when that ends, and what else `task_launch` does; the file is not kept then.
    """
    if (file.size or 0) > settings.IMPORT_MAX_SIZE:
        raise RequestDataTooBig
    if is_busy(user):
        raise TaskAlreadyActiveError("read_import")
    earlier = list(Import.objects.filter(user=user, stage__in=(Stage.READING, Stage.PREVIEW)))
    upload = Import(user=user, filename=(file.name or "")[-255:], size=file.size or 0)
    upload.file.name = imports_storage().save(f"{FOLDER}/{upload.pk}", file)
    for waiting in earlier:
        import_discard(waiting)
    try:
        with transaction.atomic():
            upload.save(force_insert=True)
            task = task_launch(user=user, name="read_import", params={"import": str(upload.pk)}, actor=user)
    except BaseException:
        imports_storage().delete(upload.file.name)
        raise
    return upload, task


def import_confirm(upload: Import, choices: dict[str, Any]) -> Task | None:
    """Start importing what the member has chosen; return None if the import doesn't wait for a choice.

    Raises TaskAlreadyActiveError, and what else `task_launch` does.
    """
    with transaction.atomic():
        waiting = Import.objects.filter(pk=upload.pk, stage=Stage.PREVIEW).exclude(file="")
        if not waiting.update(stage=Stage.IMPORTING, choices=choices):
            return None
        return _launch(upload, "import_posts")


def import_discard(upload: Import) -> bool:
    """Give up an import before it has begun, and remove its file; return whether it could be."""
    rows = Import.objects.filter(pk=upload.pk, stage__in=(Stage.READING, Stage.PREVIEW))
    if not rows.update(stage=Stage.DISCARDED, preview={}):
        return False
    _cancel(tasks_of(upload).active())
    _withdraw_alerts(tasks_of(upload))
    upload.refresh_from_db(fields=["file"])  # the reading may just have replaced it
    file_remove(upload)
    return True


def import_undo(upload: Import) -> Task | None:
    """Start taking back all that an import has brought; return None if it can't be undone, or no longer.

    Raises TaskAlreadyActiveError, and what else `task_launch` does.
    """
    if not may_be_undone(upload):
        return None
    with transaction.atomic():
        if not Import.objects.filter(pk=upload.pk, stage=upload.stage).update(stage=Stage.UNDOING):
            return None
        return _launch(upload, "undo_import")


def may_be_undone(upload: Import) -> bool:
    """Return whether the import has begun, is not in progress, and did not end more than IMPORT_UNDO_DAYS ago."""
    since = timezone.now() - timedelta(days=settings.IMPORT_UNDO_DAYS)
    has_begun = upload.stage in (Stage.IMPORTING, Stage.DONE)
    return has_begun and (upload.ended_at or upload.created_at) > since and not tasks_of(upload).active().exists()


def import_report(upload: Import, position: dict[str, Any]) -> dict[str, Any]:
    """Return how many posts an import has brought, how many were here already, and what was left out, by reason."""
    imported = PostOrigin.objects.filter(import_id=upload.pk).count()
    return {"imported": imported, "known": position["known"], "left_out": position["left_out"]}


def import_finish(upload: Import, report: dict[str, Any]) -> bool:
    """Note that an import has ended, and forget the texts of its preview; return whether it was in progress."""
    rows = Import.objects.filter(pk=upload.pk, stage=Stage.IMPORTING)
    return bool(rows.update(stage=Stage.DONE, ended_at=timezone.now(), report=report, preview={}))


def file_remove(upload: Import) -> None:
    """Remove the file, if it is still there; a storage that fails is tried again by `uploads_expire`."""
    if upload.file and stored_file_delete(str(upload.file.name)):
        Import.objects.filter(pk=upload.pk).update(file="")


def stored_file_delete(name: str) -> bool:
    """Delete a file of the storage; return whether it is gone. A storage that fails is logged."""
    try:
        imports_storage().delete(name)
    except Exception:  # whatever a storage raises
        logger.exception("%s, a file of an import, could not be removed", name)
        return False
    return True


def _launch(upload: Import, name: str) -> Task:
    if is_busy(upload.user):
        raise TaskAlreadyActiveError(name)
    task = task_launch(user=upload.user, name=name, params={"import": str(upload.pk)}, actor=upload.user)
    # The import goes on: what became of its earlier tasks is no longer news.
    earlier = tasks_of(upload).exclude(pk=task.pk)
    transaction.on_commit(partial(_withdraw_alerts, earlier), robust=True)
    return task


def _withdraw_alerts(tasks: Iterable[Task]) -> None:
    for task in tasks:
        task_withdraw(task)


def _cancel(tasks: Iterable[Task]) -> None:
    for task in tasks:
        task_cancel(task)
