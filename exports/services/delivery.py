"""Mailing an archive: after it is safe, as often as it takes, and recognisably the same mail each time."""

import logging
from datetime import timedelta
from enum import StrEnum, auto
from functools import partial
from smtplib import SMTPRecipientsRefused

from anymail.exceptions import AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from accounts.preferences import member_time
from correlation import on_behalf_of, request_id
from exports.models import Archive
from exports.services.attaching import Attachment, archive_attachment
from exports.services.kinds import EXPORT_ARCHIVE
from exports.services.languages import task_language
from exports.services.news import task_publish
from exports.services.queue import QueueUnavailableError, delivery_enqueue
from exports.services.tallies import counted, tally_later
from exports.services.words import moment_in_words

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
"""How long a worker that took on a mail keeps the others from it."""

PERMANENT = 500


class Outcome(StrEnum):
    """What became of a try to send a mail."""

    SENT = auto()
    PUT_OFF = auto()
    REFUSED = auto()
    GIVEN_UP = auto()
    NO_ADDRESS = auto()


PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 480, 480)]
"""The growing pauses between the tries: about a day in all."""


def archive_deliver(archive_id: int) -> None:
    """Mail the archive to its member if that is due; a failure is logged and puts it off.

    A worker that dies between sending and noting it lets another send the mail again: never lost, and the
    same `Message-ID` shows that it is the same mail.
    """
    archive = _take(archive_id)
    if archive is None:
        return
    if not archive.user.email:
        _settle(archive, Outcome.NO_ADDRESS, mail_due_at=None, mail_error="no-address")
        return
    try:
        archive_message(archive).send()
    except JobTimeoutException as error:
        _put_off(archive, error)
        raise
    except (SMTPRecipientsRefused, AnymailRecipientsRefused) as error:
        logger.exception("Archive %s: the address was refused", archive.pk)
        if is_final(error):
            _settle(archive, Outcome.REFUSED, mail_due_at=None, mail_error="refused")
        else:
            _put_off(archive, error)
    except Exception as error:  # whatever a mail backend raises: the mail is put off, and the log has it all
        logger.exception("Archive %s could not be mailed (try %s)", archive.pk, archive.mail_attempts)
        _put_off(archive, error)
    else:
        sent = {"mailed_to": archive.user.email, "mailed_at": timezone.now()}
        _settle(archive, Outcome.SENT, **sent, mail_due_at=None, mail_error="")
        logger.info("Archive %s is mailed (try %s)", archive.pk, archive.mail_attempts)


def _take(archive_id: int) -> Archive | None:
    """Return the archive if its mail is due and nobody else is at it."""
    now = timezone.now()
    due = Archive.objects.available().filter(pk=archive_id, mail_due_at__lte=now)
    if not due.update(mail_due_at=now + LEASE, mail_attempts=F("mail_attempts") + 1):
        return None
    return Archive.objects.select_related("task", "user").get(pk=archive_id)


def _put_off(archive: Archive, error: Exception) -> None:
    is_kept = Archive.objects.available().filter(pk=archive.pk).exists()  # the member may just have deleted the file
    if archive.mail_attempts > len(PAUSES) or not is_kept:
        _settle(archive, Outcome.GIVEN_UP, mail_due_at=None, mail_error=str(error))
    else:
        pause = PAUSES[archive.mail_attempts - 1]
        _settle(archive, Outcome.PUT_OFF, mail_due_at=timezone.now() + pause, mail_error=str(error))


def is_final(error: SMTPRecipientsRefused | AnymailRecipientsRefused) -> bool:
    """Return whether no later try can help: SMTP says so by a code of 500 or more (RFC 5321, 4.2.1)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _reason in error.recipients.values())
    return True


def mail_again(archive: Archive) -> bool:
    """Have the mail sent once more; return False if it is on its way anyway, or the file is no longer kept."""
    rows = Archive.objects.available().filter(pk=archive.pk, mail_due_at__isnull=True)
    changes = {"mail_due_at": timezone.now(), "mail_attempts": 0, "mail_error": "", "mailed_to": "", "mailed_at": None}
    with transaction.atomic():
        if not rows.update(**changes):
            return False
        task_publish(archive.task)
        transaction.on_commit(partial(_queue_mail, archive))
    return True


def _queue_mail(archive: Archive) -> None:
    with on_behalf_of(request=request_id(), task=str(archive.task_id)):
        try:
            delivery_enqueue(archive)
        except QueueUnavailableError:
            logger.warning("The mail of archive %s is due; the next reconciliation queues it", archive.pk)


def _settle(archive: Archive, outcome: Outcome, **changes: object) -> None:
    with transaction.atomic():
        Archive.objects.filter(pk=archive.pk).update(**changes)
        tally_later(counted("mails", outcome))
        task_publish(archive.task)


def archive_message(archive: Archive) -> EmailMultiAlternatives:
    """Return the mail: plain and HTML, with the file or a compressed copy when that is small, else with a link."""
    attachment = archive_attachment(archive)
    with task_language(archive.task), member_time(archive.user):
        message = _written(archive, attachment)
    if attachment:
        message.attach(attachment.filename, attachment.content, attachment.content_type)
    return message


def _written(archive: Archive, attachment: Attachment | None) -> EmailMultiAlternatives:
    context = {
        "archive": archive,
        "attachment": attachment,
        "is_complete": archive.task.name == EXPORT_ARCHIVE,
        "kept_until": moment_in_words(archive.expires_at),
        "download_url": absolute("exports:download", archive.task_id),
        "exports_url": absolute("exports:list"),
        "password_url": absolute("account_change_password"),
    }
    message = EmailMultiAlternatives(
        subject=render_to_string("emails/export_ready-subject.txt", context).strip(),
        body=render_to_string("emails/export_ready-body-text.txt", context),
        to=[archive.user.email],
        headers={"Message-ID": f"<export-{archive.task_id}@{settings.SITE_HOST}>"},
    )
    message.attach_alternative(render_to_string("emails/export_ready-body-html.html", context), "text/html")
    return message


def absolute(name: str, *args: object) -> str:
    """Return the whole address of a page of the site, for a reader who is elsewhere."""
    return str(settings.SITE_URL) + reverse(name, args=args)
