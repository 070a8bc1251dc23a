"""The email about an export that failed for good: whoever closed the browser would wait for ever."""

import logging
from functools import partial
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from core.mail.messages import absolute, compose
from core.mail.sending import mail_send
from exports.delivery.jobs import failure_mail_enqueue
from exports.delivery.sending import NO_ADDRESS, Outcome, mail_failed, mail_sent, mail_take
from exports.models import FailureEmail
from tasks.models import Task
from tasks.queue.client import QueueUnavailableError, queue_probe_quickly
from tasks.registry import JOBS, failure_text_of
from tasks.services.counters import count_later, counted
from tasks.services.languages import task_language
from tasks.services.log_context import bind_task

logger = logging.getLogger(__name__)


def failure_mail_schedule(task: Task) -> None:
    """Have the member of a failed export told by email; call it in the failure's transaction."""
    FailureEmail.objects.create(task=task, mail_due_at=timezone.now())
    transaction.on_commit(partial(_queue, task))


def _queue(task: Task) -> None:
    try:
        queue_probe_quickly()  # its absence may be why the export failed
        failure_mail_enqueue(task)
    except QueueUnavailableError:
        logger.warning("Task %s: the email about its failure is due; the next reconciliation queues it", task.pk)


def failure_mail_deliver(task_id: str) -> None:
    """Send the email if it is due, and still true; a failure is logged and puts it off."""
    if not mail_take(FailureEmail.objects.filter(task=UUID(task_id))):
        return
    email = FailureEmail.objects.select_related("task__user").get(task=UUID(task_id))
    with bind_task(email.task):
        _deliver(email)


def _deliver(email: FailureEmail) -> None:
    if not is_wanted(email.task):
        FailureEmail.objects.filter(pk=email.pk).update(mail_due_at=None)
        return
    if not email.task.member.email:
        _settle(email, Outcome.NO_ADDRESS, mail_due_at=None, mail_error=NO_ADDRESS)
        return
    try:
        message = failure_message(email.task)
        mail_send(message)
    except JobTimeoutException as error:
        _settle_failed(email, error)
        raise
    except Exception as error:  # whatever a mail backend raises: the email is put off, and the log has it all
        logger.exception("Task %s: the email about its failure could not be sent", email.task_id)
        _settle_failed(email, error)
    else:
        _settle(email, Outcome.SENT, **mail_sent(message))


def is_wanted(task: Task) -> bool:
    """Return whether the member is there to be told, and has not asked for another export of the kind since."""
    later = Task.objects.filter(user=task.user_id, name=task.name, created_at__gt=task.created_at)
    return task.member.is_active and not later.exists()


def _settle_failed(email: FailureEmail, error: Exception) -> None:
    outcome, changes = mail_failed(email, error)
    _settle(email, outcome, **changes)


def _settle(email: FailureEmail, outcome: Outcome, **changes: object) -> None:
    with transaction.atomic():
        FailureEmail.objects.filter(pk=email.pk).update(**changes)
        count_later(counted("mails", outcome))


def failure_message(task: Task) -> EmailMultiAlternatives:
    """Return the email: what failed, why, and where it can be retried."""
    with task_language(task):
        context = {
            "username": task.member.username,
            "label": JOBS[task.name].label,
            "reason": failure_text_of(task),
            "exports_url": absolute("exports:list"),
        }
        return compose("export_failed", context, to=task.member.email, message_id=f"export-{task.pk}-failed")
