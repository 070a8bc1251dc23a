"""Sending emails from a worker: by one worker at a time, as often as it takes, and never twice what was refused."""

from datetime import timedelta
from enum import StrEnum, auto
from typing import Any, TypeVar

from django.core.mail import EmailMessage
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from core.mail.verdicts import Verdict, verdict_of
from core.texts import storable
from exports.models.mailing import Mailing

M = TypeVar("M", bound=Mailing)

LEASE = timedelta(minutes=10)
"""How long a worker that took on a mail keeps the others from it."""

PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 480, 480)]
"""The growing pauses between the tries: about a day in all."""

RECIPIENT_REFUSED = "refused"
MESSAGE_REFUSED = "message-refused"
NO_ADDRESS = "no-address"
ACCOUNT_CLOSED = "account-closed"
"""What `mail_error` says of an email that is not retried."""
SITE_REFUSED = "site-refused"
"""What it says while the mail server accepts none from this site; else it is the last error's text."""

REFUSALS = {Verdict.RECIPIENT_REFUSED: RECIPIENT_REFUSED, Verdict.MESSAGE_REFUSED: MESSAGE_REFUSED}


class Outcome(StrEnum):
    """What became of a try to send a mail."""

    SENT = auto()
    PUT_OFF = auto()
    REFUSED = auto()
    GIVEN_UP = auto()
    NO_ADDRESS = auto()
    CALLED_OFF = auto()


def hindrance_of(user: User) -> tuple[Outcome, str] | None:
    """Return why nothing is emailed to the member, as outcome and `mail_error`; None if it can be."""
    if not user.is_active:
        return Outcome.CALLED_OFF, ACCOUNT_CLOSED
    return None if user.email else (Outcome.NO_ADDRESS, NO_ADDRESS)


def mail_take(rows: "QuerySet[M]") -> bool:
    """Take on the mail if it is among `rows` and due, so that nobody else is at it; return False if not."""
    now = timezone.now()
    due = rows.filter(mail_due_at__lte=now)
    return bool(due.update(mail_due_at=now + LEASE, mail_attempts=F("mail_attempts") + 1))


def mail_failed(mailing: Mailing, error: Exception, *, is_wanted: bool = True) -> tuple[Outcome, dict[str, Any]]:
    """Return what an error makes of the mail, and the changes of its row; without `is_wanted` it is not tried again."""
    verdict = verdict_of(error)
    answer = {"mail_answer": storable(str(error))}
    if refusal := REFUSALS.get(verdict):
        return Outcome.REFUSED, {"mail_due_at": None, "mail_error": refusal, **answer}
    answer["mail_error"] = (
        SITE_REFUSED if verdict is Verdict.SITE_REFUSED else answer["mail_answer"] or type(error).__name__
    )
    if mailing.mail_attempts > len(PAUSES) or not is_wanted:
        return Outcome.GIVEN_UP, {"mail_due_at": None, **answer}
    return Outcome.PUT_OFF, {"mail_due_at": timezone.now() + PAUSES[mailing.mail_attempts - 1], **answer}


def mail_sent(message: EmailMessage | None = None) -> dict[str, Any]:
    """Return the changes of the row of an email that was sent: as `message`, or as nothing yet."""
    return {
        "mail_due_at": None,
        "mail_error": "",
        "mail_answer": "",
        "mail_event": "",
        "mail_id": _provider_id(message),
    }


def _provider_id(message: EmailMessage | None) -> str:
    """Return the id under which a provider took the message; empty if it went to a mail server."""
    status = getattr(message, "anymail_status", None)
    return str(status.message_id or "") if status else ""
