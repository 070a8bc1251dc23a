"""Figures about emails and files of exports, for the admin's home, the checks and the metrics."""

from datetime import timedelta

from django.db.models import Count, Q, Sum
from django.utils import timezone

from exports.delivery.sending import ACCOUNT_CLOSED, NO_ADDRESS, RECIPIENT_REFUSED, SITE_REFUSED
from exports.models import Archive, FailureEmail
from exports.models.mailing import MailEvent

SAMPLE_AGE = timedelta(days=7)

OVERDUE_AFTER = timedelta(minutes=2)
"""A worker sends an email within seconds of its time; after this long, none does."""


def email_counts() -> dict[str, int]:
    """Return the numbers of emails about exports that are pending, and of those of SAMPLE_AGE that never arrived.

    `waiting`: pending; among them `failing`, whose last attempt failed, `site_refused`, which the mail server refuses
    because of the site, and `overdue`, whose time was OVERDUE_AFTER ago. `given_up`: no longer retried, though the
    address may be right. `returned`: the address was refused, or the email came back.
    """
    now = timezone.now()
    recent = now - SAMPLE_AGE
    waiting, failed = Q(mail_due_at__isnull=False), ~Q(mail_error="")
    returned = Q(mail_error=RECIPIENT_REFUSED) | Q(mail_event__in=(MailEvent.BOUNCED, MailEvent.REJECTED))
    given_up = failed & ~Q(mail_error__in=(RECIPIENT_REFUSED, NO_ADDRESS, ACCOUNT_CLOSED))
    figures = {
        "waiting": Count("pk", filter=waiting),
        "failing": Count("pk", filter=waiting & failed),
        "site_refused": Count("pk", filter=waiting & Q(mail_error=SITE_REFUSED)),
        "overdue": Count("pk", filter=Q(mail_due_at__lte=now - OVERDUE_AFTER)),
        "given_up": Count("pk", filter=~waiting & given_up),
        "returned": Count("pk", filter=~waiting & returned),
    }
    archives = Archive.objects.kept().filter(waiting | Q(created_at__gte=recent)).aggregate(**figures)
    failures = FailureEmail.objects.filter(waiting | Q(task__ended_at__gte=recent)).aggregate(**figures)
    return {name: archives[name] + failures[name] for name in figures}


def kept_files() -> dict[str, int]:
    """Return the number of the files that are kept, and their bytes, by their rows: a bucket is not asked."""
    kept = Archive.objects.kept().aggregate(files=Count("pk"), bytes=Sum("size"))
    return {"files": kept["files"], "bytes": kept["bytes"] or 0}
