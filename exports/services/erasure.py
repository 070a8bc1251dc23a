"""The end of an account whose time has come: nothing of the member stays, in database, storage or queue.

Everything here can be done again, and by several workers at once. The order makes it so: first nobody can use the
account any more, then the work for it ends, then its files go, and its row, by which it is found again, goes last.
"""

import logging
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Session, User
from exports.models import Archive, FailureEmail, Task
from exports.models.archive import exports_storage
from exports.services.queue import FAILURE_MAIL_PREFIX, MAIL_PREFIX, QueueUnavailableError, job_remove
from exports.services.storing import ensure_there, file_remove, member_files, member_folder_remove
from exports.services.transitions import task_cancel
from exports.services.workers import jobs_at_work
from inbox.models import Conversation
from inbox.services import conversation_read

logger = logging.getLogger(__name__)

BATCH = 500
"""Rows deleted in one transaction: SQLite lets nobody else write meanwhile."""


def accounts_due() -> QuerySet[User]:
    """Return the members whose grace is over."""
    return User.objects.filter(deletion_due_at__lte=timezone.now())


def accounts_erase() -> int:
    """Erase the members whose grace is over; return how many are gone. Whoever cannot go yet is tried again later."""
    count = 0
    for user in accounts_due():
        try:
            count += account_erase(user=user)
        except QueueUnavailableError:
            logger.warning("Member %s cannot be erased: the queue server is away", user.pk)
        except Exception:  # whatever a storage raises
            logger.exception("Member %s could not be erased; it is tried again", user.pk)
    return count


def account_erase(*, user: User) -> bool:
    """Erase a member whose grace is over; return False if a worker is at work for them, which is told to end.

    Raises QueueUnavailableError, and what the storage raises when it is away.
    """
    if not accounts_due().filter(pk=user.pk).update(is_active=False):
        return False
    Session.objects.filter(user=user).delete()
    jobs = _end_work(user)
    if jobs & jobs_at_work():
        return False
    _remove_files(user)
    for job_id in jobs:
        job_remove(job_id)
    for conversation in Conversation.objects.filter(partner=user, unread__gt=0):
        conversation_read(conversation)  # the others' counts of the unread, which their pages show
    for rows in _belongings(user):
        _delete_in_batches(rows)
    logger.info("Member %s is erased, as they asked", user.pk)
    with transaction.atomic():
        _forget_in_log(User, [user.pk])
        user.delete()
    return True


def _end_work(user: User) -> set[str]:
    """Cancel the member's tasks and mails; return the ids of all the jobs there ever were for them."""
    for task in Task.objects.active().filter(user=user):
        task_cancel(task)
    archives = Archive.objects.filter(user=user)
    archives.update(mail_due_at=None)
    FailureEmail.objects.filter(task__user=user).update(mail_due_at=None)
    tasks = [str(pk) for pk in Task.objects.filter(user=user).values_list("pk", flat=True)]
    mails = (f"{MAIL_PREFIX}{pk}" for pk in archives.values_list("pk", flat=True))
    return {*tasks, *mails, *(f"{FAILURE_MAIL_PREFIX}{pk}" for pk in tasks)}


def _remove_files(user: User) -> None:
    """Remove the files of the member's archives, and what attempts that died have left."""
    kept = list(Archive.objects.filter(user=user).kept().values_list("file", flat=True))
    if kept:
        ensure_there(exports_storage())
    for name in {*kept, *member_files(user.pk)}:
        file_remove(exports_storage(), name)
    member_folder_remove(user.pk)


def _belongings(user: User) -> Iterator[QuerySet[Any]]:
    """Yield the rows of each model that would go with the member's own: there can be a million of them."""
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.CASCADE:
            yield relation.related_model._base_manager.filter(**{relation.field.name: user})


def _delete_in_batches(rows: QuerySet[Any]) -> None:
    while pks := list(rows.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            _forget_in_log(rows.model, pks)
            rows.filter(pk__in=pks).delete()


def _forget_in_log(model: type[models.Model], pks: list[Any]) -> None:
    """Delete what the admin's log holds of these rows: it names them, and with a post even quotes it."""
    content_type = ContentType.objects.get_for_model(model)
    LogEntry.objects.filter(content_type=content_type, object_id__in=map(str, pks)).delete()
