"""What the emails about exports have in common: one worker sends each, retries for a day, and stops at a refusal."""

import logging
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum, auto
from typing import Any, TypeVar

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from core.mail.verdicts import Verdict, verdict_of
from core.texts import storable
from exports.models.mailing import Mailing
from tasks.services.counters import count_later, counted
from tasks.services.payloads import task_publish

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


def email_claim(rows: "QuerySet[M]") -> M | None:
    """Return the email among `rows`, one row at most, if it is due; no other worker sends it during the lease."""
    now = timezone.now()
    claimed = rows.filter(mail_due_at__lte=now).update(mail_due_at=now + LEASE, mail_attempts=F("mail_attempts") + 1)
    return rows.select_related("task__user").first() if claimed else None


def email_deliver(email: Mailing, send: Callable[[], tuple[EmailMessage, dict[str, Any]]]) -> None:
    """Have `send` send the email, and save the outcome. A failure is logged, and retried if that can help.

    `send` returns the message and further changes of the row. If a worker dies between sending and saving, another
    sends the email again: it is never lost, and the same `Message-ID` shows that it is the same email.
    """
    user = email.task.member
    if not user.is_active or not user.email:
        outcome, error = (Outcome.NO_ADDRESS, NO_ADDRESS) if user.is_active else (Outcome.CALLED_OFF, ACCOUNT_CLOSED)
        _settle(email, outcome, mail_due_at=None, mail_error=error)
        return
    try:
        message, changes = send()
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
        type(email)._default_manager.filter(pk=email.pk).update(**(changes or {}), **more)
        count_later(counted("mails", outcome))
        if email.is_shown:
            task_publish(email.task)


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
    """Return the changes of the row once `message` is sent; without one, those that begin anew."""
    status = getattr(message, "anymail_status", None)
    mail_id = str(status.message_id or "") if status else ""  # a mail server gives none
    return {"mail_due_at": None, "mail_error": "", "mail_answer": "", "mail_event": "", "mail_id": mail_id}
