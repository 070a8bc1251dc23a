"""Mailing an archive: after it is safe, as often as it takes, and recognisably the same mail each time."""

import logging
from functools import partial

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from rq.timeouts import JobTimeoutException

from accounts.settings.preferences import member_time
from core.humanize import moment_in_words
from core.log_context import bind_ids, request_id
from core.mail.messages import absolute, compose
from core.mail.sending import HungUpError, mail_send
from core.mail.verdicts import Verdict, verdict_of
from exports.delivery.attachments import ZIP, Attachment, archive_attachment
from exports.delivery.jobs import delivery_enqueue
from exports.delivery.sending import Outcome, hindrance_of, mail_failed, mail_sent, mail_take
from exports.models import Archive
from exports.models.mailing import LinkReason
from tasks.queue.client import QueueUnavailableError
from tasks.services.counters import count_later, counted
from tasks.services.languages import task_language
from tasks.services.payloads import task_publish

logger = logging.getLogger(__name__)


def archive_deliver(archive_id: int) -> None:
    """Mail the archive to its member if that is due; a failure is logged, and puts it off if that can help.

    A worker that dies between sending and noting it lets another send the mail again: never lost, and the
    same `Message-ID` shows that it is the same mail.
    """
    if not mail_take(Archive.objects.available().filter(pk=archive_id)):
        return
    archive = Archive.objects.select_related("task", "user").get(pk=archive_id)
    if hindrance := hindrance_of(archive.user):
        _settle(archive, hindrance[0], mail_due_at=None, mail_error=hindrance[1])
        return
    try:
        _tell_old_address(archive)
        message = _send(archive)
    except JobTimeoutException as error:
        _settle_failed(archive, error)
        raise
    except Exception as error:  # whatever a mail backend raises: the log has it all
        logger.exception("Archive %s could not be mailed (try %s)", archive.pk, archive.mail_attempts)
        _settle_failed(archive, error)
    else:
        _settle(archive, Outcome.SENT, mailed_to=archive.user.email, mailed_at=timezone.now(), **mail_sent(message))
        logger.info("Archive %s is mailed (try %s)", archive.pk, archive.mail_attempts)


def _send(archive: Archive) -> EmailMultiAlternatives:
    """Send the email; if the file stands in its way, at once without, and never with it again."""
    message = archive_message(archive)
    try:
        mail_send(message)
    except Exception as error:
        reason = _why_not_with_file(archive, error) if message.attachments else None
        if not reason:
            raise
        logger.warning("Archive %s: the email fails with the file, and is sent without", archive.pk, exc_info=True)
        _link_only(archive, reason)
        message = archive_message(archive)
        mail_send(message)
    return message


def _why_not_with_file(archive: Archive, error: Exception) -> LinkReason | None:
    """Return why the email, which failed with its file, is not to be sent with it again; None if it may be.

    Some servers refuse a large email by hanging up, as a lost connection does: the second time counts.
    """
    if isinstance(error, HungUpError):
        Archive.objects.filter(pk=archive.pk).update(mail_hang_ups=F("mail_hang_ups") + 1)
        return LinkReason.CUT_OFF if archive.mail_hang_ups else None
    return LinkReason.REFUSED if verdict_of(error) is Verdict.MESSAGE_REFUSED else None


def _link_only(archive: Archive, reason: LinkReason) -> None:
    """Note, before it is sent, that the file is not to be attached."""
    archive.mail_link_reason = reason
    Archive.objects.filter(pk=archive.pk).update(mail_link_reason=reason)


def _tell_old_address(archive: Archive) -> None:
    """If the member's address is no longer that with which they asked: a link only, and a word to the old one, once.

    Raises what the backend raises when that may pass: first the old address is told.
    """
    if not has_moved(archive) or archive.mail_link_reason == LinkReason.ADDRESS_CHANGED:
        return
    try:
        mail_send(_address_changed_message(archive))
    except Exception as error:
        if verdict_of(error) in {Verdict.RETRY, Verdict.SITE_REFUSED}:
            raise
        logger.warning("Archive %s: the address with which it was asked for takes no mail", archive.pk, exc_info=True)
    _link_only(archive, LinkReason.ADDRESS_CHANGED)


def has_moved(archive: Archive) -> bool:
    """Return whether the member asked for the export with another address than they have now."""
    asked_with = archive.task.email  # earlier releases did not note it
    return bool(asked_with) and asked_with.lower() != archive.user.email.lower()


def mail_again(archive: Archive) -> bool:
    """Have the mail sent once more, as a new one; return False if it is on its way, or may not be sent."""
    rows = Archive.objects.available().of_open_accounts().filter(pk=archive.pk, mail_due_at__isnull=True)
    changes = {**mail_sent(), "mail_due_at": timezone.now(), "mail_attempts": 0, "mailed_to": "", "mailed_at": None}
    with transaction.atomic():
        if not rows.update(**changes, mail_repeats=F("mail_repeats") + 1):
            return False
        task_publish(archive.task)
        transaction.on_commit(partial(_queue_mail, archive))
    return True


def _queue_mail(archive: Archive) -> None:
    with bind_ids(request=request_id(), task=str(archive.task_id)):
        try:
            delivery_enqueue(archive)
        except QueueUnavailableError:
            logger.warning("The mail of archive %s is due; the next reconciliation queues it", archive.pk)


def _settle_failed(archive: Archive, error: Exception) -> None:
    is_kept = Archive.objects.available().filter(pk=archive.pk).exists()  # the member may just have deleted the file
    outcome, changes = mail_failed(archive, error, is_wanted=is_kept)
    _settle(archive, outcome, **changes)


def _settle(archive: Archive, outcome: Outcome, **changes: object) -> None:
    with transaction.atomic():
        Archive.objects.filter(pk=archive.pk).update(**changes)
        count_later(counted("mails", outcome))
        task_publish(archive.task)


def archive_message(archive: Archive) -> EmailMultiAlternatives:
    """Return the mail: with the file or a compressed copy when that is small, and may be attached, else with a link."""
    reason = LinkReason.ADDRESS_CHANGED if has_moved(archive) else archive.mail_link_reason
    attachment = None if reason else archive_attachment(archive)
    with task_language(archive.task), member_time(archive.user):
        message = _written(archive, attachment, reason)
    if attachment:
        message.attach(attachment.filename, attachment.content, attachment.content_type)
    return message


def _written(archive: Archive, attachment: Attachment | None, link_reason: str) -> EmailMultiAlternatives:
    context = {
        "archive": archive,
        "attachment": attachment,
        "link_reason": link_reason,
        "is_complete": archive.content_type == ZIP,
        "kept_until": moment_in_words(archive.expires_at),
        "download_url": absolute("exports:download", archive.task_id),
        "exports_url": absolute("exports:list"),
        "password_url": absolute("account_change_password"),
    }
    return compose("export_ready", context, to=archive.user.email, message_id=message_id(archive))


def message_id(archive: Archive) -> str:
    """Return what tells the mail from others: the same at each try, another when the member wants it once more.

    Mail systems drop a second message with the `Message-ID` of the first.
    """
    repeats = f"-{archive.mail_repeats}" if archive.mail_repeats else ""
    return f"export-{archive.task_id}{repeats}"


def _address_changed_message(archive: Archive) -> EmailMultiAlternatives:
    with task_language(archive.task), member_time(archive.user):
        context = {
            "username": archive.user.username,
            "asked_at": moment_in_words(archive.task.created_at),
            "password_url": absolute("account_reset_password"),
        }
        identity = f"{message_id(archive)}-address"
        return compose("address_changed", context, to=archive.task.email, message_id=identity)
