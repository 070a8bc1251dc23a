"""What the mail provider reports of an email after it has accepted it: it came back, or it arrived."""

import logging
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver

from core.texts import storable
from exports.models import Archive, FailureEmail
from exports.models.mailing import MailEvent
from tasks.services.payloads import task_publish

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
    """Keep what became of an email that a worker sent; of other emails the provider reports as well."""
    known = EVENTS.get(event.event_type)
    if known is None or not event.message_id:
        return
    mail_id = storable(str(event.message_id))
    answer = storable(str(event.mta_response or event.description or ""))
    _note(Archive.objects.filter(mail_id=mail_id), known, answer)
    _note(FailureEmail.objects.filter(mail_id=mail_id), known, answer)


def _note(rows: QuerySet[Archive] | QuerySet[FailureEmail], event: MailEvent, answer: str) -> None:
    """Keep the report with the emails, and tell their members."""
    if event == MailEvent.DELIVERED:  # reports come in any order, and a bounce is the last word
        rows = rows.filter(mail_event="")
    with transaction.atomic():
        for mailing in rows.select_related("task"):
            rows.filter(pk=mailing.pk).update(mail_event=event, mail_answer=answer)
            task_publish(mailing.task)
            logger.info("Task %s: the provider reports its email (%s) as %s", mailing.task_id, mailing, event)
