"""The email of an archive: sent after the file is safe, retried, and with the same `Message-ID` each time."""

import logging
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.settings.preferences import member_time
from core.humanize import moment_in_words
from core.links import page_url
from core.mail.messages import compose
from core.mail.sending import HungUpError, mail_send
from core.mail.verdicts import Verdict, verdict_of
from exports.delivery.attachments import ZIP, archive_attachment
from exports.delivery.sending import email_deliver, email_enqueue_on_commit, mail_sent
from exports.models import Archive, Schedule
from exports.models.mailing import LinkReason
from tasks.models.task import HAS_OPEN_ACCOUNT
from tasks.services.context import task_language
from tasks.services.payloads import task_publish

logger = logging.getLogger(__name__)


def archive_deliver(archive_id: int) -> None:
    """Email the archive to its member if that is due."""
    email_deliver(Archive.objects.available().filter(pk=archive_id).select_related("user"), _send)


def _send(archive: Archive) -> tuple[EmailMultiAlternatives, dict[str, Any]]:
    """Send the email; if the server refuses the file, send a link at once, and never attach the file again."""
    _notify_old_address(archive)
    message = archive_message(archive)
    try:
        mail_send(message)
    except Exception as error:
        reason = _link_reason(archive, error) if message.attachments else None
        if not reason:
            raise
        logger.warning("Archive %s: the email fails with the file, and is sent without", archive.pk, exc_info=True)
        _link_only(archive, reason)
        message = archive_message(archive)
        mail_send(message)
    return message, {"mailed_to": archive.user.email, "mailed_at": timezone.now()}


def _link_reason(archive: Archive, error: Exception) -> LinkReason | None:
    """Return why an email that failed with its file gets a link instead; None if it doesn't.

    Some servers refuse a large email by hanging up, which a lost connection looks like: the second time counts.
    """
    if isinstance(error, HungUpError):
        Archive.objects.filter(pk=archive.pk).update(mail_hang_ups=F("mail_hang_ups") + 1)
        return LinkReason.CUT_OFF if archive.mail_hang_ups else None
    return LinkReason.REFUSED if verdict_of(error) is Verdict.MESSAGE_REFUSED else None


def _link_only(archive: Archive, reason: LinkReason) -> None:
    """Save, before the email is sent, that the file is not to be attached."""
    archive.mail_link_reason = reason
    Archive.objects.filter(pk=archive.pk).update(mail_link_reason=reason)


def _notify_old_address(archive: Archive) -> None:
    """If the member's address has changed since the request, notify the old one, once; the new one gets only a link.

    Raises what the backend raises if that may pass: the old address comes first.
    """
    if not has_moved(archive) or archive.mail_link_reason == LinkReason.ADDRESS_CHANGED:
        return
    try:
        mail_send(_address_changed_message(archive))
    except Exception as error:
        if verdict_of(error) in {Verdict.RETRY, Verdict.SITE_REFUSED}:
            raise
        logger.warning("Archive %s: the address it was requested with accepts no email", archive.pk, exc_info=True)
    _link_only(archive, LinkReason.ADDRESS_CHANGED)


def has_moved(archive: Archive) -> bool:
    """Return whether the member requested the export with another address than they have now."""
    asked_with = archive.task.email  # earlier releases did not save it
    return bool(asked_with) and asked_with.lower() != archive.user.email.lower()


def mail_again(archive: Archive) -> bool:
    """Have the email sent once more, as a new one; return False if it is on its way, or may not be sent."""
    rows = Archive.objects.available().filter(HAS_OPEN_ACCOUNT, pk=archive.pk, mail_due_at__isnull=True)
    changes = {**mail_sent(), "mail_due_at": timezone.now(), "mail_attempts": 0, "mailed_to": "", "mailed_at": None}
    with transaction.atomic():
        if not rows.update(**changes, mail_repeats=F("mail_repeats") + 1):
            return False
        task_publish(archive.task)
        email_enqueue_on_commit(archive)
    return True


def archive_message(archive: Archive) -> EmailMultiAlternatives:
    """Return the email: with the file or a compressed copy if that is small and may be attached, else with a link.

    A scheduled one always has a link: files that come by themselves would pile up in a mailbox, and open without a
    password there.
    """
    reason = LinkReason.ADDRESS_CHANGED if has_moved(archive) else archive.mail_link_reason
    attachment = None if reason or archive.is_scheduled else archive_attachment(archive)
    with task_language(archive.task), member_time(archive.user):
        context = {
            "archive": archive,
            "attachment": attachment,
            "link_reason": reason,
            "schedule": Schedule.objects.filter(user=archive.user).first() if archive.is_scheduled else None,
            "is_complete": archive.content_type == ZIP,
            "kept_until": moment_in_words(archive.expires_at),
            "download_url": page_url("exports:download", archive.task_id),
            "exports_url": page_url("exports:list"),
            "password_url": page_url("account_change_password"),
        }
        message = compose("exports/emails/ready", context, to=archive.user.email, message_id=message_id(archive))
    if attachment:
        message.attach(attachment.filename, attachment.content, attachment.content_type)
    return message


def message_id(archive: Archive) -> str:
    """Return the email's identity: the same at each attempt, another one when the member requests the email again.

    Mail systems drop a second message with the same `Message-ID`.
    """
    repeats = f"-{archive.mail_repeats}" if archive.mail_repeats else ""
    return f"export-{archive.task_id}{repeats}"


def _address_changed_message(archive: Archive) -> EmailMultiAlternatives:
    with task_language(archive.task), member_time(archive.user):
        context = {
            "username": archive.user.username,
            "asked_at": moment_in_words(archive.task.created_at),
            "password_url": page_url("account_reset_password"),
        }
        identity = f"{message_id(archive)}-address"
        return compose("exports/emails/address_changed", context, to=archive.task.email, message_id=identity)
