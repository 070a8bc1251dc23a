"""Reports of the mail provider about emails that it accepted: Anymail's webhook, only if secured, and its signal."""

import logging
from collections.abc import Mapping
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from anymail.urls import urlpatterns as provider_urls
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.urls import URLPattern, path

from core.requests.bounds import takes_up_to
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

SIGNING_KEYS = {
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailtrap": "MAILTRAP_TRACKING_SECRET",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
}
"""The settings of providers that sign their reports. All of them can use a password, WEBHOOK_SECRET, instead."""

REPORT_LIMIT = 2_500_000
"""Bytes of a request: providers send many reports at once. It is also Django's limit for a body without files."""


def tracking_urls(provider: str, anymail: Mapping[str, str]) -> list[URLPattern]:
    """Return the address for the reports of `provider` (Anymail's name), none if anyone could write them."""
    is_secured = bool(anymail.get("WEBHOOK_SECRET") or anymail.get(SIGNING_KEYS.get(provider, "")))
    names = {f"{provider}_tracking_webhook", f"{provider}_webhook"} if provider and is_secured else set()
    views = [url.callback for url in provider_urls if url.name in names]
    return [path(f"mail/{provider}/", takes_up_to(REPORT_LIMIT)(view), name="mail_tracking") for view in views[:1]]


@receiver(tracking)
def mail_event_note(*, event: AnymailTrackingEvent, **_signal: Any) -> None:
    """Save what became of an email about an export; the provider reports on all others too."""
    known = EVENTS.get(event.event_type)
    if known is None or not event.message_id:
        return
    mail_id = storable(str(event.message_id))
    answer = storable(str(event.mta_response or event.description or ""))
    for rows in (Archive.objects.filter(mail_id=mail_id), FailureEmail.objects.filter(mail_id=mail_id)):
        _note(rows, known, answer)


def _note(rows: QuerySet[Archive] | QuerySet[FailureEmail], event: MailEvent, answer: str) -> None:
    """Save the report with the emails, and show it to their members."""
    if event == MailEvent.DELIVERED:  # reports come in any order, and a bounce is the last word
        rows = rows.filter(mail_event="")
    with transaction.atomic():
        for mailing in rows.select_related("task"):
            rows.filter(pk=mailing.pk).update(mail_event=event, mail_answer=answer)
            task_publish(mailing.task)
            logger.info("Task %s: the provider reports its email (%s) as %s", mailing.task_id, mailing, event)
