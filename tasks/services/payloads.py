"""What the member sees of a task: the payload of its `task_progress` notification."""

from functools import cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from notifications.models import Notification
from notifications.services import notification_withdraw, notify
from tasks.job import Job
from tasks.models import Task, TaskStatus
from tasks.models.pause import queue_is_paused
from tasks.queue.client import QueueUnavailableError
from tasks.queue.workers import workers_alive
from tasks.registry import JOBS
from tasks.services.estimates import task_remaining_seconds, task_wait
from tasks.services.history import restart_text, task_restart_reason

TASK_PROGRESS = "task_progress"


def task_publish(task: Task) -> None:
    """Make the task's present state the member's latest notification of it; call it in the transition's transaction."""
    if task.user_id:
        notify(user_id=task.user_id, name=TASK_PROGRESS, key=str(task.pk), data=task_payload(task))


def queue_places_publish(*, user: User) -> None:
    """Publish the member's queued tasks whose wait has changed since their last notification.

    What can change is their place, whether staff have paused their queue, and whether any worker is available: the
    queue server is asked for that once at most, since one that hangs costs seconds.
    """
    no_worker_alive = cache(_no_worker_alive)
    for task in Task.objects.filter(user=user, status=TaskStatus.QUEUED):
        wait, is_paused = task_wait(task), queue_is_paused(task.queue)
        latest = Notification.objects.filter(user=user, name=TASK_PROGRESS, key=str(task.pk)).first()
        if wait is None or latest is None:
            continue
        is_stalled = not is_paused and not wait.running and no_worker_alive()
        data = latest.data
        known = (data.get("ahead"), data.get("is_stalled", False), data.get("is_paused", False))
        if known != (wait.ahead, is_stalled, is_paused):
            _publish_if_queued(task, user, is_stalled=is_stalled)


def _no_worker_alive() -> bool:
    """Return whether no worker is alive; False if the queue server is unavailable."""
    try:
        return workers_alive() == 0
    except QueueUnavailableError:
        return False


def _publish_if_queued(task: Task, user: User, *, is_stalled: bool) -> None:
    """Publish under a lock of the row, so that the notification of a worker that claims the task now comes last."""
    with transaction.atomic():
        locked = Task.objects.select_for_update().filter(pk=task.pk, status=TaskStatus.QUEUED).first()
        if locked:
            data = task_payload(locked) | {"is_stalled": is_stalled}
            notify(user_id=user.pk, name=TASK_PROGRESS, key=str(task.pk), data=data)


def task_withdraw(task: Task) -> None:
    """Take the task's alert off the member's pages."""
    if task.user_id:
        notification_withdraw(user_id=task.user_id, name=TASK_PROGRESS, key=str(task.pk))


def task_payload(task: Task) -> dict[str, Any]:
    """Return the payload: JSON types only, and at least `task_id`, `progress` and `status`."""
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
        "is_paused": wait is not None and queue_is_paused(task.queue),
        "created_at": task.created_at.isoformat(),
        "queued_at": task.queued_at.isoformat(),
        "due_at": task.run_after.isoformat() if task.run_after and task.run_after > timezone.now() else None,
        "error": task.error,
        "error_code": task.error_code,
        "error_params": task.error_params,
        "summary": task.summary,
        **JOBS.get(task.name, Job).payload(task),
    }


def localized_payload(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload with its texts in the reader's language; what only another release knows stays as stored."""
    job = JOBS.get(payload.get("name", ""))
    status = payload.get("status")
    stored = payload.get("description", "")
    label = str(job.label) if job else stored
    title = (job or Job).titles.get(status or "")
    attempt = payload.get("attempt", 0) + (status == TaskStatus.QUEUED)  # a queued one's next
    error = (job or Job).failure_text(payload.get("error_code", ""), payload.get("error_params"))
    return {
        **payload,
        "description": str(job.description) if job else stored,
        "label": label,
        "title": title % {"label": label} if title else str(job.description) if job else stored,
        "unit": str((job or Job).unit),
        "finishing": str((job or Job).finishing),
        "may_change": (job or Job).may_change(payload),
        "templates": dict((job or Job).alert_templates),
        "created_at": payload.get("created_at") or payload.get("queued_at"),
        "restart": restart_text(payload.get("restart_reason", ""), attempt=attempt),
        "error": error or payload.get("error", ""),
    }
