"""Emails about exports: queued, sent by one worker each, retried for a day, and given up at a refusal.

`exports.jobs` has the functions that workers run.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from enum import StrEnum, auto
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from core.log_context import bind_ids, request_id
from core.mail.verdicts import Verdict, verdict_of
from core.periodic import periodic
from core.texts import storable
from exports.models import Archive, FailureEmail
from exports.models.mailing import Mailing
from tasks.queue.client import QueueUnavailableError, function_enqueue, queue_probe
from tasks.services.context import bind_task
from tasks.services.counters import count_later, counted
from tasks.services.payloads import task_publish
from tasks.services.recovery import work_horse_killed

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Mailing)

LEASE = timedelta(minutes=10)
"""How long an email belongs to the worker that claimed it."""

RETRY_DELAYS = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 480, 480)]
"""The delays between the attempts: about a day in all."""

RECIPIENT_REFUSED = "refused"
MESSAGE_REFUSED = "message-refused"
NO_ADDRESS = "no-address"
ACCOUNT_CLOSED = "account-closed"
"""`mail_error` of an email that is not retried."""
SITE_REFUSED = "site-refused"
"""`mail_error` while the mail server accepts no email from this site; else it is the last error's text."""

REFUSALS = {Verdict.RECIPIENT_REFUSED: RECIPIENT_REFUSED, Verdict.MESSAGE_REFUSED: MESSAGE_REFUSED}


class Outcome(StrEnum):
    """What became of an attempt to send an email."""

    SENT = auto()
    PUT_OFF = auto()
    REFUSED = auto()
    GIVEN_UP = auto()
    NO_ADDRESS = auto()
    CALLED_OFF = auto()


def email_enqueue(email: Mailing) -> None:
    """Queue an email, unless it is in the queue already. Raises QueueUnavailableError."""
    function_enqueue(email.mail_function, email.task_id, job_id=email.mail_job_id)


def email_enqueue_on_commit(email: Mailing) -> None:
    """Queue an email after the transaction; without a queue server `emails_reconcile` does it later."""
    transaction.on_commit(partial(_enqueue_if_possible, email, request_id() or email.task.request_id))


def _enqueue_if_possible(email: Mailing, request: str) -> None:
    with bind_ids(request=request, task=str(email.task_id)):
        try:
            queue_probe()  # a page waits, and an unavailable queue server may be why an export failed
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


def email_deliver(rows: "QuerySet[M]", send: Callable[[M], tuple[EmailMessage, dict[str, Any]]]) -> None:
    """Have `send` send the email among `rows`, one row at most, if it is due; no other worker does during the lease.

    `send` returns the message and further changes of the row. If a worker dies between sending and saving, another
    sends the email again: it is never lost, and the same `Message-ID` shows that it is the same email.
    """
    now = timezone.now()
    claimed = rows.filter(mail_due_at__lte=now).update(mail_due_at=now + LEASE, mail_attempts=F("mail_attempts") + 1)
    email = rows.select_related("task__user").first() if claimed else None
    if email:
        with bind_task(email.task):
            _deliver(email, send)


def _deliver(email: M, send: Callable[[M], tuple[EmailMessage, dict[str, Any]]]) -> None:
    """Send the email and save the outcome. A failure is logged, and retried if that can help."""
    user = email.task.member
    if not email.is_still_wanted():
        _update(email, mail_due_at=None)
        return
    if not user.is_active or not user.email:
        outcome, error = (Outcome.NO_ADDRESS, NO_ADDRESS) if user.is_active else (Outcome.CALLED_OFF, ACCOUNT_CLOSED)
        _settle(email, outcome, mail_due_at=None, mail_error=error)
        return
    try:
        message, changes = send(email)
    except JobTimeoutException as error:
        _settle(email, *mail_failed(email, error))
        raise
    except Exception as error:  # whatever a mail backend raises: the log has it all
        logger.exception("Task %s: its email could not be sent (attempt %s)", email.task_id, email.mail_attempts)
        _settle(email, *mail_failed(email, error))
    else:
        _settle(email, Outcome.SENT, **mail_sent(message), **changes)
        logger.info("Task %s: its email is sent (attempt %s)", email.task_id, email.mail_attempts)


def _settle(email: Mailing, outcome: Outcome, changes: dict[str, Any] | None = None, **more: Any) -> None:
    with transaction.atomic():
        _update(email, **(changes or {}), **more)
        count_later(counted("mails", outcome))
        if email.is_shown:
            task_publish(email.task)


def _update(email: Mailing, **changes: Any) -> None:
    type(email)._default_manager.filter(pk=email.pk).update(**changes)


def mail_failed(email: Mailing, error: Exception) -> tuple[Outcome, dict[str, Any]]:
    """Return the outcome of a failed attempt, and the changes of the row."""
    verdict, answer = verdict_of(error), storable(str(error))
    if refusal := REFUSALS.get(verdict):
        return Outcome.REFUSED, {"mail_due_at": None, "mail_error": refusal, "mail_answer": answer}
    reason = SITE_REFUSED if verdict is Verdict.SITE_REFUSED else answer or type(error).__name__
    changes: dict[str, Any] = {"mail_error": reason, "mail_answer": answer}
    if email.mail_attempts > len(RETRY_DELAYS) or not email.is_still_wanted():
        return Outcome.GIVEN_UP, {"mail_due_at": None, **changes}
    return Outcome.PUT_OFF, {"mail_due_at": timezone.now() + RETRY_DELAYS[email.mail_attempts - 1], **changes}


def mail_sent(message: EmailMessage | None = None) -> dict[str, Any]:
    """Return the changes of the row once `message` is sent; without one, those that start it over."""
    status = getattr(message, "anymail_status", None)
    mail_id = str(status.message_id or "") if status else ""  # a mail server gives none
    return {"mail_due_at": None, "mail_error": "", "mail_answer": "", "mail_event": "", "mail_id": mail_id}
