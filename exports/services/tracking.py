"""What the mail provider reports of an archive's mail, after it has taken it: it came back, or it arrived."""

import logging
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.db import transaction
from django.dispatch import receiver

from exports.models import Archive
from exports.models.archive import MailEvent
from exports.services.news import task_publish

logger = logging.getLogger(__name__)

EVENTS = {
    EventType.DELIVERED: MailEvent.DELIVERED,
    EventType.BOUNCED: MailEvent.BOUNCED,
    EventType.REJECTED: MailEvent.REJECTED,
    EventType.FAILED: MailEvent.REJECTED,
    EventType.COMPLAINED: MailEvent.COMPLAINED,
}


@receiver(tracking)
def mail_event_note(*, event: AnymailTrackingEvent, **_signal: Any) -> None:
    """Keep what became of an archive's mail, and tell the member; of other mails the provider reports as well."""
    known = EVENTS.get(event.event_type)
    if known is None or not event.message_id:
        return
    rows = Archive.objects.filter(mail_id=event.message_id)
    if known == MailEvent.DELIVERED:  # reports come in any order, and a bounce is the last word
        rows = rows.filter(mail_event="")
    answer = str(event.mta_response or event.description or "")
    with transaction.atomic():
        for archive in rows.select_related("task"):
            Archive.objects.filter(pk=archive.pk).update(mail_event=known, mail_answer=answer)
            task_publish(archive.task)
            logger.info("Archive %s: the provider reports its mail as %s", archive.pk, known)
