"""Regular work: prune tasks that ended long ago, with their history and notifications."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from core.bulk_delete import bulk_delete
from core.periodic import periodic
from notifications.models import Notification
from tasks.models import Task
from tasks.models.task import TaskQuerySet
from tasks.registry import JOBS
from tasks.services.payloads import TASK_PROGRESS


def prunable_tasks() -> TaskQuerySet:
    """Return the tasks that ended EXPORT_TASK_RETENTION_DAYS ago, unless a job uses them or a cooldown counts them."""
    cooldowns = [job.cooldown() for job in JOBS.values()]
    kept_for = max(timedelta(days=settings.EXPORT_TASK_RETENTION_DAYS), *cooldowns)
    tasks = Task.objects.ended().filter(ended_at__lt=timezone.now() - kept_for)
    conditions = [condition for job in JOBS.values() if (condition := job.in_use()) is not None]
    return tasks.filter(*(~condition for condition in conditions))


@periodic()
def prune_tasks() -> int:
    """Delete them; return their number."""
    return bulk_delete(prunable_tasks(), with_each=_delete_notifications)


def _delete_notifications(pks: list[Any]) -> None:
    members = Task.objects.filter(pk__in=pks).order_by().values("user")  # the index of notifications begins with them
    Notification.objects.filter(user__in=members, name=TASK_PROGRESS, key__in=[str(pk) for pk in pks]).delete()
