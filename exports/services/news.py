"""What the member is told of a task: the payload of its `task_progress` notification."""

from functools import cache
from typing import Any

from django.db import transaction

from accounts.models import User
from exports.models import Archive, Task, TaskStatus
from exports.models.failure import failure_text
from exports.services.kinds import KINDS
from exports.services.queue import QueueUnavailableError
from exports.services.restarts import restart_text, task_restart_reason
from exports.services.waiting import task_remaining_seconds, task_wait
from exports.services.workers import workers_alive
from notifications.models import Notification
from notifications.services import notification_withdraw, notify

TASK_PROGRESS = "task_progress"


def task_publish(task: Task) -> None:
    """Make the task's present state the member's latest word of it; call it in the transition's transaction."""
    notify(user_id=task.user_id, name=TASK_PROGRESS, key=str(task.pk), data=task_news(task))


def places_publish(*, user: User) -> None:
    """Tell the member anew of their queued tasks whose wait has changed since they were told of it.

    What can change is their place, and whether there is any worker at all: the queue server is asked for that once at
    most, since a silent one costs seconds.
    """
    nobody_works = cache(_nobody_works)
    for task in Task.objects.filter(user=user, status=TaskStatus.QUEUED):
        wait = task_wait(task)
        told = Notification.objects.filter(user=user, name=TASK_PROGRESS, key=str(task.pk)).first()
        if wait is None or told is None:
            continue
        is_stalled = not wait.running and nobody_works()
        if (told.data.get("ahead"), told.data.get("is_stalled", False)) != (wait.ahead, is_stalled):
            _publish_if_queued(task, is_stalled=is_stalled)


def _nobody_works() -> bool:
    """Return whether no worker is alive; a queue server that does not answer tells nothing."""
    try:
        return workers_alive() == 0
    except QueueUnavailableError:
        return False


def _publish_if_queued(task: Task, *, is_stalled: bool) -> None:
    """Publish under a lock of the row: a worker that claims the task now has the last word, not we."""
    with transaction.atomic():
        locked = Task.objects.select_for_update().filter(pk=task.pk, status=TaskStatus.QUEUED).first()
        if locked:
            data = task_news(locked) | {"is_stalled": is_stalled}
            notify(user_id=task.user_id, name=TASK_PROGRESS, key=str(task.pk), data=data)


def task_withdraw(task: Task) -> None:
    """Take the task's alert off the member's pages."""
    notification_withdraw(user_id=task.user_id, name=TASK_PROGRESS, key=str(task.pk))


def task_news(task: Task) -> dict[str, Any]:
    """Return the payload: JSON types only, and at least `task_id`, `progress` and `status`."""
    archive = Archive.objects.filter(task=task).first() if task.status == TaskStatus.SUCCEEDED else None
    wait = task_wait(task)
    return {
        "task_id": str(task.pk),
        "name": task.name,
        "description": task.description,
        "status": task.status,
        "progress": task.progress,
        "done": task.done,
        "total": task.total,
        "remaining_seconds": task_remaining_seconds(task),
        "attempt": task.attempt,
        "restart_reason": task_restart_reason(task),
        "ahead": wait and wait.ahead,
        "wait_seconds": wait and wait.seconds,
        "is_stalled": False,
        "created_at": task.created_at.isoformat(),
        "queued_at": task.queued_at.isoformat(),
        "due_at": task.due_at and task.due_at.isoformat(),
        "error": task.error,
        "error_code": task.error_code,
        "error_params": task.error_params,
        "archive": archive and archive_news(archive),
    }


def task_news_in_words(news: dict[str, Any]) -> dict[str, Any]:
    """Return the payload with its texts in the reader's language; what only another release knows stays as stored."""
    kind = KINDS.get(news.get("name", ""))
    attempt = news.get("attempt", 0) + (news.get("status") == TaskStatus.QUEUED)  # a queued one's next
    error = failure_text(news.get("error_code", ""), news.get("error_params"))
    return {
        **news,
        "description": str(kind.description) if kind else news.get("description", ""),
        "label": str(kind.label or kind.description) if kind else news.get("description", ""),
        "created_at": news.get("created_at") or news.get("queued_at"),
        "restart": restart_text(news.get("restart_reason", ""), attempt=attempt),
        "error": error or news.get("error", ""),
    }


def archive_news(archive: Archive) -> dict[str, Any]:
    """Return what the alert of a finished export says of its file and its mail."""
    return {
        "posts": archive.posts,
        "item_counts": archive.item_counts,
        "size": archive.size,
        "mailed_to": archive.mailed_to,
        "mail_pending": archive.mail_pending,
        "mail_error": archive.mail_error,
        "mail_event": archive.mail_event,
    }
