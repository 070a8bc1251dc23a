"""Start a task, once."""

import logging
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import get_language

from accounts.models import User
from core.log_context import request_id
from tasks.job import Job
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tasks.models.failure import Failure, FailureCode
from tasks.queue.client import QueueUnavailableError, task_enqueue
from tasks.registry import JOBS, task_is_known
from tasks.services.context import bind_task, task_language
from tasks.services.cooldown import next_starts
from tasks.services.history import event_record
from tasks.services.payloads import TASK_PROGRESS, task_publish, task_withdraw
from tasks.services.transitions import task_fail

logger = logging.getLogger(__name__)


class TaskAlreadyActiveError(Exception):
    """The member already has an active task of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TaskNotRetriableError(ValueError):
    """The task has neither failed nor been cancelled."""


class TaskNoLongerOfferedError(Exception):
    """The task is of a kind that this code cannot run."""


class AccountClosedError(PermissionDenied):
    """The member's account is not active: no job runs for it."""


class TaskTooSoonError(Exception):
    """The member's last success of that name was too short a time ago."""

    def __init__(self, next_at: datetime) -> None:
        super().__init__(next_at)
        self.next_at = next_at


def task_launch(
    *,
    user: User | None,
    name: str,
    params: dict[str, Any] | None = None,
    by_staff: bool = False,
    actor: User | None = None,
    repeats: Task | None = None,
) -> Task:
    """Create a task and queue it on commit; return it with the status `failed` if the queue server is unavailable.

    Its history says that `actor` asked for it, and which earlier task it `repeats`.

    `user` is None for a SystemJob. Raises AccountClosedError if the member's account isn't active,
    TaskAlreadyActiveError if the member already has an active task of that name (the database says so), and
    TaskTooSoonError if the job's cooldown isn't over; staff don't have to wait for it.
    """
    job = JOBS[name]
    if job.is_for_members != bool(user):
        raise ValueError(f"{name} runs {'for a member' if job.is_for_members else 'without a member'}.")
    if user and not User.objects.filter(pk=user.pk, is_active=True).exists():  # `user` may have been read long ago
        raise AccountClosedError(user.pk)
    task = _new_task(job, user, params or {}, actor=actor, repeats=repeats)
    try:
        with transaction.atomic():
            task.save(force_insert=True)
            # After the insert, which takes the member's only slot: a success that came in between is seen.
            if user and not by_staff and (next_at := next_starts(user=user, jobs=[job]).get(name)):
                raise TaskTooSoonError(next_at)
            reason = Reason.RETRIED if repeats else Reason.ASKED
            transaction.on_commit(partial(_enqueue, task))  # before the event is counted
            event_record(task, reason=reason, actor=actor, detail=str(repeats.pk) if repeats else "")
            task_publish(task)
            # The job need not wait for this, nor fail for it.
            transaction.on_commit(partial(_withdraw_earlier, task), robust=True)
    except IntegrityError as error:
        if Task.objects.active().filter(user=user, name=name).exists():
            raise TaskAlreadyActiveError(name) from error
        raise
    return task


def _new_task(
    job: type[Job], user: User | None, params: dict[str, Any], *, actor: User | None, repeats: Task | None
) -> Task:
    """Return the task, not saved yet: in the member's language, and with the address that they had when they asked."""
    queue = job.queue(user, params)
    task = Task(user=user, name=job.name, params=params, queue=queue, request_id=request_id())
    # Staff's own language and address say nothing about the member's.
    if user and user == actor:
        task.language, task.email = get_language() or "", user.email
    elif user:
        task.language, task.email = (repeats.language, repeats.email) if repeats else ("", user.email)
    with task_language(task):
        task.description = str(job.description)
    return task


def task_retry(task: Task, *, by_staff: bool = False, actor: User | None = None) -> Task:
    """Launch a failed or cancelled task again, as a new one: terminal rows never change.

    Raises TaskNotRetriableError, TaskNoLongerOfferedError, and what `task_launch` does.
    """
    if not task.can_be_retried:
        raise TaskNotRetriableError(f"Task {task.pk} is {task.status}; only a failed or cancelled task can be retried.")
    if not task_is_known(task):
        raise TaskNoLongerOfferedError(task.pk)
    return task_launch(user=task.user, name=task.name, params=task.params, by_staff=by_staff, actor=actor, repeats=task)


def _enqueue(task: Task) -> None:
    """Queue the committed task, or fail it at once, so that it does not keep the member from starting another."""
    with bind_task(task):
        try:
            task_enqueue(task)
            logger.info("Task %s: %s is queued for member %s", task.pk, task.name, task.user_id)
        except QueueUnavailableError:
            logger.exception("Task %s could not be queued", task.pk)
            rows = Task.objects.filter(pk=task.pk, status=TaskStatus.QUEUED)
            failure = Failure(FailureCode.QUEUE_UNAVAILABLE)
            if task_fail(rows, task, failure=failure, reason=Reason.QUEUE_UNAVAILABLE):
                task.refresh_from_db()


def _withdraw_earlier(task: Task) -> None:
    """Clear the alerts of the member's earlier tasks of this name: the new one has its own."""
    if not task.user:
        return
    earlier = Task.objects.filter(user=task.user_id, name=task.name).exclude(pk=task.pk)
    shown = task.user.notifications.filter(name=TASK_PROGRESS, dismissed=False).values_list("key", flat=True)
    for other in earlier.filter(pk__in=[key for key in shown if key]):
        task_withdraw(other)
