"""How tasks stand in the alerts of every page, and how a poll without news looks after them.

Found by `notifications` when the apps are ready.
"""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from exports.models import Task
from exports.services.activity import has_active_task
from exports.services.headlines import task_headline
from exports.services.news import TASK_PROGRESS, places_publish, task_news_in_words
from exports.services.reconciliation import tasks_reconcile
from notifications import alerts
from notifications.signals import quiet_poll

alerts.register(
    TASK_PROGRESS,
    template="exports/_task_alert.html",
    script="exports/task_alert.js",
    in_words=task_news_in_words,
    headline=task_headline,
)


@receiver(quiet_poll)
def look_after_own_tasks(*, user: User, **_signal: Any) -> None:
    """Recover the member's own tasks if they look stale, and tell anew of their place in the queue.

    Their open page is enough to notice; usually there is nothing, and one query says so.
    """
    if has_active_task(user_id=user.pk):
        tasks_reconcile(Task.objects.active().filter(user=user))
        places_publish(user=user)
