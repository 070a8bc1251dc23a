"""Emails in the queue: `exports.jobs` has the functions that workers run."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from core.log_context import bind_ids, request_id
from core.periodic import periodic
from exports.models import Archive, FailureEmail
from tasks.queue.client import QueueUnavailableError, function_enqueue, queue_probe_quickly
from tasks.services.context import bind_task
from tasks.signals import work_horse_killed

logger = logging.getLogger(__name__)


def email_enqueue(email: Archive | FailureEmail) -> None:
    """Queue an email, unless it is in the queue already. Raises QueueUnavailableError."""
    function_enqueue(email.mail_function, email.task_id, job_id=email.mail_job_id)


def email_enqueue_on_commit(email: Archive | FailureEmail) -> None:
    """Queue an email after the transaction; without a queue server `emails_reconcile` does it later."""
    transaction.on_commit(partial(_enqueue_if_possible, email, request_id() or email.task.request_id))


def _enqueue_if_possible(email: Archive | FailureEmail, request: str) -> None:
    with bind_ids(request=request, task=str(email.task_id)):
        try:
            queue_probe_quickly()  # a page waits, and the server's absence may be why an export failed
            email_enqueue(email)
        except QueueUnavailableError:
            logger.warning("Task %s: its email is due; the next reconciliation queues it", email.task_id)


@periodic(frequent=True)
def emails_reconcile() -> int:
    """Queue the emails that are due and that no worker is sending; return their number."""
    before = timezone.now() - timedelta(seconds=settings.EXPORT_STALE_AFTER)
    count = 0
    for email in (email for rows in _pending() for email in rows.filter(mail_due_at__lte=before)):
        with bind_task(email.task):
            try:
                email_enqueue(email)
            except QueueUnavailableError:
                break
        count += 1
    return count


@receiver(work_horse_killed)
def email_recover(*, job_id: str, **_signal: Any) -> int:
    """Make the email due at once that a process was sending when it was killed; return how many (0 or 1).

    `job_id` is that of an export or of an email. The email may be sent twice, under one `Message-ID`.
    """
    for rows in _pending():
        for email in rows:
            if job_id in email.mail_job_ids:
                return rows.filter(pk=email.pk).update(mail_due_at=timezone.now())
    return 0


def _pending() -> Iterator["QuerySet[Archive] | QuerySet[FailureEmail]"]:
    for rows in (Archive.objects.available(), FailureEmail.objects.all()):
        yield rows.filter(mail_due_at__isnull=False).select_related("task")
