"""Sending emails from a worker: by one worker at a time, as often as it takes, and never twice what was refused."""

from datetime import timedelta
from enum import StrEnum, auto
from typing import Any, TypeVar

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend as SMTPBackend
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from exports.models.mailing import Mailing
from exports.services.mail_errors import TooLargeError, Verdict, verdict_of

M = TypeVar("M", bound=Mailing)

LEASE = timedelta(minutes=10)
"""How long a worker that took on a mail keeps the others from it."""

PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 480, 480)]
"""The growing pauses between the tries: about a day in all."""

RECIPIENT_REFUSED = "refused"
MESSAGE_REFUSED = "message-refused"
NO_ADDRESS = "no-address"
ACCOUNT_CLOSED = "account-closed"
"""What `mail_error` says of a mail that is not tried again; else it is the last error's text."""

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
    answer = {"mail_answer": str(error)}
    if refusal := REFUSALS.get(verdict_of(error)):
        return Outcome.REFUSED, {"mail_due_at": None, "mail_error": refusal, **answer}
    if mailing.mail_attempts > len(PAUSES) or not is_wanted:
        return Outcome.GIVEN_UP, {"mail_due_at": None, "mail_error": str(error), **answer}
    due_at = timezone.now() + PAUSES[mailing.mail_attempts - 1]
    return Outcome.PUT_OFF, {"mail_due_at": due_at, "mail_error": str(error), **answer}


def mail_sent() -> dict[str, Any]:
    """Return the changes of the row of a mail that was sent."""
    return {"mail_due_at": None, "mail_error": "", "mail_answer": ""}


def mail_send(message: EmailMessage) -> None:
    """Hand the message to the mail server, unless that has announced that it is too large for it.

    Raises TooLargeError, and whatever the backend raises.
    """
    with get_connection() as connection:
        limit = _announced_size(connection)
        if limit and _size(message) > limit:
            raise TooLargeError(f"The mail server takes no message above {limit} bytes.")
        message.connection = connection
        message.send()


def _size(message: EmailMessage) -> int:
    """Return the bytes on the wire, where each line ends in two."""
    content = message.message().as_bytes()
    return len(content) + content.count(b"\n")


def _announced_size(connection: object) -> int:
    """Return the size that the SMTP server announced (RFC 1870); 0 if none, or if there is no such server."""
    smtp = connection.connection if isinstance(connection, SMTPBackend) else None
    announced = smtp.esmtp_features.get("size", "") if smtp else ""
    return int(announced) if announced.isdecimal() else 0
