"""How tasks stand in the alerts of every page, and how a poll without anything new looks after them.

Found by `notifications` when the apps are ready.
"""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from notifications import alerts
from notifications.services import quiet_poll
from tasks.job import Job
from tasks.models import Task, TaskStatus
from tasks.outcomes import BY_STATUS
from tasks.registry import JOBS
from tasks.services.activity import has_active_task
from tasks.services.payloads import TASK_PROGRESS, localized_payload, queue_places_publish
from tasks.services.recovery import tasks_reconcile


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
    if has_active_task(user_id=user.pk):
        tasks_reconcile(Task.objects.active().filter(user=user))
        queue_places_publish(user=user)
