"""The alerts of tasks on every page, and what a poll without anything new does for them.

`notifications` imports this when the apps are ready.
"""

from typing import Any

from django.db import connection
from django.dispatch import receiver

from accounts.models import User
from notifications.alerts import KINDS, AlertKind, Headline
from notifications.services import quiet_poll
from tasks.job import OUTCOMES, Job
from tasks.models import Task, TaskStatus
from tasks.models.task import ACTIVE
from tasks.registry import JOBS
from tasks.services.payloads import TASK_PROGRESS, localized_payload, queue_places_publish
from tasks.services.recovery import tasks_reconcile

# By hand, for the poll's figure in `make bench`: the ORM takes ten times as long to make the query as SQLite to run it.
QUERY = f"SELECT 1 FROM {Task._meta.db_table} WHERE user_id = %s AND status IN (%s, %s) LIMIT 1"  # noqa: S608


def headline(payload: dict[str, Any]) -> Headline:
    """Return the task's label and its outcome so far."""
    status = TaskStatus(payload["status"])
    outcome = OUTCOMES.get(status) or JOBS.get(payload.get("name", ""), Job).success
    return Headline(str(payload["label"]), str(outcome.label), outcome.badge)


KINDS[TASK_PROGRESS] = AlertKind(
    template="tasks/_task_alert.html",
    script="tasks/task_alert.js",
    in_words=localized_payload,
    headline=headline,
)


@receiver(quiet_poll)
def look_after_own_tasks(*, user: User, **_signal: Any) -> None:
    """Recover the member's own tasks if they look stale, and publish their place in the queue if it has changed.

    Usually the member has no active task, and one query says so.
    """
    with connection.cursor() as cursor:
        cursor.execute(QUERY, [user.pk, *ACTIVE])
        has_active_task = cursor.fetchone() is not None
    if has_active_task:
        tasks_reconcile(Task.objects.active().filter(user=user))
        queue_places_publish(user=user)
