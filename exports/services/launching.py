"""Starting a task, once."""

import logging
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from exports.models import Task, TaskStatus
from exports.services.kinds import KINDS
from exports.services.news import TASK_PROGRESS, task_publish, task_withdraw
from exports.services.queue import QueueUnavailableError, task_enqueue
from exports.services.transitions import task_fail

logger = logging.getLogger(__name__)


class TaskAlreadyActiveError(Exception):
    """The member has an active task of that name."""


def task_launch(*, user: User, name: str, params: dict[str, Any] | None = None) -> Task:
    """Create a task and queue it on commit; the answer's status is `failed` if the queue cannot be reached.

    Raises TaskAlreadyActiveError when the member has an active task of that name: the database says so.
    """
    try:
        with transaction.atomic():
            task = Task.objects.create(
                user=user, name=name, description=str(KINDS[name].description), params=params or {}
            )
            _withdraw_earlier(task)
            task_publish(task)
            transaction.on_commit(partial(_enqueue, task))
    except IntegrityError as error:
        if Task.objects.active().filter(user=user, name=name).exists():
            raise TaskAlreadyActiveError(name) from error
        raise
    return task


def task_retry(task: Task) -> Task:
    """Launch a failed or cancelled task anew: terminal rows never change, so it is a new one.

    Raises TaskAlreadyActiveError, or ValueError when the task may not be retried.
    """
    if not task.can_be_retried:
        raise ValueError(f"Task {task.pk} is {task.status}; only a failed or cancelled task can be retried.")
    return task_launch(user=task.user, name=task.name, params=task.params)


def _withdraw_earlier(task: Task) -> None:
    """Clear the alerts of the member's earlier tasks of this name: the new one has news of its own."""
    earlier = Task.objects.filter(user=task.user_id, name=task.name).exclude(pk=task.pk)
    shown = task.user.notifications.filter(name=TASK_PROGRESS, dismissed=False).values_list("key", flat=True)
    for other in earlier.filter(pk__in=[key for key in shown if key]):
        task_withdraw(other)


def _enqueue(task: Task) -> None:
    """Queue the committed task, or fail it at once, so that it takes no slot."""
    try:
        task_enqueue(task)
    except QueueUnavailableError:
        logger.exception("Task %s could not be queued", task.pk)
        rows = Task.objects.filter(pk=task.pk, status=TaskStatus.QUEUED)
        error = _("The export service cannot be reached at the moment. Please try again in a few minutes.")
        if task_fail(rows, task, error=error):
            task.refresh_from_db()
