"""Tasks that were over long ago: their rows go, with those of their archives and notifications."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.batches import delete_in_batches
from exports.models import Archive, Task
from exports.models.task import ACTIVE, TaskQuerySet
from exports.services.news import TASK_PROGRESS
from notifications.models import Notification


def tasks_forgettable() -> TaskQuerySet:
    """Return the tasks that were over EXPORT_TASK_RETENTION_DAYS ago, and of which nothing is left to do or to keep.

    A task whose archive still has its file, or its mail before it, stays. So does one that a longer EXPORT_COOLDOWN
    still counts.
    """
    kept_for = max(timedelta(days=settings.EXPORT_TASK_RETENTION_DAYS), timedelta(seconds=settings.EXPORT_COOLDOWN))
    needed = Archive.objects.filter(task=OuterRef("pk")).filter(~Q(file="") | Q(mail_due_at__isnull=False))
    return Task.objects.exclude(status__in=ACTIVE).filter(~Exists(needed), ended_at__lt=timezone.now() - kept_for)


def tasks_forget() -> int:
    """Delete the tasks that nobody needs any more, and all that hangs on them; return their number."""
    return delete_in_batches(tasks_forgettable(), with_each=_forget_news)


def _forget_news(pks: list[Any]) -> None:
    members = Task.objects.filter(pk__in=pks).order_by().values("user")  # the index of notifications begins with them
    Notification.objects.filter(user__in=members, name=TASK_PROGRESS, key__in=[str(pk) for pk in pks]).delete()
