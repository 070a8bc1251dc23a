"""Emails that are due and that no worker is sending: queued again."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone

from exports.delivery.jobs import FAILURE_MAIL_PREFIX, MAIL_PREFIX, delivery_enqueue, failure_mail_enqueue
from exports.models import Archive, FailureEmail
from tasks.queue.client import QueueUnavailableError
from tasks.services.log_context import bind_task
from tasks.signals import work_horse_killed


@receiver(work_horse_killed)
def mail_recover(*, job_id: str, **_signal: Any) -> int:
    """Make the email due at once that a process was sending when it was killed; return how many (0 or 1).

    `job_id` is that of an export or of an email. It may be sent twice then, under one `Message-ID`; it is never lost.
    """
    for archive in Archive.objects.available().filter(mail_due_at__isnull=False):
        if job_id in {str(archive.task_id), f"{MAIL_PREFIX}{archive.pk}"}:
            return Archive.objects.filter(pk=archive.pk, mail_due_at__isnull=False).update(mail_due_at=timezone.now())
    if job_id.startswith(FAILURE_MAIL_PREFIX):
        task_pk = UUID(job_id.removeprefix(FAILURE_MAIL_PREFIX))
        return FailureEmail.objects.filter(task=task_pk, mail_due_at__isnull=False).update(mail_due_at=timezone.now())
    return 0


def mails_reconcile() -> int:
    """Queue the emails that are due and that no worker is sending; return their number."""
    now = timezone.now()
    count = 0
    before = now - timedelta(seconds=settings.EXPORT_STALE_AFTER)
    archives = Archive.objects.available().filter(mail_due_at__lte=before).select_related("task")
    failures = FailureEmail.objects.filter(mail_due_at__lte=before).select_related("task")
    due = [(archive.task, partial(delivery_enqueue, archive)) for archive in archives]
    due += [(email.task, partial(failure_mail_enqueue, email.task)) for email in failures]
    for task, enqueue in due:
        with bind_task(task):
            try:
                enqueue()
            except QueueUnavailableError:
                break
        count += 1
    return count
