"""How tasks stand in the alerts of every page, and how a poll without anything new looks after them.

Found by `notifications` when the apps are ready.
"""

from typing import Any

from django.db import connection
from django.dispatch import receiver

from accounts.models import User
from notifications import alerts
from notifications.services import quiet_poll
from tasks.job import Job
from tasks.models import Task, TaskStatus
from tasks.models.task import ACTIVE
from tasks.outcomes import BY_STATUS
from tasks.registry import JOBS
from tasks.services.payloads import TASK_PROGRESS, localized_payload, queue_places_publish
from tasks.services.recovery import tasks_reconcile

# By hand, for the poll's figure in `make bench`: the ORM takes ten times as long to make the query as SQLite to run it.
QUERY = "SELECT 1 FROM exports_task WHERE user_id = %s AND status IN (%s, %s) LIMIT 1"


def headline(payload: dict[str, Any]) -> alerts.Headline:
    """Return which task it is, and where it stands, in two words."""
    status = TaskStatus(payload["status"])
    outcome = BY_STATUS.get(status) or JOBS.get(payload.get("name", ""), Job).success
    return alerts.Headline(str(payload["label"]), str(outcome.label), outcome.badge)


alerts.register(
    TASK_PROGRESS,
    template="tasks/_task_alert.html",
    script="tasks/task_alert.js",
    in_words=localized_payload,
    headline=headline,
)


@receiver(quiet_poll)
def look_after_own_tasks(*, user: User, **_signal: Any) -> None:
    """Recover the member's own tasks if they look stale, and publish their place in the queue if it has changed.

    Their open page is enough to notice; usually there is nothing, and one query says so.
    """
    if _has_active_task(user.pk):
        tasks_reconcile(Task.objects.active().filter(user=user))
        queue_places_publish(user=user)


def _has_active_task(user_id: int) -> bool:
    """Return whether one of the member's tasks is not over."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY, [user_id, *ACTIVE])
        return cursor.fetchone() is not None
